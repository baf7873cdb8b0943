#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

namespace {

// Further from every stamp (0 to 2^53) than any refractory time is long.
constexpr int64_t kNever = -(int64_t{1} << 62);

}  // namespace

Refractory::Refractory(Sensor sensor, int64_t us)
    : sensor_(sensor), us_(us), last_(sensor.pixels(), kNever) {}

uint32_t Refractory::Run(events::Packet& packet) {
  int64_t* last = last_.data();
  const uint64_t us = static_cast<uint64_t>(us_);
  return KeepIf(packet, sensor_, [last, us](size_t pixel, int64_t t) {
    const uint64_t later = static_cast<uint64_t>(std::max(t, last[pixel]));
    const uint64_t earlier = static_cast<uint64_t>(std::min(t, last[pixel]));
    if (later - earlier < us) return false;
    last[pixel] = t;
    return true;
  });
}

void Refractory::Reset() {
  std::fill(last_.begin(), last_.end(), kNever);
}

}  // namespace saccade::filters
