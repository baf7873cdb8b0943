// Filters take events out of a packet, in place: what is kept moves to the front, in order. Each keeps a
// little state for every pixel of the sensor, taken by the constructor, and looks at one event after the
// other, so the result does not depend on where a stream is cut into packets. Events outside the sensor are
// kept: whoever uses them counts them.
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

// An event is dropped when the last one kept of its pixel, of either polarity, lies less than `us` from it,
// before or (stamps that run backwards) behind. After a longer step back the pixel's clock goes on from
// there.
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

 private:
  Sensor sensor_;
  std::vector<uint8_t> muted_;
};

// OFF becomes ON and ON becomes OFF.
uint32_t SwapPolarity(events::Packet& packet);

}  // namespace saccade::filters
