#include "filters/filters.h"

namespace saccade::filters {

uint32_t KeepPolarity(events::Packet& packet, bool on) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < packet.length; i++) {
    const uint8_t p = packet.p[i];
    packet.t[kept] = packet.t[i];
    packet.x[kept] = packet.x[i];
    packet.y[kept] = packet.y[i];
    packet.p[kept] = p;
    kept += (p != 0) == on;
  }
  return kept;
}

uint32_t SwapPolarity(events::Packet& packet) {
  for (uint32_t i = 0; i < packet.length; i++) packet.p[i] = packet.p[i] == 0;
  return packet.length;
}

}  // namespace saccade::filters
