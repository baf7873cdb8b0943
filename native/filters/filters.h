// Filters take events out of a packet, in place: what is kept moves to the front, in order. State, where
// there is some, is taken by the constructor, and one event is looked at after the other, so the result does
// not depend on where a stream is cut into packets. Events outside the sensor are kept, and stay outside:
// whoever uses them counts them. "Within us" is meant in both directions: a stamp that runs back is as near
// as one that runs on, and after a longer step back (a camera whose clock began anew) the state is too far
// away to matter.
#pragma once

#include <cstdint>
#include <vector>

#include "events/packet.h"

namespace saccade::filters {

// At most this many pixels, so that a made-up header cannot take more than 64 MiB (16 bytes per pixel); the
// largest event sensors have 0.9 million.
constexpr uint64_t kMaxPixels = 1u << 22;

struct Sensor {
  uint32_t width = 0;
  uint32_t height = 0;
  size_t pixels() const { return static_cast<size_t>(width) * height; }
};

// An event is dropped when the last one kept of its pixel, of either polarity, lies less than `us` from it.
class Refractory {
 public:
  Refractory(Sensor sensor, int64_t us);
  uint32_t Run(events::Packet& packet);  // events kept
  void Reset();

 private:
  Sensor sensor_;
  int64_t us_;
  std::vector<int64_t> last_;
};

// A pixel with more than `limit` events in one period, floor(t / period), is muted for the whole of the next.
// What is muted counts. An event of the period before the one that its pixel is in counts to the latter; one
// further back starts the pixel anew.
class HotPixels {
 public:
  HotPixels(Sensor sensor, int64_t period, uint32_t limit);
  uint32_t Run(events::Packet& packet);
  void Reset();

 private:
  struct Pixel {
    int64_t period;
    uint32_t count;
    uint32_t before;  // events in the period before
  };
  Sensor sensor_;
  int64_t period_;
  uint32_t limit_;
  std::vector<Pixel> pixels_;
};

// Given pixels are muted.
class Mask {
 public:
  explicit Mask(Sensor sensor);
  // False when the pixel is not on the sensor.
  bool Mute(uint32_t x, uint32_t y);
  uint32_t Run(events::Packet& packet);
  void Reset() {}  // the pixels stay muted

 private:
  Sensor sensor_;
  std::vector<uint8_t> muted_;
};

// An event is kept when at least `support` (1 to 8) of the eight pixels around its own fired, in either
// polarity, within `us`.
class BackgroundActivity {
 public:
  BackgroundActivity(Sensor sensor, int64_t us, int support);
  uint32_t Run(events::Packet& packet);
  void Reset();

 private:
  Sensor sensor_;
  int64_t us_;
  int support_;
  std::vector<int64_t> last_;  // with a pixel more on every side
};

// An event is kept when the last one of its pixel had the other polarity or lies `us` or more from it.
class Trail {
 public:
  Trail(Sensor sensor, int64_t us);
  uint32_t Run(events::Packet& packet);
  void Reset();

 private:
  Sensor sensor_;
  int64_t us_;
  std::vector<int64_t> last_;  // stamp * 2 + ON
};

// An event is kept when the last one of its pixel had the same polarity and lies within `us`; with
// `cut_trail`, only the first such event since the pixel's polarity changed.
class Contrast {
 public:
  Contrast(Sensor sensor, int64_t us, bool cut_trail);
  uint32_t Run(events::Packet& packet);
  void Reset();

 private:
  Sensor sensor_;
  int64_t us_;
  bool cut_trail_;
  std::vector<int64_t> last_;  // stamp * 4 + ON * 2 + kept one since the polarity changed
};

// Of n events in one period at most `budget` are kept, where n is that of the period before or, if it is
// more, what has come so far: every event counts for budget / n, and of each whole of that sum one event is
// kept, at a place drawn by the number of the period. At a sudden rise to n events up to
// budget * (1 + ln(n / budget)) are kept once. Periods are those of HotPixels.
class RateLimit {
 public:
  RateLimit(int64_t period, uint32_t budget);
  uint32_t Run(events::Packet& packet);
  void Reset();

 private:
  void Begin(int64_t period);
  void Expect(uint32_t events);
  void Draw();

  int64_t period_;
  uint32_t budget_;
  int64_t current_;        // the period that it is in
  uint32_t count_;         // events so far
  uint32_t expected_ = 0;  // events of the whole period, at least `budget`
  uint64_t step_ = 0;      // budget / expected, in 2^-32
  uint64_t sum_ = 0;       // of the steps
  uint64_t place_ = 0;     // sum at which the next event is due
  uint32_t due_ = 0;       // events whose place has come
  uint64_t random_ = 0;
};

// Events of one polarity.
uint32_t KeepPolarity(events::Packet& packet, bool on);

// OFF becomes ON and ON becomes OFF.
uint32_t SwapPolarity(events::Packet& packet);

// Events in a rectangle; `relative` to its corner or as they are.
struct Region {
  uint32_t x = 0;
  uint32_t y = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  bool relative = true;
};
uint32_t KeepRegion(events::Packet& packet, const Region& region);

// x and y exchanged, or not, and then either mirrored. Events outside the sensor go to (65535, 65535), which
// is outside of every sensor of kMaxPixels at most.
struct Orientation {
  bool transpose = false;
  bool flip_x = false;
  bool flip_y = false;
};
uint32_t Orient(events::Packet& packet, Sensor sensor, Orientation orientation);

}  // namespace saccade::filters
