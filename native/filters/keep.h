// The loop that filters of single events share.
#pragma once

#include "events/packet.h"
#include "filters/filters.h"

namespace saccade::filters {

// Further from every stamp (0 to 2^54) than any time that a filter is set to, and four times it still fits.
constexpr int64_t kNever = -(int64_t{1} << 60);

// True when two stamps are at most `us` apart, in either direction.
inline bool Near(int64_t a, int64_t b, int64_t us) {
  const uint64_t apart = static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
  return apart + static_cast<uint64_t>(us) <= 2 * static_cast<uint64_t>(us);
}

// One event on the sensor.
struct Event {
  uint32_t x;
  uint32_t y;
  size_t pixel;  // y * width + x
  int64_t t;
  bool on;
};

// Keeps the events that are outside the sensor or for which keep(event) is true; returns how many. Every
// event is written and the end moves on for those that are kept: what a filter decides is hard to predict,
// and a wrong guess costs more than a write.
template <class Keep>
inline uint32_t KeepIf(const events::Packet& packet, Sensor sensor, Keep keep) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < packet.length; i++) {
    const uint16_t x = packet.x[i];
    const uint16_t y = packet.y[i];
    const uint32_t t = packet.t[i];
    const uint8_t p = packet.p[i];
    const bool inside = x < sensor.width && y < sensor.height;
    const size_t pixel = static_cast<size_t>(y) * sensor.width + x;
    const bool stays = !inside || keep(Event{x, y, pixel, packet.t0 + t, p != 0});
    packet.t[kept] = t;
    packet.x[kept] = x;
    packet.y[kept] = y;
    packet.p[kept] = p;
    kept += stays;
  }
  return kept;
}

}  // namespace saccade::filters
