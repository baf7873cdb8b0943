// Hostile input for the code that meets it first, for a build with sanitizers: decoders, filters, windows and
// head decoding get random bytes, sizes, cuts and values in buffers without a byte to spare, and must keep
// their promises.
//   hostile [seconds per part, default 2] [seed, default 1]; HOSTILE_TRACE=1 prints every input's seed
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "detect/detector.h"
#include "events/edvs.h"
#include "events/registry.h"
#include "filters/filters.h"
#include "windows/builder.h"

using namespace saccade;

namespace {

std::mt19937 random_engine;

uint32_t Random() {
  return random_engine();
}
int Random(int low, int high) {
  return low + static_cast<int>(Random() % static_cast<uint32_t>(high - low + 1));
}
bool OneIn(int n) {
  return Random(1, n) == 1;
}

void Expect(bool holds, const char* promise) {
  if (holds) return;
  std::printf("broken: %s\n", promise);
  std::exit(1);
}

// Exactly as long as asked for, so that one byte further is an error.
struct Bytes {
  explicit Bytes(size_t bytes) : data(new uint8_t[bytes]), size(bytes) {}
  std::unique_ptr<uint8_t[]> data;
  size_t size;
};

using Event = std::tuple<int64_t, uint16_t, uint16_t, uint8_t>;

struct Taken {
  Bytes memory;
  events::Packet packet;
  std::vector<Event> events;
  explicit Taken(int capacity) : memory(static_cast<size_t>(capacity) * events::kBytesPerEvent) {
    packet = events::ViewOf(memory.data.get(), memory.size);
  }
  void HandOn() {
    for (uint32_t i = 0; i < packet.length; i++) {
      events.emplace_back(packet.t0 + packet.t[i], packet.x[i], packet.y[i], packet.p[i]);
    }
    packet.length = 0;
  }
};

// Gives `bytes` to decode(part, size, packet) in pieces of random length, until all are used.
template <class Decode>
void InPieces(const Bytes& bytes, Taken& taken, Decode decode) {
  for (size_t at = 0; at < bytes.size;) {
    const size_t size =
        std::min(bytes.size - at, static_cast<size_t>(OneIn(4) ? Random(1, 7) : Random(1, 900)));
    Bytes piece(size);
    std::memcpy(piece.data.get(), bytes.data.get() + at, size);
    size_t used = 0;
    for (bool again = true; again;) {
      const size_t more = decode(piece.data.get() + used, size - used, taken.packet);
      Expect(more <= size - used, "a decoder uses no more bytes than it got");
      Expect(more > 0 || taken.packet.length > 0 || used == size, "an empty packet takes at least one byte");
      used += more;
      again = used < size || taken.packet.length == taken.packet.capacity;
      if (again || OneIn(3)) taken.HandOn();
    }
    at += size;
  }
  taken.HandOn();
}

// Any input in any pieces gives the same events, triggers and faults as in one piece.
struct Told {
  std::vector<std::tuple<int64_t, uint32_t, uint32_t>> triggers;
  uint64_t faults[events::kFaults] = {};
  int64_t first[events::kFaults] = {};
  events::Report report;
  void Take() {
    for (uint32_t i = 0; i < report.trigger_count; i++) {
      const events::Trigger& edge = report.triggers[i];
      triggers.emplace_back(edge.t, edge.id, edge.value);
    }
    for (size_t kind = 0; kind < events::kFaults; kind++) {
      if (faults[kind] == 0) first[kind] = report.first[kind];
      faults[kind] += report.faults[kind];
    }
    report = {};
  }
  bool operator==(const Told& other) const {
    return triggers == other.triggers && std::equal(faults, faults + events::kFaults, other.faults) &&
           std::equal(first, first + events::kFaults, other.first);
  }
};

// Words of a format, most of them of kinds that it has.
void MakeWords(const std::string& name, Bytes& bytes) {
  for (size_t i = 0; i < bytes.size; i++) bytes.data[i] = static_cast<uint8_t>(Random());
  if (OneIn(8)) return;
  uint32_t stamp = Random();
  if (name.starts_with("dat")) {
    for (size_t i = 0; i + 8 <= bytes.size; i += 8) {
      stamp += OneIn(50) ? Random() : static_cast<uint32_t>(Random(0, 1000));
      std::memcpy(bytes.data.get() + i, &stamp, 4);
    }
  } else if (name == "evt3") {
    static constexpr uint32_t kTypes[] = {0, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 8, 8, 10, 14, 15, 15, 7, 9};
    for (size_t i = 0; i + 2 <= bytes.size; i += 2) {
      // Groups that are whole, now and then.
      const bool group = i + 10 <= bytes.size && OneIn(4);
      for (uint32_t k = 0; k < (group ? 4u : 1u); k++) {
        static constexpr uint32_t kGroup[] = {3, 4, 4, 5};
        const uint32_t type = group ? kGroup[k] : kTypes[Random(0, 18)];
        stamp += OneIn(30) ? Random() : 1;
        const uint32_t value = type == 8 ? stamp >> 3 & 0xFFF : Random() & 0xFFF;
        const uint16_t word = static_cast<uint16_t>(type << 12 | value);
        std::memcpy(bytes.data.get() + i + 2 * k, &word, 2);
      }
      if (group) i += 6;
    }
  } else if (name == "aedat4") {
    int64_t t = static_cast<int64_t>(stamp) << Random(0, 21);
    for (size_t i = 0; i + 16 <= bytes.size; i += 16) {
      t += OneIn(50) ? static_cast<int32_t>(Random()) : Random(0, 1000);
      std::memcpy(bytes.data.get() + i, &t, 8);
    }
  } else if (name.starts_with("es-")) {
    // Places inside a small sensor, so that not everything lies outside.
    for (size_t i = 0; i + 5 <= bytes.size; i += 5) bytes.data[i + 2] = bytes.data[i + 4] = 0;
  } else if (name.starts_with("evt2")) {
    const size_t size = name == "evt2" ? 4 : 8, at = name == "evt21" ? 4 : 0;
    static constexpr uint32_t kTypes[] = {0, 1, 0, 1, 0, 1, 0, 1, 8, 10, 13, 14, 15};
    for (size_t i = 0; i + size <= bytes.size; i += size) {
      const uint32_t type = OneIn(3) ? kTypes[Random(0, 12)] : Random() & 1;
      stamp += OneIn(50) ? Random() : 1;
      const uint32_t word = type << 28 | ((type == 8 ? stamp : Random()) & 0x0FFFFFFF);
      std::memcpy(bytes.data.get() + i + at, &word, 4);
    }
  }
}

size_t Decoders() {
  size_t names = 0;
  while (events::kDecoderNames[names] != nullptr) names++;
  const std::string name = events::kDecoderNames[Random(0, static_cast<int>(names) - 1)];
  Bytes bytes(static_cast<size_t>(Random(0, 4000)));
  MakeWords(name, bytes);
  events::Sensor sensor;
  if (OneIn(2)) sensor = {static_cast<uint32_t>(Random(1, 2048)), static_cast<uint32_t>(Random(1, 2048))};
  if (OneIn(8)) sensor = {static_cast<uint32_t>(Random(1, 16384)), static_cast<uint32_t>(Random(1, 16384))};
  const int64_t origin = OneIn(2) ? 0 : int64_t{Random()} << Random(0, 20);
  std::unique_ptr<events::Stream> whole = events::MakeDecoder(name, sensor, origin);
  std::unique_ptr<events::Stream> cut = events::MakeDecoder(name, sensor, origin);
  Taken one(Random(1, 70000)), many(Random(1, 60));
  Told once, parts;
  for (size_t used = 0; used < bytes.size; one.HandOn(), once.Take()) {
    const size_t more = whole->Decode(bytes.data.get() + used, bytes.size - used, one.packet, once.report);
    Expect(more > 0 || one.packet.length > 0 || once.report.trigger_count > 0, "a decoder moves");
    used += more;
  }
  // Over a state that went through a copy, as an index of places does.
  Bytes state(whole->StateBytes());
  InPieces(bytes, many, [&](const uint8_t* data, size_t size, events::Packet& packet) {
    const size_t used = cut->Decode(data, size, packet, parts.report);
    Expect(used > 0 || packet.length > 0 || parts.report.trigger_count > 0 || size == 0, "a decoder moves");
    const bool stuck = used == 0 && packet.length == 0;
    parts.Take();
    if (OneIn(20) && used == size) {
      cut->Save(state.data.get());
      cut = events::MakeDecoder(name, sensor, origin);
      Expect(cut->Restore(state.data.get(), state.size), "a saved state is taken");
    }
    return stuck ? cut->Decode(data, size, packet, parts.report) : used;
  });
  parts.Take();
  Expect(one.events == many.events, "cuts change no event");
  Expect(once == parts, "cuts change no trigger and no fault");
  for (const auto& [t, x, y, p] : many.events) {
    Expect(p < 2 && (sensor.width == 0 || (x < sensor.width && y < sensor.height)), "pixels are inside");
  }
  // A state from anywhere is refused or does no harm.
  for (size_t i = 0; i < state.size; i++) state.data[i] = static_cast<uint8_t>(OneIn(3) ? 0 : Random());
  Bytes empty(0);
  if (cut->Restore(state.data.get(), state.size)) {
    for (size_t used = 0, more = 1; used < bytes.size && more > 0; many.HandOn(), parts.Take()) {
      more = cut->Decode(bytes.data.get() + used, bytes.size - used, many.packet, parts.report);
      used += more;
    }
  }
  return one.events.size();
}

size_t Edvs() {
  static constexpr int kStamps[] = {0, 2, 3, 4};
  const int stamp_bytes = kStamps[Random(0, 3)];
  Bytes bytes(static_cast<size_t>(Random(0, 4000)));
  uint32_t stamp = Random();
  for (size_t i = 0; i < bytes.size; i++) bytes.data[i] = static_cast<uint8_t>(Random());
  // Records, with a byte lost or added now and then.
  for (size_t i = 0; !OneIn(6) && i + 6 <= bytes.size; i += static_cast<size_t>(2 + stamp_bytes)) {
    if (OneIn(100)) i++;
    if (i + 6 > bytes.size) break;
    stamp += static_cast<uint32_t>(Random(0, 300));
    bytes.data[i] |= 0x80;
    for (int b = 0; b < stamp_bytes; b++) {
      bytes.data[i + 2 + static_cast<size_t>(b)] = static_cast<uint8_t>(stamp >> (8 * (stamp_bytes - 1 - b)));
    }
  }
  events::DetectStampBytes(bytes.data.get(), bytes.size);
  events::EdvsDecoder decoder;
  const bool known = OneIn(2);
  if (known) decoder.stamp_bytes = OneIn(4) ? kStamps[Random(0, 3)] : stamp_bytes;
  Taken taken(Random(1, 60));
  events::Arrival arrival;
  InPieces(bytes, taken, [&](const uint8_t* data, size_t size, events::Packet& packet) {
    arrival.sent_after = arrival.now;
    arrival.now += OneIn(20) ? Random(0, 2'000'000) : Random(0, 30'000);
    return Decode(decoder, data, size, arrival, packet);
  });
  Expect(
      !known || taken.events.size() * decoder.period() + decoder.skipped_bytes + decoder.held == bytes.size,
      "every byte is in an event, skipped or held");
  for (const auto& [t, x, y, p] : taken.events) Expect(x < 128 && y < 128 && p < 2, "pixels are inside");
  return taken.events.size();
}

windows::Spec RandomSpec() {
  windows::Spec spec;
  spec.kind = static_cast<windows::Kind>(Random(0, 2));
  spec.steps = Random(1, 4);
  spec.bins = spec.steps * (spec.kind == windows::Kind::kPolarityLast ? 1 : Random(1, 3));
  spec.duration = int64_t{spec.bins} * Random(1, 5000);
  spec.hop = std::max<int64_t>(1, spec.duration * Random(1, 40) / 20);
  spec.clip = Random(1, 255);
  spec.width = Random(1, 70);
  spec.height = Random(1, 70);
  spec.newest_first = OneIn(2);
  spec.grid_width = Random(1, 60);
  spec.grid_height = Random(1, 60);
  spec.picture_width = Random(1, spec.width);
  spec.picture_height = Random(1, spec.height);
  spec.picture_left = Random(0, spec.width - spec.picture_width);
  spec.picture_top = Random(0, spec.height - spec.picture_height);
  spec.pad = Random(0, 255);
  const bool picture = spec.kind == windows::Kind::kPolarityLast;
  spec.columns.resize(static_cast<size_t>(Random(0, 90)));
  spec.rows.resize(static_cast<size_t>(Random(0, 90)));
  for (int32_t& column : spec.columns) column = Random(-1, (picture ? spec.grid_width : spec.width) - 1);
  for (int32_t& row : spec.rows) row = Random(-1, (picture ? spec.grid_height : spec.height) - 1);
  // One value of any size: what Sound lets through must be safe.
  int* const values[] = {&spec.steps,        &spec.bins,        &spec.clip,        &spec.width,
                         &spec.height,       &spec.grid_width,  &spec.grid_height, &spec.picture_width,
                         &spec.picture_left, &spec.picture_top, &spec.pad};
  if (OneIn(3)) *values[Random(0, 10)] = Random(-3, 300);
  if (!spec.columns.empty() && OneIn(9)) spec.columns[0] = static_cast<int32_t>(Random());
  return spec;
}

size_t Windows() {
  const windows::Spec spec = RandomSpec();
  if (!Sound(spec)) return 0;
  windows::Builder builder(spec);
  std::vector<Bytes> frames;
  int64_t next = (static_cast<int64_t>(Random()) << 20) / spec.hop * spec.hop;
  const int64_t first = next;
  const auto attach = [&](size_t slot) {
    builder.Attach(slot, frames[slot].data.get(), next);
    next += spec.hop;
  };
  for (size_t slot = 0; slot < builder.slots(); slot++) {
    frames.emplace_back(builder.frame_bytes());
    attach(slot);
  }
  Taken taken(Random(1, 300));
  uint64_t given = 0;
  for (int packets = Random(1, 6), oldest = 0; packets > 0; packets--) {
    events::Packet& packet = taken.packet;
    packet.length = static_cast<uint32_t>(Random(0, static_cast<int>(packet.capacity)));
    packet.t0 = OneIn(20) ? (static_cast<int64_t>(Random()) << 21) : first + Random(-2000, 20000);
    // Far ahead the loop below would run for every window in between.
    packet.t0 = std::min(packet.t0, first + 300 * spec.hop);
    for (uint32_t i = 0; i < packet.length; i++) {
      packet.t[i] = Random() % 20000;
      packet.x[i] = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % 90);
      packet.y[i] = static_cast<uint16_t>(OneIn(9) ? Random() : Random() % 90);
      packet.p[i] = static_cast<uint8_t>(OneIn(9) ? Random() : Random() % 2);
    }
    given += packet.length;
    for (uint32_t from = 0;;) {
      for (size_t slot = 0; slot < builder.slots(); slot++) builder.Place(slot, frames[slot].data.get());
      from = builder.Push(packet, from);
      if (from == packet.length) break;
      const size_t slot = static_cast<size_t>(oldest++) % builder.slots();
      builder.Finish(slot, frames[slot].data.get());
      attach(slot);
    }
  }
  Expect(builder.accepted + builder.late + builder.outside + builder.between == given,
         "every event is accepted, late, outside or between");
  for (const Bytes& frame : frames) {
    for (size_t i = 0; spec.kind == windows::Kind::kCount && i < frame.size; i++) {
      Expect(frame.data[i] <= spec.clip, "no count is above the clip");
    }
  }
  return builder.accepted;
}

float RandomLogit() {
  static const float kOdd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e-45f, 0.0f, -0.0f};
  if (OneIn(40)) return kOdd[Random(0, 7)];
  return static_cast<float>(Random(-4000, 4000)) / 400.0f;
}

size_t Heads() {
  detect::Settings settings;
  settings.reg_max = Random(1, 17);
  settings.classes = Random(1, 6);
  settings.score = static_cast<float>(Random(0, 10)) / 10.0f;
  settings.iou = static_cast<float>(Random(0, 10)) / 10.0f;
  settings.max = Random(1, 50);
  settings.multi_label = OneIn(2);
  settings.clip = OneIn(2);
  settings.width = static_cast<float>(Random(1, 300));
  settings.height = static_cast<float>(Random(1, 300));
  std::vector<detect::HeadShape> shapes;
  std::vector<std::vector<float>> floats;
  std::vector<detect::HeadMap> maps;
  for (int i = Random(1, 3); i > 0; i--) {
    const detect::HeadShape shape{4 * settings.reg_max + settings.classes, Random(1, 9), Random(1, 9),
                                  static_cast<float>(Random(1, 64))};
    const size_t channels = static_cast<size_t>(shape.channels), width = static_cast<size_t>(shape.width);
    std::vector<float>& map = floats.emplace_back(channels * width * static_cast<size_t>(shape.height));
    for (float& value : map) value = RandomLogit();
    shapes.push_back(shape);
    maps.push_back({map.data(), 1, width * channels, channels});
  }
  detect::Detector detector;
  Expect(detector.Prepare(settings, shapes).empty(), "sound settings are taken");
  std::vector<float> rows(detector.RowFloats(), -1);
  const int count = detector.Run(maps.data(), rows.data());
  Expect(count >= 0 && count <= settings.max, "no more boxes than asked for");
  for (int i = 0; i < count; i++) {
    const float* row = rows.data() + 6 * i;
    // Uncut, no corner lies further from the map's 9 cells than its largest distance, 16 of at most 64 px.
    const float reach = settings.clip ? 0 : 16 * 64;
    const auto inside = [&](float a, float b, float limit) {
      return a >= -reach && a <= b && b <= (settings.clip ? limit : 9 * 64 + reach);
    };
    Expect(inside(row[0], row[2], settings.width) && inside(row[1], row[3], settings.height),
           "a box lies in the picture");
    Expect(row[4] >= settings.score && row[4] <= 1, "a score is above the threshold");
    Expect(i == 0 || row[-2] >= row[4], "the best come first");
    Expect(row[5] >= 0 && row[5] < static_cast<float>(settings.classes), "a class is one of them");
  }
  return static_cast<size_t>(count);
}

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

void Repeat(const char* name, const char* what, double seconds, uint32_t seed, size_t (*part)()) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  size_t inputs = 0, made = 0;
  while (Clock::now() < end) {
    // Each input has its own seed; the last one printed is that of the failure.
    random_engine.seed(seed + static_cast<uint32_t>(inputs));
    if (std::getenv("HOSTILE_TRACE")) std::fprintf(stderr, "%s %zu\n", name, seed + inputs);
    made += part();
    inputs++;
  }
  std::printf("%s: %zu inputs, %zu %s\n", name, inputs, made, what);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const uint32_t seed = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  Repeat("decoders", "events", seconds, seed, Decoders);
  Repeat("edvs", "events", seconds, seed, Edvs);
  Repeat("filters", "events", seconds, seed, Filters);
  Repeat("windows", "events", seconds, seed, Windows);
  Repeat("heads", "boxes", seconds, seed, Heads);
  return 0;
}
