#include "events/evt3.h"

#include "events/columns.h"
#include "events/lanes.h"

namespace saccade::events {

namespace {

enum Type : uint32_t {
  kAddrY = 0x0,
  kAddrX = 0x2,
  kVectBase = 0x3,
  kVect12 = 0x4,
  kVect8 = 0x5,
  kTimeLow = 0x6,
  kContinued4 = 0x7,
  kTimeHigh = 0x8,
  kTrigger = 0xA,
  kOthers = 0xE,
  kContinued12 = 0xF
};
// Some cameras fill their packets with it.
constexpr uint32_t kPadding = 0x9999;
constexpr uint32_t kHalfRange = 2048;
// A word that takes a jump back lies so far behind the one before the jump at most.
constexpr uint32_t kNear = 64;
// Coordinates have 11 bits.
constexpr uint32_t kMostPixels = 2048;
constexpr int64_t kRange = int64_t{1} << 24;
// Inputs of triggers have 4 bits.
constexpr uint32_t kMostId = 0xF;
// Periods of 4096 µs that are written one by one: 268 s, 128 KiB of words.
constexpr int64_t kShortSilence = 65'536;
// The most that are written at all, 1024 in a step: 203 days, 8 MiB of words.
constexpr int64_t kLongestSilence = int64_t{1} << 32;

// A base and the words of a whole group: VECT_BASE_X, VECT_12, VECT_12, VECT_8.
constexpr uint64_t kGroupTypes = 0xF000'F000'F000'F000, kBaseAndGroup = 0x5000'4000'4000'3000;
constexpr uint32_t kFew = 4;

// What BulkWords goes through and leaves.
struct Bulk {
  const uint8_t* at;
  const uint8_t* end;
  Packet packet;
  uint32_t offset;
  uint16_t high, right, bottom;
  uint16_t y, low;
  // Of the last vectors, if there were any.
  bool grouped = false;
  uint32_t base = 0;
  uint8_t polarity = 0;
};

#if defined(__x86_64__)
// What every x64 processor since 2013 has, and since 2008; the rest of the addon does not ask for it. On an
// older one words are taken one by one.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,popcnt,bmi"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,popcnt,bmi")
#endif
namespace avx2 {
#define SACCADE_AVX2
#include "events/evt3_bulk.h"
#undef SACCADE_AVX2
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("sse4.2,popcnt"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("sse4.2,popcnt")
#endif
namespace sse4 {
#include "events/evt3_bulk.h"
}  // namespace sse4
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

void (*const BulkWords)(Bulk&) = __builtin_cpu_supports("avx2")     ? avx2::BulkWords
                                 : __builtin_cpu_supports("sse4.2") ? sse4::BulkWords
                                                                    : nullptr;
#elif defined(__aarch64__)
namespace neon {
#include "events/evt3_bulk.h"
}  // namespace neon
constexpr void (*BulkWords)(Bulk&) = neon::BulkWords;
#else
constexpr void (*BulkWords)(Bulk&) = nullptr;
#endif

// One call of Run, with its settings and what is worked out once.
struct Work {
  Evt3Decoder::State& state;
  const uint8_t* bytes;
  const size_t count;
  Packet& packet;
  Report& report;
  const uint32_t width, height;
  const int64_t start;
  PacketClock clock;
  size_t i = 0;

  uint32_t Word(size_t at) const { return Load<uint16_t>(bytes + at * kEvt3Word); }
  int64_t PositionOf(size_t at) const { return start + static_cast<int64_t>(at * kEvt3Word); }
  int64_t Now() const { return state.clock.period() + state.low; }

  void Many();
  bool Step();
  bool Vector(uint32_t mask, uint32_t bits);
  bool Single(uint32_t word);
  void Interrupt(uint32_t type);
};

// The bulk of the words, as far as they are of its kinds.
void Work::Many() {
  Bulk bulk{bytes + i * kEvt3Word,
            bytes + count * kEvt3Word,
            packet,
            clock.offset,
            static_cast<uint16_t>(kTimeHigh << 12 | state.clock.high),
            static_cast<uint16_t>(width - 1),
            static_cast<uint16_t>(height - 1),
            static_cast<uint16_t>(state.y),
            static_cast<uint16_t>(state.low)};
  BulkWords(bulk);
  i = static_cast<size_t>(bulk.at - bytes) / kEvt3Word;
  packet = bulk.packet;
  state.y = bulk.y;
  state.low = bulk.low;
  if (!bulk.grouped) return;
  state.base = bulk.base;
  state.polarity = bulk.polarity;
  state.has_base = 1;
}

// A word that is no part of the group or payload that is open.
void Work::Interrupt(uint32_t type) {
  if (state.group != 0 && type != kVect12 && type != kVect8) {
    report.Count(Fault::kPartialVect, PositionOf(i));
    state.group = 0;
    state.has_base = 0;
  }
  if (state.payload != 0 && type != kContinued12 && type != kContinued4) {
    // Cameras also send OTHERS that have none.
    if (state.payload > 1) report.Count(Fault::kPartialContinued, PositionOf(i));
    state.payload = 0;
  }
}

// An ADDR_X word. False when there is no room.
bool Work::Single(uint32_t word) {
  const uint32_t x = word & 0x7FF;
  if (!state.clock.dated) {
    report.Count(Fault::kUndated, PositionOf(i));
  } else if (!state.has_y) {
    report.Count(Fault::kMissingYAddr, PositionOf(i));
  } else if (x >= width || state.y >= height) {
    report.Count(Fault::kOutOfBounds, PositionOf(i));
  } else {
    if (!clock.fits || packet.length == packet.capacity) return false;
    PutMaskSlowly(packet, 1, x, state.y, clock.offset + state.low, static_cast<uint8_t>(word >> 11 & 1));
  }
  return true;
}

// A vector word of so many bits. False when there is no room for all of its events.
bool Work::Vector(uint32_t mask, uint32_t bits) {
  const uint32_t group = state.group;
  // 12, 12, 12 and 12, 8: a word was lost, and with it the place of this one.
  const bool torn = bits == 12 ? group == 2 : group == 1;
  if (state.pending != 0) {
    mask = state.pending;
  } else {
    if (torn) {
      report.Count(Fault::kPartialVect, PositionOf(i));
      state.has_base = 0;
    }
    const uint64_t events = static_cast<uint64_t>(std::popcount(mask));
    if (!state.clock.dated) {
      if (events > 0) report.Count(Fault::kUndated, PositionOf(i), events);
      mask = 0;
    } else if (!state.has_y) {
      if (events > 0) report.Count(Fault::kMissingYAddr, PositionOf(i), events);
      mask = 0;
    } else if (!state.has_base) {
      if (events > 0) report.Count(Fault::kInvalidVectBase, PositionOf(i), events);
      mask = 0;
    } else {
      const bool somewhere = state.y < height && state.base < width;
      const uint32_t inside = somewhere ? mask & LowBits(width - state.base) : 0;
      const uint64_t outside = static_cast<uint64_t>(std::popcount(mask & ~inside));
      if (outside > 0) report.Count(Fault::kOutOfBounds, PositionOf(i), outside);
      mask = inside;
    }
  }
  if (mask != 0 && clock.fits) {
    mask = PutMaskSlowly(packet, mask, state.base, state.y, clock.offset + state.low,
                         static_cast<uint8_t>(state.polarity));
  }
  state.pending = mask;
  if (mask != 0) return false;
  state.group = bits == 8 ? 0 : torn ? 1 : group + 1;
  state.base = std::min(state.base + bits, 4095u);
  return true;
}

// Any word. False when it waits for room.
bool Work::Step() {
  const uint32_t word = Word(i), type = word >> 12;
  Interrupt(type);
  switch (type) {
    case kAddrY:
      state.y = word & 0x7FF;
      state.has_y = 1;
      return true;
    case kAddrX:
      return Single(word);
    case kVectBase:
      state.base = word & 0x7FF;
      state.polarity = word >> 11 & 1;
      state.has_base = 1;
      return true;
    case kVect12:
      return Vector(word & 0xFFF, 12);
    case kVect8:
      return Vector(word & 0xFF, 8);
    case kTimeLow:
      state.low = word & 0xFFF;
      return true;
    case kTimeHigh:
      if (state.clock.dated && (word & 0xFFF) == state.clock.high) return true;
      state.clock.Set(word & 0xFFF, PositionOf(i), report);
      state.low = 0;
      clock.Set(packet, state.clock.period());
      return true;
    case kTrigger:
      if (state.clock.dated) return report.Add({Now(), word >> 8 & 0xF, word & 1});
      report.Count(Fault::kUndated, PositionOf(i));
      return true;
    case kOthers:
      state.payload = 1;
      return true;
    case kContinued12:
    case kContinued4: {
      const bool expected =
          type == kContinued12 ? state.payload == 1 || state.payload == 2 : state.payload == 3;
      if (!expected) report.Count(Fault::kPartialContinued, PositionOf(i));
      state.payload = expected && type == kContinued12 ? state.payload + 1 : 0;
      return true;
    }
    default:
      if (word != kPadding) report.Count(Fault::kReserved, PositionOf(i));
      return true;
  }
}

}  // namespace

void Evt3Clock::Set(uint32_t next, int64_t position, Report& report) {
  const uint32_t last = high;
  const uint32_t jump = jumped;
  high = next;
  jumped = 0;
  if (!dated) {
    dated = 1;
  } else if (next > last) {
    if (next - last > 1) report.Count(Fault::kNonContinuousTimeHigh, position);
    if (next - last >= kHalfRange) {
      jumped = 1;
      before_jump = last;
    }
  } else if (jump && next - before_jump < kNear) {
    report.Count(Fault::kNonMonotonicTimeHigh, position);
  } else if (last - next >= kHalfRange) {
    epoch += kRange;
    if (last != 4095 || next != 0) report.Count(Fault::kNonContinuousTimeHigh, position);
  } else {
    report.Count(Fault::kNonMonotonicTimeHigh, position);
  }
}

size_t Evt3Decoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  Work work{state,
            bytes,
            count,
            packet,
            report,
            sensor.width == 0 ? kMostPixels : std::min(sensor.width, kMostPixels),
            sensor.height == 0 ? kMostPixels : std::min(sensor.height, kMostPixels),
            state.position,
            {}};
  work.clock.Set(packet, state.clock.period());
  while (work.i < count) {
    if (BulkWords != nullptr && state.clock.dated && state.has_y && work.clock.fits && state.group == 0 &&
        state.payload == 0) {
      work.Many();
      if (work.i == count) break;
    }
    if (!work.Step()) break;
    work.i++;
  }
  state.position = work.PositionOf(work.i);
  return work.i;
}

// The words that set the time. Readers must see each TIME_HIGH of a short silence, as cameras send them, and
// each wrap of a long one; not all of them set the low bits to 0 at a TIME_HIGH.
Encoded Evt3Encoder::Time(int64_t t, Output& out) {
  const int64_t high = t >> 12;
  // Readers begin in the first range, and take a fall by half of it for a wrap.
  if (t < 0 || (high_ < 0 && high > 4095)) return Encoded::kStamp;
  if (high_ >= 0 && (high >> 12 < high_ >> 12 || high_ - high >= kHalfRange)) return Encoded::kStamp;
  if (high_ >= 0 && high - high_ > kLongestSilence) return Encoded::kSilence;
  if (step_ == 0) step_ = high - high_ > kShortSilence ? 1024 : 1;
  while (high_ != high) {
    if (out.room() < 16) return Encoded::kFull;
    high_ = high_ < 0 || high < high_ ? high : std::min(high_ + step_, high);
    low_ = kNoLow;
    base_ = -1;
    out.Put(static_cast<uint16_t>(kTimeHigh << 12 | (high_ & 0xFFF)));
  }
  step_ = 0;
  if (out.room() < 16) return Encoded::kFull;
  if (const uint32_t low = t & 0xFFF; low != low_) {
    low_ = low;
    base_ = -1;
    out.Put(static_cast<uint16_t>(kTimeLow << 12 | low));
  }
  return Encoded::kAll;
}

Encoded Evt3Encoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  while (*at < to) {
    const uint32_t i = *at, x = packet.x[i], y = packet.y[i];
    if (!Inside(x, y) || x > 0x7FF || y > 0x7FF) return Encoded::kCoordinate;
    const Encoded timed = Time(packet.t0 + packet.t[i] - origin_, out);
    if (timed != Encoded::kAll) return timed;
    if (y_ != static_cast<int32_t>(y)) {
      y_ = static_cast<int32_t>(y);
      base_ = -1;
      out.Put(static_cast<uint16_t>(kAddrY << 12 | y));
    }
    const uint32_t p = packet.p[i] != 0, base = x & ~31u;
    // Events that stand in the order in which a group gives them.
    uint32_t mask = 1u << (x - base), next = i + 1;
    for (; next < to && packet.t[next] == packet.t[i] && packet.y[next] == y && (packet.p[next] != 0) == p &&
           packet.x[next] > packet.x[next - 1] && packet.x[next] < base + 32;
         next++) {
      mask |= 1u << (packet.x[next] - base);
    }
    const int32_t place = static_cast<int32_t>(base | p << 11);
    // A group takes three words, and one more where it does not follow the last.
    if (next - i > (place == base_ ? 2u : 3u) && base + 32 <= sensor_.width) {
      if (place != base_) out.Put(static_cast<uint16_t>(kVectBase << 12 | p << 11 | base));
      out.Put(static_cast<uint16_t>(kVect12 << 12 | (mask & 0xFFF)));
      out.Put(static_cast<uint16_t>(kVect12 << 12 | (mask >> 12 & 0xFFF)));
      out.Put(static_cast<uint16_t>(kVect8 << 12 | mask >> 24));
      base_ = base + 32 < 2048 ? static_cast<int32_t>((base + 32) | p << 11) : -1;
      *at = next;
    } else {
      out.Put(static_cast<uint16_t>(kAddrX << 12 | p << 11 | x));
      base_ = -1;
      ++*at;
    }
  }
  return Encoded::kAll;
}

Encoded Evt3Encoder::Edge(const Trigger& trigger, Output& out) {
  if (trigger.id > kMostId) return Encoded::kStamp;
  const Encoded timed = Time(trigger.t - origin_, out);
  if (timed != Encoded::kAll) return timed;
  out.Put(static_cast<uint16_t>(kTrigger << 12 | trigger.id << 8 | (trigger.value & 1)));
  return Encoded::kAll;
}

}  // namespace saccade::events
