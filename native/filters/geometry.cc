// Filters that take a part of the sensor or turn it.
#include "filters/filters.h"

namespace saccade::filters {

uint32_t KeepRegion(events::Packet& packet, const Region& region) {
  const uint32_t left = region.relative ? region.x : 0;
  const uint32_t top = region.relative ? region.y : 0;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < packet.length; i++) {
    const uint32_t x = packet.x[i];
    const uint32_t y = packet.y[i];
    // Left of the region, or above it, the difference wraps and is larger than any size.
    const bool inside = x - region.x < region.width && y - region.y < region.height;
    packet.t[kept] = packet.t[i];
    packet.x[kept] = static_cast<uint16_t>(x - left);
    packet.y[kept] = static_cast<uint16_t>(y - top);
    packet.p[kept] = packet.p[i];
    kept += inside;
  }
  return kept;
}

uint32_t Orient(events::Packet& packet, Sensor sensor, Orientation orientation) {
  const uint32_t width = orientation.transpose ? sensor.height : sensor.width;
  const uint32_t height = orientation.transpose ? sensor.width : sensor.height;
  for (uint32_t i = 0; i < packet.length; i++) {
    uint32_t x = orientation.transpose ? packet.y[i] : packet.x[i];
    uint32_t y = orientation.transpose ? packet.x[i] : packet.y[i];
    const bool inside = x < width && y < height;
    if (orientation.flip_x) x = width - 1 - x;
    if (orientation.flip_y) y = height - 1 - y;
    packet.x[i] = static_cast<uint16_t>(inside ? x : UINT16_MAX);
    packet.y[i] = static_cast<uint16_t>(inside ? y : UINT16_MAX);
  }
  return packet.length;
}

}  // namespace saccade::filters
