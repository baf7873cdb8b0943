// Eight 16-bit lanes, in the vector types that gcc and clang share, and what tables of shuffles make of them.
// All is static, so that no copy compiled for a newer processor is ever called on an older one. Where a
// single instruction is needed that the types do not have, SACCADE_SHUFFLE and SACCADE_BLEND are the
// includer's.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace saccade::events {

typedef uint16_t Lanes __attribute__((vector_size(16)));
constexpr uint32_t kLanes = 8;

static inline Lanes LoadLanes(const void* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

static inline Lanes Splat(uint16_t value) {
  return Lanes{value, value, value, value, value, value, value, value};
}

// For each set of lanes a shuffle: its bytes say where a byte comes from, 0xFF gives 0.
struct Shuffles {
  uint16_t lanes[256][kLanes] = {};
};

// Two bytes of a lane.
constexpr uint16_t FromLane(uint16_t lane) {
  return static_cast<uint16_t>(lane * 0x0202 + 0x0100);
}

// Moves the set's lanes to the front.
constexpr Shuffles MakeCompressions() {
  Shuffles all;
  for (int set = 0; set < 256; set++) {
    int count = 0;
    for (uint16_t lane = 0; lane < kLanes; lane++) {
      if (set >> lane & 1) all.lanes[set][count++] = FromLane(lane);
    }
  }
  return all;
}

// Gives each lane the last one of the set that is not behind it; lanes before the first take nothing.
constexpr Shuffles MakeFills() {
  Shuffles all;
  for (int set = 0; set < 256; set++) {
    uint16_t from = 0xFFFF;
    for (uint16_t lane = 0; lane < kLanes; lane++) {
      if (set >> lane & 1) from = FromLane(lane);
      all.lanes[set][lane] = from;
    }
  }
  return all;
}

inline constexpr Shuffles kCompressions = MakeCompressions(), kFills = MakeFills();

// Bit k is set where lane k of `low` is all ones, bit 8 + k for `high`; their other lanes are 0.
static inline uint32_t MasksOf(Lanes low, Lanes high) {
#if defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16((__m128i)low, (__m128i)high)));
#elif defined(__aarch64__)
  const Lanes weights = {1, 2, 4, 8, 16, 32, 64, 128};
  return vaddvq_u16((uint16x8_t)((low & weights) | (high & weights << 8)));
#else
  uint32_t mask = 0;
  for (uint32_t k = 0; k < kLanes; k++) mask |= (low[k] & 1u) << k | (high[k] & 1u) << (k + kLanes);
  return mask;
#endif
}

}  // namespace saccade::events
