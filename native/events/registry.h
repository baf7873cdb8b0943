// The decoders and encoders by name: what the addon and the hostile-input tests make them by.
#pragma once

#include <memory>
#include <string>

#include "events/encoder.h"
#include "events/stream.h"

namespace saccade::events {

// `origin` (µs) is added to every stamp. Null when there is no such decoder.
std::unique_ptr<Stream> MakeDecoder(const std::string& name, Sensor sensor, int64_t origin);

// `origin` (µs) is subtracted from every stamp. Null when there is no such encoder.
std::unique_ptr<Encoder> MakeEncoder(const std::string& name, Sensor sensor, int64_t origin);

// All names, ended by a null pointer.
extern const char* const kDecoderNames[];
extern const char* const kEncoderNames[];

}  // namespace saccade::events
