#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

Trail::Trail(Sensor sensor, int64_t us) : sensor_(sensor), us_(us), last_(sensor.pixels(), 2 * kNever) {}

uint32_t Trail::Run(events::Packet& packet) {
  int64_t* last = last_.data();
  const int64_t us = us_;
  return KeepIf(packet, sensor_, [last, us](Event event) {
    const int64_t before = last[event.pixel];
    last[event.pixel] = static_cast<int64_t>(static_cast<uint64_t>(event.t) << 1 | event.on);
    return ((before & 1) != 0) != event.on || !Near(event.t, before >> 1, us - 1);
  });
}

void Trail::Reset() {
  std::fill(last_.begin(), last_.end(), 2 * kNever);
}

}  // namespace saccade::filters
