#include "events/evt21.h"

#include "events/columns.h"

namespace saccade::events {

namespace {

constexpr uint32_t kTimeHigh = 0x8, kTrigger = 0xA, kOther = 0xE, kContinued = 0xF;
// Coordinates have 11 bits.
constexpr uint32_t kMostPixels = 2048;
// Inputs of triggers have 5 bits.
constexpr uint32_t kMostId = 0x1F;

}  // namespace

size_t Evt21Decoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const int64_t start = state.position;
  const size_t control_at = legacy ? 0 : 4;
  const uint32_t width = sensor.width == 0 ? kMostPixels : std::min(sensor.width, kMostPixels);
  const uint32_t height = sensor.height == 0 ? kMostPixels : std::min(sensor.height, kMostPixels);
  PacketClock clock;
  clock.Set(packet, state.clock.period());
  size_t i = 0;
  for (; i < count; i++) {
    const uint8_t* word = bytes + i * kEvt21Word;
    const uint32_t control = Load<uint32_t>(word + control_at), mask = Load<uint32_t>(word + 4 - control_at);
    const uint32_t type = control >> 28, x = control >> 11 & 0x7FF, y = control & 0x7FF;
    const uint32_t low = control >> 22 & 0x3F;
    const int64_t position = start + static_cast<int64_t>(i * kEvt21Word);
    if (type <= 1) {
      const uint8_t p = static_cast<uint8_t>(type);
      if (state.clock.dated && state.pending == 0 && clock.fits && x + 32 <= width && y < height &&
          packet.capacity - packet.length >= kMaskRoom) {
        PutMask(packet, mask, x, y, clock.offset + low, p);
        continue;
      }
      uint32_t bits = state.pending != 0 ? state.pending : mask;
      if (!state.clock.dated) {
        report.Count(Fault::kUndated, position, static_cast<uint64_t>(std::popcount(bits)));
        state.pending = 0;
        continue;
      }
      const uint32_t inside = y < height && x < width ? bits & LowBits(width - x) : 0;
      if (inside != bits) {
        report.Count(Fault::kOutOfBounds, position, static_cast<uint64_t>(std::popcount(bits & ~inside)));
      }
      bits = inside;
      if (bits != 0 && clock.fits) bits = PutMaskSlowly(packet, bits, x, y, clock.offset + low, p);
      state.pending = bits;
      if (bits != 0) break;
    } else {
      state.pending = 0;
      if (type == kTimeHigh) {
        state.clock.Set(control & kHighMask, position, report);
        clock.Set(packet, state.clock.period());
      } else if (type == kTrigger) {
        if (!state.clock.dated) {
          report.Count(Fault::kUndated, position);
        } else if (!report.Add({state.clock.period() + low, control >> 8 & 0x1F, control & 1})) {
          break;
        }
      } else if (type != kOther && type != kContinued) {
        report.Count(Fault::kReserved, position);
      }
    }
  }
  state.position = start + static_cast<int64_t>(i * kEvt21Word);
  return i;
}

void Evt21Encoder::Put(uint32_t control, uint32_t mask, Output& out) const {
  out.Put(legacy_ ? control : mask);
  out.Put(legacy_ ? mask : control);
}

Encoded Evt21Encoder::Time(int64_t t, Output& out) {
  uint32_t high;
  bool ok;
  while (out.room() >= 2 * kEvt21Word && high_.Next(t, &high, &ok)) Put(kTimeHigh << 28 | high, 0, out);
  if (out.room() < 2 * kEvt21Word) return Encoded::kFull;
  return ok ? Encoded::kAll : Encoded::kStamp;
}

Encoded Evt21Encoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  while (*at < to) {
    const uint32_t i = *at;
    const uint32_t y = packet.y[i], base = packet.x[i] & ~31u;
    if (!Inside(packet.x[i], y) || packet.x[i] > 0x7FF || y > 0x7FF) return Encoded::kCoordinate;
    const int64_t t = packet.t0 + packet.t[i] - origin_;
    const Encoded timed = Time(t, out);
    if (timed != Encoded::kAll) return timed;
    // Events of one word come out lowest x first, so only those are put together that stand so.
    uint32_t mask = 1u << (packet.x[i] - base), next = i + 1;
    for (;
         next < to && packet.t[next] == packet.t[i] && packet.y[next] == y && packet.p[next] == packet.p[i] &&
         packet.x[next] > packet.x[next - 1] && packet.x[next] < base + 32 && packet.x[next] < sensor_.width;
         next++) {
      mask |= 1u << (packet.x[next] - base);
    }
    Put(static_cast<uint32_t>(packet.p[i] != 0) << 28 | static_cast<uint32_t>(t & 0x3F) << 22 | base << 11 |
            y,
        mask, out);
    *at = next;
  }
  return Encoded::kAll;
}

Encoded Evt21Encoder::Edge(const Trigger& trigger, Output& out) {
  if (trigger.id > kMostId) return Encoded::kStamp;
  const int64_t t = trigger.t - origin_;
  const Encoded timed = Time(t, out);
  if (timed != Encoded::kAll) return timed;
  Put(kTrigger << 28 | static_cast<uint32_t>(t & 0x3F) << 22 | trigger.id << 8 | (trigger.value & 1), 0, out);
  return Encoded::kAll;
}

}  // namespace saccade::events
