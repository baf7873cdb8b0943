// The loop that all filters share.
#pragma once

#include "events/packet.h"
#include "filters/filters.h"

namespace saccade::filters {

// Keeps the events that are outside the sensor or for which keep(pixel, t) is true; returns how many.
template <class Keep>
inline uint32_t KeepIf(const events::Packet& packet, Sensor sensor, Keep keep) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < packet.length; i++) {
    const uint16_t x = packet.x[i];
    const uint16_t y = packet.y[i];
    const bool inside = x < sensor.width && y < sensor.height;
    if (inside && !keep(static_cast<size_t>(y) * sensor.width + x, packet.t0 + packet.t[i])) continue;
    packet.t[kept] = packet.t[i];
    packet.x[kept] = x;
    packet.y[kept] = y;
    packet.p[kept] = packet.p[i];
    kept++;
  }
  return kept;
}

}  // namespace saccade::filters
