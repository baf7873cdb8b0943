#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

Refractory::Refractory(Sensor sensor, int64_t us)
    : sensor_(sensor), us_(us), last_(sensor.pixels(), kNever) {}

uint32_t Refractory::Run(events::Packet& packet) {
  int64_t* last = last_.data();
  const int64_t us = us_;
  return KeepIf(packet, sensor_, [last, us](Event event) {
    const bool stays = !Near(event.t, last[event.pixel], us - 1);
    if (stays) last[event.pixel] = event.t;
    return stays;
  });
}

void Refractory::Reset() {
  std::fill(last_.begin(), last_.end(), kNever);
}

}  // namespace saccade::filters
