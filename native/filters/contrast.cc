#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

Contrast::Contrast(Sensor sensor, int64_t us, bool cut_trail)
    : sensor_(sensor), us_(us), cut_trail_(cut_trail), last_(sensor.pixels(), 4 * kNever) {}

uint32_t Contrast::Run(events::Packet& packet) {
  int64_t* last = last_.data();
  const int64_t us = us_;
  const bool cut_trail = cut_trail_;
  return KeepIf(packet, sensor_, [=](Event event) {
    const int64_t before = last[event.pixel];
    const bool same = ((before & 2) != 0) == event.on;
    const bool kept_one = same && (before & 1) != 0;
    const bool stays = same && Near(event.t, before >> 2, us) && !(cut_trail && kept_one);
    const uint64_t flags = (event.on ? 2u : 0u) | (kept_one || stays ? 1u : 0u);
    last[event.pixel] = static_cast<int64_t>(static_cast<uint64_t>(event.t) << 2 | flags);
    return stays;
  });
}

void Contrast::Reset() {
  std::fill(last_.begin(), last_.end(), 4 * kNever);
}

}  // namespace saccade::filters
