#include "filters/filters.h"

#include <algorithm>

#include "hostile.h"

namespace saccade::hostile {

// Any packet through any filters: what is kept are events that came in, in their order, and one packet or two
// give the same.
size_t Filters() {
  const filters::Sensor sensor{static_cast<uint32_t>(Random(1, 40)), static_cast<uint32_t>(Random(1, 40))};
  const int64_t us = OneIn(4) ? INT32_MAX : Random(1, 300);
  filters::Refractory refractory[2]{{sensor, us}, {sensor, us}};
  const int64_t period = OneIn(4) ? 1 : Random(1, 5000);
  const uint32_t limit = OneIn(8) ? UINT32_MAX : static_cast<uint32_t>(Random(0, 4));
  filters::HotPixels hot[2]{{sensor, period, limit}, {sensor, period, limit}};
  filters::Mask mask(sensor);
  for (int i = Random(0, 20); i > 0; i--) {
    const uint32_t x = OneIn(3) ? Random() : Random() % sensor.width;
    const uint32_t y = OneIn(3) ? Random() : Random() % sensor.height;
    Expect(mask.Mute(x, y) == (x < sensor.width && y < sensor.height), "only the sensor has pixels");
  }
  const int64_t t0 = OneIn(3) ? (int64_t{1} << 53) : Random(0, 100000);
  const int length = Random(0, 400);
  std::vector<Event> kept[2];
  std::vector<Event> events;
  for (int i = 0; i < length; i++) {
    const int64_t t = t0 + (OneIn(9) ? Random() : static_cast<uint32_t>(Random(0, 20000)));
    const uint16_t x = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % sensor.width);
    const uint16_t y = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % sensor.height);
    events.emplace_back(t, x, y, static_cast<uint8_t>(Random() % 2));
  }
  const int cut = Random(0, length);
  for (int run = 0; run < 2; run++) {
    for (int part = 0; part <= run; part++) {
      const int from = part == 0 ? 0 : cut;
      const int to = run == 1 && part == 0 ? cut : length;
      Taken taken(to - from);
      taken.packet.t0 = t0;
      for (int i = from; i < to; i++) {
        const auto [t, x, y, p] = events[i];
        const uint32_t at = taken.packet.length++;
        taken.packet.t[at] = static_cast<uint32_t>(t - t0);
        taken.packet.x[at] = x;
        taken.packet.y[at] = y;
        taken.packet.p[at] = p;
      }
      taken.packet.length = refractory[run].Run(taken.packet);
      taken.packet.length = hot[run].Run(taken.packet);
      taken.packet.length = mask.Run(taken.packet);
      Expect(filters::SwapPolarity(taken.packet) == taken.packet.length, "a swap keeps all");
      Expect(taken.packet.length <= static_cast<uint32_t>(to - from), "no event is made");
      for (uint32_t i = 0; i < taken.packet.length; i++) {
        kept[run].emplace_back(t0 + taken.packet.t[i], taken.packet.x[i], taken.packet.y[i],
                               static_cast<uint8_t>(1 - taken.packet.p[i]));
      }
    }
  }
  Expect(kept[0] == kept[1], "a cut changes nothing");
  auto next = events.begin();
  for (const Event& event : kept[0]) {
    next = std::find(next, events.end(), event);
    Expect(next != events.end(), "what is kept came in, in this order");
    ++next;
  }
  return kept[0].size();
}

}  // namespace saccade::hostile
