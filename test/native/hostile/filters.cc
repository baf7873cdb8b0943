#include "filters/filters.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "hostile.h"

namespace saccade::hostile {

namespace {

using Run = std::function<uint32_t(events::Packet&)>;

// The same filter twice: one for the stream in one piece, one for its pieces.
struct Twins {
  Run runs[2];
  // What is kept came in as it is; otherwise places or polarities differ.
  bool keeps_events = true;
};

template <class Filter, class... Settings>
Twins Two(Settings... settings) {
  Twins twins;
  for (Run& run : twins.runs) {
    auto filter = std::make_shared<Filter>(settings...);
    // State of before that was forgotten.
    if (OneIn(4)) {
      Taken taken(1);
      taken.packet.length = 1;
      taken.packet.t0 = taken.packet.t[0] = 5;
      taken.packet.x[0] = taken.packet.y[0] = 0;
      taken.packet.p[0] = 1;
      filter->Run(taken.packet);
      filter->Reset();
    }
    run = [filter](events::Packet& packet) { return filter->Run(packet); };
  }
  return twins;
}

Twins Stateless(bool keeps_events, Run run) {
  return {{run, run}, keeps_events};
}

// With any settings that the addon lets through; `sensor` becomes that behind the filter.
Twins AnyFilter(filters::Sensor& sensor) {
  const int64_t us = OneIn(4) ? INT32_MAX : Random(1, 300);
  const int64_t period = OneIn(4) ? 1 : Random(1, 5000);
  switch (Random(0, 9)) {
    case 0:
      return Two<filters::Refractory>(sensor, us);
    case 1:
      return Two<filters::HotPixels>(sensor, period,
                                     OneIn(8) ? UINT32_MAX : static_cast<uint32_t>(Random(0, 4)));
    case 2:
      return Two<filters::BackgroundActivity>(sensor, us, Random(1, 8));
    case 3:
      return Two<filters::Trail>(sensor, us);
    case 4:
      return Two<filters::Contrast>(sensor, us, OneIn(2));
    case 5:
      return Two<filters::RateLimit>(period, OneIn(8) ? uint32_t{INT32_MAX} : Random() % 40 + 1);
    case 6: {
      auto mask = std::make_shared<filters::Mask>(sensor);
      for (int i = Random(0, 20); i > 0; i--) {
        const uint32_t x = OneIn(3) ? Random() : Random() % sensor.width;
        const uint32_t y = OneIn(3) ? Random() : Random() % sensor.height;
        Expect(mask->Mute(x, y) == (x < sensor.width && y < sensor.height), "only the sensor has pixels");
      }
      return Stateless(true, [mask](events::Packet& packet) { return mask->Run(packet); });
    }
    case 7: {
      const uint32_t x = Random() % sensor.width, y = Random() % sensor.height;
      filters::Region region{x, y, Random() % (sensor.width - x) + 1, Random() % (sensor.height - y) + 1,
                             OneIn(2)};
      if (region.relative) sensor = {region.width, region.height};
      return Stateless(false, [region](events::Packet& packet) {
        const uint32_t kept = filters::KeepRegion(packet, region);
        for (uint32_t i = 0; i < kept; i++) {
          const uint32_t x = packet.x[i] - (region.relative ? 0 : region.x);
          const uint32_t y = packet.y[i] - (region.relative ? 0 : region.y);
          Expect(x < region.width && y < region.height, "a region's events lie in it");
        }
        return kept;
      });
    }
    case 8: {
      const filters::Orientation turn{OneIn(2), OneIn(2), OneIn(2)};
      const filters::Sensor from = sensor;
      if (turn.transpose) sensor = {from.height, from.width};
      const filters::Sensor to = sensor;
      return Stateless(false, [from, to, turn](events::Packet& packet) {
        const auto inside = [&](filters::Sensor size) {
          uint32_t n = 0;
          for (uint32_t i = 0; i < packet.length; i++) {
            n += packet.x[i] < size.width && packet.y[i] < size.height;
          }
          return n;
        };
        const uint32_t before = inside(from);
        const uint32_t kept = filters::Orient(packet, from, turn);
        Expect(kept == packet.length && inside(to) == before, "what is inside stays so, and nothing else is");
        return kept;
      });
    }
    default: {
      const int which = Random(0, 2);
      return Stateless(which > 0, [which](events::Packet& packet) {
        const uint32_t kept =
            which == 0 ? filters::SwapPolarity(packet) : filters::KeepPolarity(packet, which == 1);
        for (uint32_t i = 0; which > 0 && i < kept; i++) {
          Expect((packet.p[i] != 0) == (which == 1), "one polarity is left");
        }
        return kept;
      });
    }
  }
}

std::vector<Event> AnyEvents(filters::Sensor sensor, int64_t t0) {
  std::vector<Event> events;
  const uint32_t spread = OneIn(3) ? 400 : 20000;
  for (int i = Random(0, 400); i > 0; i--) {
    const int64_t t = t0 + (OneIn(9) ? Random() : Random() % spread);
    const uint16_t x = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % sensor.width);
    const uint16_t y = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % sensor.height);
    events.emplace_back(t, x, y, static_cast<uint8_t>(OneIn(50) ? Random() : Random() % 2));
  }
  return events;
}

}  // namespace

// Any packet through any filter: what is kept are events that came in, in their order, and one packet or
// several give the same.
size_t Filters() {
  filters::Sensor sensor{static_cast<uint32_t>(Random(1, 40)), static_cast<uint32_t>(Random(1, 40))};
  const int64_t t0 = OneIn(3) ? (int64_t{1} << 53) : Random(0, 100000);
  const std::vector<Event> events = AnyEvents(sensor, t0);
  const Twins filter = AnyFilter(sensor);
  std::vector<Event> kept[2];
  for (int run = 0; run < 2; run++) {
    for (size_t from = 0; from < events.size();) {
      const size_t left = events.size() - from;
      const size_t length = run == 0 ? left : std::min<size_t>(left, static_cast<size_t>(Random(1, 90)));
      Taken taken(static_cast<int>(length));
      taken.packet.t0 = t0;
      for (; taken.packet.length < length; taken.packet.length++, from++) {
        const auto [t, x, y, p] = events[from];
        const uint32_t at = taken.packet.length;
        taken.packet.t[at] = static_cast<uint32_t>(t - t0);
        taken.packet.x[at] = x;
        taken.packet.y[at] = y;
        taken.packet.p[at] = p;
      }
      const uint32_t left_over = filter.runs[run](taken.packet);
      Expect(left_over <= length, "no event is made");
      taken.packet.length = left_over;
      taken.HandOn();
      kept[run].insert(kept[run].end(), taken.events.begin(), taken.events.end());
    }
  }
  Expect(kept[0] == kept[1], "a cut changes nothing");
  auto next = events.begin();
  for (size_t i = 0; filter.keeps_events && i < kept[0].size(); i++, ++next) {
    next = std::find(next, events.end(), kept[0][i]);
    Expect(next != events.end(), "what is kept came in, in this order");
  }
  return kept[0].size();
}

// What a rate limit promises for any stream whose time runs forward.
size_t RateLimits() {
  const int64_t period = Random(1, 3000);
  const uint32_t budget = static_cast<uint32_t>(Random(1, 200));
  filters::RateLimit limit(period, budget);
  Taken taken(20000);
  events::Packet& packet = taken.packet;
  packet.t0 = Random(0, 1 << 30);
  uint32_t t = 0;
  uint32_t in[64] = {};
  const int64_t first = packet.t0 / period;
  int burst = 1;
  while (packet.length < packet.capacity) {
    if (OneIn(200)) burst = Random(1, 60);
    if (OneIn(burst)) t += static_cast<uint32_t>(Random(0, static_cast<int>(period / 20 + 1)));
    if ((packet.t0 + t) / period - first >= 64) break;
    in[(packet.t0 + t) / period - first]++;
    packet.t[packet.length] = t;
    packet.x[packet.length] = packet.y[packet.length] = packet.p[packet.length] = 0;
    packet.length++;
  }
  packet.length = limit.Run(packet);
  uint32_t out[64] = {};
  for (uint32_t i = 0; i < packet.length; i++) out[(packet.t0 + packet.t[i]) / period - first]++;
  for (int k = 0; k < 64; k++) {
    const double n = in[k], quota = budget, before = k > 0 ? in[k - 1] : 0;
    if (n <= quota && before <= quota) Expect(out[k] == in[k], "below the limit nothing is taken");
    if (n <= before) Expect(out[k] <= budget + 1, "a known rate is limited to the budget");
    Expect(out[k] <= quota * (1 + std::log(std::max(1.0, n / quota))) + 2, "a rise is bounded");
    if (n > 0) {
      Expect(out[k] + 2 >= std::min(n, quota * n / std::max({before, n * 1.07, quota})), "it is never blind");
    }
  }
  return packet.length;
}

}  // namespace saccade::hostile
