#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

namespace {

// A column left and right and a row above and below, so that no pixel is at the rim.
size_t Padded(Sensor sensor) {
  return (static_cast<size_t>(sensor.width) + 2) * (static_cast<size_t>(sensor.height) + 2);
}

}  // namespace

BackgroundActivity::BackgroundActivity(Sensor sensor, int64_t us, int support)
    : sensor_(sensor), us_(us), support_(support), last_(Padded(sensor), kNever) {}

uint32_t BackgroundActivity::Run(events::Packet& packet) {
  int64_t* last = last_.data();
  const size_t row = static_cast<size_t>(sensor_.width) + 2;
  const int64_t us = us_;
  const int support = support_;
  return KeepIf(packet, sensor_, [=](Event event) {
    int64_t* here = last + (event.y + 1) * row + event.x + 1;
    const int64_t* above = here - row;
    const int64_t* below = here + row;
    const int64_t t = event.t;
    // All eight, without a branch: the first that is near is at no place that could be guessed.
    const int near = Near(t, above[-1], us) + Near(t, above[0], us) + Near(t, above[1], us) +
                     Near(t, here[-1], us) + Near(t, here[1], us) + Near(t, below[-1], us) +
                     Near(t, below[0], us) + Near(t, below[1], us);
    *here = t;
    return near >= support;
  });
}

void BackgroundActivity::Reset() {
  std::fill(last_.begin(), last_.end(), kNever);
}

}  // namespace saccade::filters
