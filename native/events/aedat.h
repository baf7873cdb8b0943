// The events of iniVation's formats.
//   AEDAT 4    16 bytes, little-endian: t int64 (Unix µs), x int16, y int16, ON uint8, 3 of padding
//   AEDAT 2    8 bytes, big-endian: address uint32, t uint32 (µs, wraps)
//     DVS128, eDVS: x is 127 - bits 1-7, y bits 8-14, bit 0 is 0 for ON; bit 15 marks what is no event
//     DAVIS: x bits 12-21, y bits 22-30 from the bottom, ON bit 11; bit 31 (frames, IMU) and bit 10 (external
//     input) mark what is no event
//   libcaer    8 bytes, little-endian: bit 0 valid, ON bit 1, y bits 2-16, x bits 17-31; t int32 (31 bits,
//   µs,
//              wraps)
#pragma once

#include "events/dat.h"
#include "events/encoder.h"

namespace saccade::events {

constexpr size_t kAedat4Event = 16;
constexpr size_t kAedatWord = 8;

struct Aedat4Decoder {
  Sensor sensor;
  struct State {
    Cut<kAedat4Event> cut;
    int64_t position = 0;
    int64_t origin = 0;
  } state;

  bool Sound() const { return state.origin >= 0 && state.origin <= (int64_t{1} << 53); }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

// The events of an AEDAT 4 packet; what is around them is TypeScript's. kStamp: before the origin.
class Aedat4Encoder final : public Encoder {
 public:
  using Encoder::Encoder;
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger&, Output&) override { return Encoded::kStamp; }
};

enum class AedatKind { kDvs128, kDavis, kLibcaer };

struct AedatDecoder {
  AedatKind kind = AedatKind::kDvs128;
  Sensor sensor;
  struct State {
    Cut<kAedatWord> cut;
    int64_t position = 0;
    // In halves of a µs for libcaer, whose stamps have a bit less.
    StampClock clock;
  } state;

  bool Sound() const { return state.clock.Sound(int64_t{1} << 54); }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t t) { state.clock.Follow(kind == AedatKind::kLibcaer ? 2 * t : t); }
};

}  // namespace saccade::events
