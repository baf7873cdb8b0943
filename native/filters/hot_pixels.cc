#include <algorithm>

#include "filters/keep.h"

namespace saccade::filters {

namespace {

// Neither a period nor the one before any: stamps are not negative.
constexpr int64_t kNoPeriod = -2;

}  // namespace

HotPixels::HotPixels(Sensor sensor, int64_t period, uint32_t limit)
    : sensor_(sensor), period_(period), limit_(limit), pixels_(sensor.pixels(), Pixel{kNoPeriod, 0, 0}) {}

uint32_t HotPixels::Run(events::Packet& packet) {
  Pixel* pixels = pixels_.data();
  const uint32_t limit = limit_;
  const int64_t period = period_;
  // The period of the last event, so that the division is done once per period and not per event.
  int64_t start = 0;
  int64_t at = 0;
  return KeepIf(packet, sensor_, [=](Event event) mutable {
    const int64_t t = event.t;
    if (static_cast<uint64_t>(t - start) >= static_cast<uint64_t>(period)) {
      at = t / period;
      start = at * period;
    }
    Pixel& pixel = pixels[event.pixel];
    if (at > pixel.period || at < pixel.period - 1) {
      pixel.before = at == pixel.period + 1 ? pixel.count : 0;
      pixel.count = 0;
      pixel.period = at;
    }
    if (pixel.count < UINT32_MAX) pixel.count++;
    return pixel.before <= limit;
  });
}

void HotPixels::Reset() {
  std::fill(pixels_.begin(), pixels_.end(), Pixel{kNoPeriod, 0, 0});
}

Mask::Mask(Sensor sensor) : sensor_(sensor), muted_(sensor.pixels(), 0) {}

bool Mask::Mute(uint32_t x, uint32_t y) {
  if (x >= sensor_.width || y >= sensor_.height) return false;
  muted_[static_cast<size_t>(y) * sensor_.width + x] = 1;
  return true;
}

uint32_t Mask::Run(events::Packet& packet) {
  const uint8_t* muted = muted_.data();
  return KeepIf(packet, sensor_, [muted](Event event) { return muted[event.pixel] == 0; });
}

}  // namespace saccade::filters
