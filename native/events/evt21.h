// EVT2.1 (Prophesee): words of 64 bits, a control half like an EVT2 word and a half that is a mask. Events
// lie at x + i for each set bit i, lowest first. In the little-endian order the mask comes first in the file,
// in the legacy order (V4L2 PSE1, IMX636) the control half. TIME_HIGH and triggers are as in EVT2.
#pragma once

#include "events/encoder.h"
#include "events/time_high.h"

namespace saccade::events {

constexpr size_t kEvt21Word = 8;

struct Evt21Decoder {
  bool legacy = false;
  Sensor sensor;
  struct State {
    Cut<kEvt21Word> cut;
    int64_t position = 0;
    HighClock clock;
    uint32_t pending = 0;  // bits of the next word's mask that the packet before had no room for; 0 = all
  } state;

  bool Sound() const { return state.clock.Sound() && state.pending == 0; }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

class Evt21Encoder final : public Encoder {
 public:
  Evt21Encoder(Sensor sensor, int64_t origin, bool legacy) : Encoder(sensor, origin), legacy_(legacy) {}
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger& trigger, Output& out) override;

 private:
  Encoded Time(int64_t t, Output& out);
  void Put(uint32_t control, uint32_t mask, Output& out) const;
  bool legacy_;
  HighWriter high_;
};

}  // namespace saccade::events
