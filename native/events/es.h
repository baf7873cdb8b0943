// Event Stream 2.0 (.es), events of the types DVS, ATIS and colour. A record is one byte of time (µs since
// the event before) and, unless that byte is an overflow or a reset, x and y (uint16) and, in colour, r, g,
// b:
//   DVS     bits 1-7 delta (0..126), bit 0 ON          0xFF +127 µs          0xFE reset
//   ATIS    bits 2-7 delta (0..62), bit 1 ON, bit 0    0b111111nn +63·nn     0xFC reset
//           exposure measurement, no change of light
//   colour  delta (0..253)                             0xFF +254 µs          0xFE reset
// Resets are for live streams; like the format's own reader (sepia) they change nothing.
#pragma once

#include "events/encoder.h"

namespace saccade::events {

enum class EsKind { kDvs, kAtis, kColor };

constexpr size_t kEsEvent = 5;
constexpr size_t kEsColor = 8;

struct EsDecoder {
  EsKind kind = EsKind::kDvs;
  Sensor sensor;
  struct State {
    Cut<kEsColor> cut;
    int64_t position = 0;
    int64_t t = 0;
  } state;

  bool Sound() const;
  size_t Decode(const uint8_t* bytes, size_t size, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

// Writes DVS events. kStamp: it falls below the one before, which a delta cannot say.
class EsEncoder final : public Encoder {
 public:
  using Encoder::Encoder;
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger&, Output&) override { return Encoded::kStamp; }

 private:
  int64_t last_ = 0;
};

}  // namespace saccade::events
