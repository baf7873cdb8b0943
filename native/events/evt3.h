// EVT3 (Prophesee): words of 16 bits, type in bits 12-15, each changing a state or giving events out of it.
//
//   0 ADDR_Y      y in bits 0-10                       6 TIME_LOW       time, bits 0-11
//   2 ADDR_X      an event at x (0-10), polarity 11    8 TIME_HIGH      time, bits 12-23
//   3 VECT_BASE_X x for vectors, polarity 11           10 EXT_TRIGGER   value bit 0, id 8-11
//   4 VECT_12     events at base + i for 12 bits       14 OTHERS        monitoring, then 15, 15, 7 as payload
//   5 VECT_8      the same for 8 bits                  7, 15            payload
//
// Time wraps every 16.8 s. A new TIME_HIGH sets the low bits to 0. Each vector word moves the base on and is
// taken by itself; a group that is cut (12, 12, 8 is whole, 8 alone too) makes the base unknown, so that what
// is left of it gives no event at a wrong place, and the words after it are read as what they are.
#pragma once

#include "events/encoder.h"
#include "events/time_high.h"

namespace saccade::events {

constexpr size_t kEvt3Word = 2;

// Follows the 12 bits of TIME_HIGH words.
struct Evt3Clock {
  int64_t epoch = 0;  // the origin, and 2^24 µs for each wrap
  uint32_t high = 0;
  uint32_t dated = 0;
  // Where the time was before a jump ahead by half the range or more, which one broken word makes.
  uint32_t before_jump = 0;
  uint32_t jumped = 0;

  int64_t period() const { return epoch + (int64_t{high} << 12); }
  bool Sound() const { return epoch >= 0 && epoch <= (int64_t{1} << 53) && high < 4096; }
  // A fall by half the range or more is a wrap, unless it takes back such a jump.
  void Set(uint32_t next, int64_t position, Report& report);
};

struct Evt3Decoder {
  Sensor sensor;
  struct State {
    Cut<kEvt3Word> cut;
    int64_t position = 0;
    Evt3Clock clock;
    uint32_t low = 0;
    uint32_t y = 0;
    uint32_t has_y = 0;
    uint32_t base = 0;  // x of the next vector
    uint32_t has_base = 0;
    uint32_t polarity = 0;  // of vectors
    uint32_t group = 0;     // VECT_12 words since the last VECT_8 or base
    uint32_t payload = 0;   // words of a payload so far, 1 more than that; 0 = none is open
    uint32_t pending = 0;   // bits of the next vector word that the packet before had no room for; 0 = all
  } state;

  bool Sound() const {
    // What a packet had no room for is no part of a place: those are kept where all bytes were used.
    return state.clock.Sound() && state.low < 4096 && state.y < 2048 && state.base < 4096 &&
           state.polarity < 2 && state.group < 3 && state.payload < 4 && state.pending == 0;
  }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

class Evt3Encoder final : public Encoder {
 public:
  using Encoder::Encoder;
  Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) override;
  Encoded Edge(const Trigger& trigger, Output& out) override;

 private:
  Encoded Time(int64_t t, Output& out);

  int64_t high_ = -1;  // the last TIME_HIGH, not wrapped
  // Periods from one TIME_HIGH of a silence to the next, 0 outside one: said once, so that the words do not
  // depend on where an output ended.
  int64_t step_ = 0;
  static constexpr uint32_t kNoLow = 4096;
  uint32_t low_ = kNoLow;
  int32_t y_ = -1;
  int32_t base_ = -1;  // where a group would lie that came next, with the polarity in bit 11
};

}  // namespace saccade::events
