#include "filters/filters.h"

namespace saccade::filters {

uint32_t SwapPolarity(events::Packet& packet) {
  for (uint32_t i = 0; i < packet.length; i++) packet.p[i] = packet.p[i] == 0;
  return packet.length;
}

}  // namespace saccade::filters
