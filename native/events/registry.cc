// A new native decoder or encoder is one line here.
#include "events/registry.h"

#include "events/dat.h"

namespace saccade::events {

namespace {

template <size_t N, class Decoder>
std::unique_ptr<Stream> Of(const Decoder& decoder) {
  return std::make_unique<StreamOf<Decoder, N>>(decoder);
}

std::unique_ptr<Stream> Dat(DatKind kind, Sensor sensor, int64_t origin) {
  DatDecoder decoder{kind, sensor, {}};
  decoder.state.clock.epoch = origin;
  return Of<kDatRecord>(decoder);
}

}  // namespace

const char* const kDecoderNames[] = {"dat1", "dat2", "dat-triggers", nullptr};
const char* const kEncoderNames[] = {"dat2", nullptr};

std::unique_ptr<Stream> MakeDecoder(const std::string& name, Sensor sensor, int64_t origin) {
  if (name == "dat1") return Dat(DatKind::kV1, sensor, origin);
  if (name == "dat2") return Dat(DatKind::kV2, sensor, origin);
  if (name == "dat-triggers") return Dat(DatKind::kTriggers, sensor, origin);
  return nullptr;
}

std::unique_ptr<Encoder> MakeEncoder(const std::string& name, Sensor sensor, int64_t origin) {
  if (name == "dat2") return std::make_unique<DatEncoder>(sensor, origin);
  return nullptr;
}

}  // namespace saccade::events
