// DAT (Prophesee) records: word 0 the low 32 bits of the stamp in µs, word 1 the pixel and its polarity, both
// little-endian. v2: x bits 0-13, y 14-27, p 28. v1: x bits 0-8, y 9-16, p 17. All other bits are reserved
// and ignored.
//
// Decoder and encoder are (state, bytes) -> (state, events) and back: the state is a small copyable record,
// so the input may be cut at any byte.
#pragma once

#include "events/packet.h"

namespace saccade::events {

constexpr size_t kDatRecord = 8;

// Follows the 32-bit stamps past their wraps. A fall of more than 2^31 is a wrap (+2^32). A rise of more than
// 2^31 after a wrap is one event from before it that came late; without this rule it would count as two wraps
// and shift all that follows.
struct StampClock {
  int64_t epoch = 0;  // multiple of 2^32
  uint32_t last = 0;
  bool started = false;

  int64_t Next(uint32_t raw) {
    if (started) {
      if (raw < last && last - raw > 0x80000000u) {
        epoch += int64_t{1} << 32;
      } else if (raw > last && raw - last > 0x80000000u && epoch > 0) {
        epoch -= int64_t{1} << 32;
      }
    }
    started = true;
    last = raw;
    return epoch + raw;
  }
};

struct DatDecoder {
  int version = 2;
  // Sensor size, 0 when the file does not say it: then every coordinate is taken.
  uint32_t width = 0;
  uint32_t height = 0;
  StampClock clock;
  uint8_t tail[kDatRecord] = {};  // bytes of a record that the end of the last chunk cut
  uint32_t tail_length = 0;
  uint64_t out_of_range = 0;  // events left out because they lie outside the sensor
};

// Appends events to the packet and returns how many of the bytes were used. Fewer than `size` means that the
// packet is full or that the next stamp lies outside [t0, t0 + 2^32): hand it on and call again with the rest
// and an empty packet.
size_t Decode(DatDecoder& decoder, const uint8_t* bytes, size_t size, Packet& packet);

struct DatEncoder {
  uint32_t width = 0;
  uint32_t height = 0;
  int64_t origin = 0;  // subtracted from every stamp, µs
  StampClock clock;
};

enum class DatError { kNone, kStamp, kCoordinate };

// Writes v2 records of the packet's events; `out` holds length * 8 bytes. Returns the index of the
// first event that could not be written (the packet's length when all were): kStamp when a reader of 32-bit
// stamps would not get this stamp back, kCoordinate when the pixel is outside the sensor.
uint32_t Encode(DatEncoder& encoder, const Packet& packet, uint8_t* out, DatError* error);

}  // namespace saccade::events
