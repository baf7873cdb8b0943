// The clocks of EVT2 and EVT2.1: a TIME_HIGH word gives bits 6 to 33 of the time, each event the low 6.
#pragma once

#include "events/stream.h"

namespace saccade::events {

constexpr uint32_t kHighMask = 0x0FFFFFFF;
constexpr int64_t kHighRange = int64_t{1} << 34;

struct HighClock {
  int64_t epoch = 0;  // the origin, and 2^34 µs for each wrap
  uint32_t high = 0;
  uint32_t dated = 0;

  // Time of the events that follow, without their low 6 bits.
  int64_t period() const { return epoch + (int64_t{high} << 6); }

  // Of a state that comes from disk.
  bool Sound() const { return epoch >= 0 && epoch <= (int64_t{1} << 53) && high <= kHighMask; }

  // A fall to within 10 ms of the full range is a wrap; any other goes back in time (as in OpenEB).
  void Set(uint32_t next, int64_t position, Report& report) {
    if (dated && next < high) {
      if ((int64_t{high - next} << 6) >= kHighRange - 10'000) {
        epoch += kHighRange;
      } else {
        report.Count(Fault::kNonMonotonicTimeHigh, position);
      }
    }
    high = next;
    dated = 1;
  }
};

// What a packet's offsets count from while its events come in periods: the first event's period. Offsets then
// cannot fall below zero inside a period, and only a new period must be looked at.
struct PacketClock {
  uint32_t offset = 0;  // of the period from the packet's t0
  bool fits = true;     // false: the packet must be handed on first

  void Set(Packet& packet, int64_t period) {
    if (packet.length == 0) packet.t0 = period;
    const int64_t from = period - packet.t0;
    // Room for the low bits of any clock.
    fits = from >= 0 && from <= 0xFFFFFFFFll - 4096;
    offset = static_cast<uint32_t>(from);
  }
};

// The same for encoders: the TIME_HIGH words before an event. Every wrap is written as a fall from the
// highest value to 0, which all readers take for one.
class HighWriter {
 public:
  // The next TIME_HIGH value that must be written before the period of `t` (µs after the origin), as `high`;
  // false when none must. `ok` is false for a time that a reader would take for another.
  bool Next(int64_t t, uint32_t* high, bool* ok) {
    const int64_t period = t >> 6;
    // Before the wrap of the last word no reader goes back; a fall by nearly all of the range is a wrap to
    // it.
    const int64_t fall = written_ - period;
    *ok = t >= 0 && (written_ < 0 ? period <= kHighMask
                                  : period >> 28 >= written_ >> 28 && fall << 6 < kHighRange - 10'000);
    if (!*ok || period == written_) return false;
    const int64_t wrap = (written_ | int64_t{kHighMask}) + 1;
    if (written_ >= 0 && period >= wrap) {
      // First the highest value before the wrap, then 0.
      written_ = written_ == wrap - 1 ? wrap : wrap - 1;
    } else {
      written_ = period;
    }
    *high = static_cast<uint32_t>(written_ & kHighMask);
    return true;
  }

 private:
  int64_t written_ = -1;
};

}  // namespace saccade::events
