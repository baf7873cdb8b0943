#include "events/evt2.h"

#include <bit>

namespace saccade::events {

namespace {

constexpr uint32_t kTimeHigh = 0x8, kTrigger = 0xA, kImu = 0xD, kOther = 0xE, kContinued = 0xF;
// Words that are tried as events at a time. TIME_HIGH comes every 16 µs or so, which in a busy scene is every
// 100 words.
constexpr uint32_t kBlock = 16;
// Inputs of triggers have 5 bits.
constexpr uint32_t kMostId = 0x1F;

// Writes the words behind the packet's last event as if all were events. Bit k of the result is set when
// word k is none that may stay. Bits 29-31 of an event are 0, and x or y beyond the sensor makes a difference
// negative: one test for all.
inline uint32_t TryBlock(const uint8_t* bytes, Packet& packet, uint32_t offset, uint32_t right,
                         uint32_t bottom) {
  uint32_t words[kBlock], wrong[kBlock];
  std::memcpy(words, bytes, sizeof words);
  uint32_t* __restrict t = packet.t + packet.length;
  uint16_t* __restrict x = packet.x + packet.length;
  uint16_t* __restrict y = packet.y + packet.length;
  uint8_t* __restrict p = packet.p + packet.length;
  uint32_t any = 0;
  for (uint32_t k = 0; k < kBlock; k++) {
    const uint32_t column = words[k] >> 11 & 0x7FF, row = words[k] & 0x7FF;
    wrong[k] = ((right - column) | (bottom - row) | words[k]) & 0xE0000000u;
    any |= wrong[k];
    t[k] = offset + (words[k] >> 22 & 0x3F);
    x[k] = static_cast<uint16_t>(column);
    y[k] = static_cast<uint16_t>(row);
    p[k] = static_cast<uint8_t>(words[k] >> 28);
  }
  if (any == 0) return kBlock;
  uint32_t good = 0;
  while (wrong[good] == 0) good++;
  return good;
}

}  // namespace

size_t Evt2Decoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const int64_t start = state.position;
  const uint32_t right = sensor.width == 0 ? 0x7FF : std::min(sensor.width, 0x800u) - 1;
  const uint32_t bottom = sensor.height == 0 ? 0x7FF : std::min(sensor.height, 0x800u) - 1;
  PacketClock clock;
  clock.Set(packet, state.clock.period());
  size_t i = 0;
  while (i < count) {
    if (state.clock.dated && clock.fits) {
      while (count - i >= kBlock && packet.capacity - packet.length >= kBlock) {
        const uint32_t good = TryBlock(bytes + i * kEvt2Word, packet, clock.offset, right, bottom);
        packet.length += good;
        i += good;
        if (good < kBlock) break;
      }
      if (i == count) break;
    }
    const uint32_t word = Load<uint32_t>(bytes + i * kEvt2Word);
    const int64_t position = start + static_cast<int64_t>(i * kEvt2Word);
    const uint32_t type = word >> 28, x = word >> 11 & 0x7FF, y = word & 0x7FF, low = word >> 22 & 0x3F;
    if (type == kTimeHigh) {
      state.clock.Set(word & kHighMask, position, report);
      clock.Set(packet, state.clock.period());
    } else if (type <= 1 || type == kTrigger) {
      if (!state.clock.dated) {
        report.Count(Fault::kUndated, position);
      } else if (type == kTrigger) {
        if (!report.Add({state.clock.period() + low, word >> 8 & 0x1F, word & 1})) break;
      } else if (x > right || y > bottom) {
        report.Count(Fault::kOutOfBounds, position);
      } else {
        if (!clock.fits || packet.length == packet.capacity) break;
        const uint32_t n = packet.length++;
        packet.t[n] = clock.offset + low;
        packet.x[n] = static_cast<uint16_t>(x);
        packet.y[n] = static_cast<uint16_t>(y);
        packet.p[n] = static_cast<uint8_t>(type);
      }
    } else if (type != kImu && type != kOther && type != kContinued) {
      report.Count(Fault::kReserved, position);
    }
    i++;
  }
  state.position = start + static_cast<int64_t>(i * kEvt2Word);
  return i;
}

// The TIME_HIGH words before `t`, µs after the origin.
Encoded Evt2Encoder::Time(int64_t t, Output& out) {
  uint32_t high;
  bool ok;
  while (out.room() >= 2 * kEvt2Word && high_.Next(t, &high, &ok)) out.Put(kTimeHigh << 28 | high);
  if (out.room() < 2 * kEvt2Word) return Encoded::kFull;
  return ok ? Encoded::kAll : Encoded::kStamp;
}

Encoded Evt2Encoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  for (; *at < to; ++*at) {
    const uint32_t i = *at;
    if (!Inside(packet.x[i], packet.y[i]) || packet.x[i] > 0x7FF || packet.y[i] > 0x7FF) {
      return Encoded::kCoordinate;
    }
    const int64_t t = packet.t0 + packet.t[i] - origin_;
    const Encoded timed = Time(t, out);
    if (timed != Encoded::kAll) return timed;
    out.Put(static_cast<uint32_t>(packet.p[i] != 0) << 28 | static_cast<uint32_t>(t & 0x3F) << 22 |
            static_cast<uint32_t>(packet.x[i]) << 11 | packet.y[i]);
  }
  return Encoded::kAll;
}

Encoded Evt2Encoder::Edge(const Trigger& trigger, Output& out) {
  if (trigger.id > kMostId) return Encoded::kStamp;
  const int64_t t = trigger.t - origin_;
  const Encoded timed = Time(t, out);
  if (timed != Encoded::kAll) return timed;
  out.Put(kTrigger << 28 | static_cast<uint32_t>(t & 0x3F) << 22 | trigger.id << 8 | (trigger.value & 1));
  return Encoded::kAll;
}

}  // namespace saccade::events
