// Windows of any shape, and packets that run into and past them.
#include <algorithm>

#include "hostile.h"
#include "windows/builder.h"

namespace saccade::hostile {

namespace {

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

}  // namespace

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

}  // namespace saccade::hostile
