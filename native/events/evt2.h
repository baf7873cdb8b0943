// EVT2 (Prophesee): words of 32 bits, type in bits 28-31. 0 and 1 are OFF and ON events: low 6 bits of the
// time in 22-27, x in 11-21, y in 0-10. 8 TIME_HIGH: time >> 6. 10 external trigger: time as in events, id in
// 8-12, value in bit 0. 13 (IMU), 14 (other) and 15 (its payload) hold no events.
#pragma once

#include "events/encoder.h"
#include "events/time_high.h"

namespace saccade::events {

constexpr size_t kEvt2Word = 4;

struct Evt2Decoder {
  Sensor sensor;
  struct State {
    Cut<kEvt2Word> cut;
    int64_t position = 0;
    HighClock clock;
  } state;

  bool Sound() const { return state.clock.Sound(); }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

class Evt2Encoder final : public Encoder {
 public:
  using Encoder::Encoder;
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger& trigger, Output& out) override;

 private:
  Encoded Time(int64_t t, Output& out);
  HighWriter high_;
};

}  // namespace saccade::events
