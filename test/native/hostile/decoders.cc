// Decoders of any bytes in any pieces.
#include <algorithm>
#include <cstring>
#include <string>

#include "events/edvs.h"
#include "events/registry.h"
#include "hostile.h"

namespace saccade::hostile {

namespace {

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

}  // namespace

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
  // A state from anywhere, or a saved one with bytes of its own, is refused or does no harm.
  const bool saved = OneIn(2);
  if (saved) cut->Save(state.data.get());
  for (size_t i = 0; i < state.size; i++) {
    if (!saved || OneIn(20)) state.data[i] = static_cast<uint8_t>(OneIn(3) ? 0 : Random());
  }
  if (cut->Restore(state.data.get(), state.size)) {
    many.events.clear();
    for (size_t used = 0, more = 1; used < bytes.size && more > 0; many.HandOn(), parts.Take()) {
      more = cut->Decode(bytes.data.get() + used, bytes.size - used, many.packet, parts.report);
      used += more;
    }
    for (const auto& [t, x, y, p] : many.events) {
      Expect(t >= 0 && p < 2 && (sensor.width == 0 || (x < sensor.width && y < sensor.height)),
             "a forged state gives no event that none has");
    }
  }
  return one.events.size();
}

size_t Edvs() {
  const int stamp_bytes = Random(0, 4);
  const bool steps = stamp_bytes == events::kEdvsSteps;
  Bytes bytes(static_cast<size_t>(Random(0, 4000)));
  uint32_t stamp = Random();
  for (size_t i = 0; i < bytes.size; i++) bytes.data[i] = static_cast<uint8_t>(Random());
  // Records, with a byte lost or added now and then.
  for (size_t i = 0; !OneIn(6) && i + 6 <= bytes.size; i += static_cast<size_t>(2 + stamp_bytes)) {
    if (OneIn(100)) i++;
    if (i + 6 > bytes.size) break;
    stamp += static_cast<uint32_t>(Random(0, 300));
    bytes.data[i] |= 0x80;
    if (steps && OneIn(2)) bytes.data[i + 2] |= 0x80;
    for (int b = 0; !steps && b < stamp_bytes; b++) {
      bytes.data[i + 2 + static_cast<size_t>(b)] = static_cast<uint8_t>(stamp >> (8 * (stamp_bytes - 1 - b)));
    }
  }
  events::DetectStampBytes(bytes.data.get(), bytes.size, OneIn(2));
  events::EdvsDecoder decoder;
  decoder.may_be_steps = OneIn(2);
  const bool known = OneIn(2);
  if (known) decoder.stamp_bytes = OneIn(4) ? Random(0, 4) : stamp_bytes;
  Taken taken(Random(1, 60));
  events::Arrival arrival;
  InPieces(bytes, taken, [&](const uint8_t* data, size_t size, events::Packet& packet) {
    arrival.sent_after = arrival.now;
    arrival.now += OneIn(20) ? Random(0, 2'000'000) : Random(0, 30'000);
    return Decode(decoder, data, size, arrival, packet);
  });
  const size_t rest = decoder.skipped_bytes + decoder.held, count = taken.events.size();
  const size_t length = 2 + static_cast<size_t>(std::max(decoder.stamp_bytes, 0));
  if (!known || decoder.stamp_bytes == events::kEdvsSteps) {
    Expect(count * 2 + rest <= bytes.size, "no byte is in two events");
  } else {
    Expect(count * length + rest == bytes.size, "every byte is in an event, skipped or held");
  }
  for (const auto& [t, x, y, p] : taken.events) Expect(x < 128 && y < 128 && p < 2, "pixels are inside");
  return taken.events.size();
}

}  // namespace saccade::hostile
