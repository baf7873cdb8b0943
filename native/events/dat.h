// DAT (Prophesee) records: word 0 the low 32 bits of the stamp in µs, word 1 the pixel and its polarity, both
// little-endian. v2: x bits 0-13, y 14-27, p 28. v1: x bits 0-8, y 9-16, p 17. Files of triggers: value bits
// 0-3, id 26-31. All other bits are reserved and ignored.
#pragma once

#include "events/encoder.h"

namespace saccade::events {

constexpr size_t kDatRecord = 8;

// Follows the 32-bit stamps past their wraps. A fall of more than 2^31 is a wrap (+2^32). A rise of more than
// 2^31 after a wrap is one event from before it that came late; without this rule it would count as two wraps
// and shift all that follows.
struct StampClock {
  int64_t epoch = 0;  // multiple of 2^32 after the origin
  uint32_t last = 0;
  uint32_t started = 0;
  int64_t wraps = 0;

  int64_t Next(uint32_t raw) {
    if (started) {
      if (raw < last && last - raw > 0x80000000u) {
        epoch += int64_t{1} << 32;
        wraps++;
      } else if (raw > last && raw - last > 0x80000000u && wraps > 0) {
        epoch -= int64_t{1} << 32;
        wraps--;
      }
    }
    started = 1;
    last = raw;
    return epoch + raw;
  }
  // Of a state that comes from disk.
  bool Sound(int64_t most) const { return epoch >= 0 && epoch <= most && wraps >= 0 && wraps <= epoch >> 32; }
  // As if this stamp, not before the origin, had just been read.
  void Follow(int64_t t) {
    const int64_t past = t - epoch;
    wraps = past >> 32;
    epoch += past & ~int64_t{0xFFFFFFFF};
    last = static_cast<uint32_t>(past);
    started = 1;
  }
};

enum class DatKind { kV1, kV2, kTriggers };

struct DatDecoder {
  DatKind kind = DatKind::kV2;
  Sensor sensor;
  struct State {
    Cut<kDatRecord> cut;
    int64_t position = 0;
    StampClock clock;
  } state;

  bool Sound() const { return state.clock.Sound(int64_t{1} << 53); }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t t) { state.clock.Follow(t); }
};

// Writes v2 records. kStamp: a reader of 32-bit stamps would not get this stamp back.
class DatEncoder final : public Encoder {
 public:
  using Encoder::Encoder;
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger&, Output&) override { return Encoded::kStamp; }

 private:
  StampClock clock_;
};

}  // namespace saccade::events
