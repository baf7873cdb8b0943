// What an encoder takes is decoded again as it was, whatever room it was given; what it cannot take it
// refuses.
#include <algorithm>
#include <string>

#include "events/registry.h"
#include "hostile.h"

namespace saccade::hostile {

namespace {

using Edge = std::tuple<int64_t, uint32_t, uint32_t>;

// A stamp of the next event: mostly soon, now and then after a silence, before the one before, or anywhere.
int64_t Next(int64_t t, const std::string& name) {
  if (OneIn(2)) return t;
  if (OneIn(40)) return std::max<int64_t>(0, t - Random(0, 30'000));
  // Event Stream takes a byte for each 127 µs.
  if (OneIn(60)) return t + (int64_t{Random()} << (name == "es-dvs" || !OneIn(4) ? 0 : Random(0, 8)) >> 8);
  if (OneIn(300)) return int64_t{Random()} << Random(0, 21);
  return t + Random(0, OneIn(9) ? 70'000 : 90);
}

// An encoder's bytes, from outputs of any size that it must make progress in.
struct Written {
  std::vector<uint8_t> bytes;
  template <class Encode>
  events::Encoded Take(Encode encode) {
    for (;;) {
      Bytes room(static_cast<size_t>(OneIn(2) ? events::Encoder::kLeastRoom : Random(64, 300)));
      events::Output out{room.data.get(), room.size};
      const events::Encoded result = encode(out);
      Expect(out.size <= out.capacity, "an encoder stays inside its output");
      Expect(out.size > 0 || result != events::Encoded::kFull, "an encoder makes progress");
      bytes.insert(bytes.end(), out.data, out.data + out.size);
      if (result != events::Encoded::kFull) return result;
    }
  }
};

}  // namespace

size_t Encoders() {
  int names = 0;
  while (events::kEncoderNames[names] != nullptr) names++;
  const std::string name = events::kEncoderNames[Random(0, names - 1)];
  const int side = name.starts_with("evt") ? 2048 : 16384;
  const events::Sensor sensor{static_cast<uint32_t>(Random(1, OneIn(2) ? side : 90)),
                              static_cast<uint32_t>(Random(1, OneIn(2) ? side : 3))};
  const int64_t origin = OneIn(2) ? 0 : int64_t{Random()} << Random(0, 20);
  const std::unique_ptr<events::Encoder> encoder = events::MakeEncoder(name, sensor, origin);
  Written written;
  std::vector<Event> want;
  std::vector<Edge> edges;
  int64_t t = Random(0, 1000);
  uint32_t x = 0, y = 0;
  for (int packets = Random(1, 5); packets > 0; packets--) {
    Taken taken(Random(1, 300));
    events::Packet& packet = taken.packet;
    for (int i = Random(0, static_cast<int>(packet.capacity)); i > 0; i--) {
      // Mostly a pixel further right, so that there are vectors.
      x = OneIn(5) ? Random() % sensor.width : (x + static_cast<uint32_t>(Random(0, 3))) % sensor.width;
      if (OneIn(9)) y = Random() % sensor.height;
      const bool anywhere = OneIn(200);
      t = Next(t, name);
      if (!events::Fits(packet, origin + t)) break;
      events::Append(packet, origin + t, static_cast<uint16_t>(anywhere ? Random() : x),
                     static_cast<uint16_t>(anywhere ? Random() : y), static_cast<uint8_t>(OneIn(6)));
    }
    for (uint32_t at = 0; at < packet.length;) {
      const uint32_t from = at;
      const events::Encoded result =
          written.Take([&](events::Output& out) { return encoder->Events(packet, &at, packet.length, out); });
      for (uint32_t i = from; i < at; i++) {
        want.emplace_back(packet.t0 + packet.t[i], packet.x[i], packet.y[i], packet.p[i]);
      }
      if (result == events::Encoded::kAll) break;
      const bool inside = packet.x[at] < sensor.width && packet.y[at] < sensor.height;
      Expect(inside == (result != events::Encoded::kCoordinate), "what lies outside is refused");
      at++;
    }
    if (OneIn(3)) {
      const events::Trigger edge{origin + t, Random() & 0xF, Random() & 1};
      const auto put = [&](events::Output& out) { return encoder->Edge(edge, out); };
      if (written.Take(put) == events::Encoded::kAll) edges.emplace_back(edge.t, edge.id, edge.value);
    }
  }
  const std::unique_ptr<events::Stream> decoder = events::MakeDecoder(name, sensor, origin);
  Taken got(Random(1, 300));
  std::vector<Edge> got_edges;
  events::Report report;
  for (size_t used = 0; used < written.bytes.size(); got.HandOn()) {
    used += decoder->Decode(written.bytes.data() + used, written.bytes.size() - used, got.packet, report);
    for (uint32_t i = 0; i < report.trigger_count; i++) {
      got_edges.emplace_back(report.triggers[i].t, report.triggers[i].id, report.triggers[i].value);
    }
    report.trigger_count = 0;
  }
  Expect(got.events == want, "what was taken is decoded again");
  Expect(got_edges == edges, "triggers that were taken are decoded again");
  return want.size();
}

}  // namespace saccade::hostile
