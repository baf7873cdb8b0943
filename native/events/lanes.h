// Eight 16-bit lanes, in the vector types that gcc and clang share: one instruction each on SSE2 and NEON.
// All is static, so that no copy compiled for a newer processor is ever called on an older one.
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
typedef uint32_t WideLanes __attribute__((vector_size(32)));
typedef uint8_t ByteLanes __attribute__((vector_size(8)));
constexpr uint32_t kLanes = 8;

static inline Lanes LoadLanes(const void* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

static inline Lanes Splat(uint16_t value) {
  return Lanes{value, value, value, value, value, value, value, value};
}

#if defined(__clang__) || __GNUC__ >= 12
#define SACCADE_LANES(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SACCADE_LANES(a, b, ...) __builtin_shuffle(a, b, Lanes{__VA_ARGS__})
#endif

// The last lane in all.
static inline Lanes SplatLast(Lanes lanes) {
  return SACCADE_LANES(lanes, lanes, 7, 7, 7, 7, 7, 7, 7, 7);
}

// In each lane the value of the last lane up to it in which `valid` is all ones, else `before`; values of
// other lanes must be 0.
static inline Lanes LastValid(Lanes value, Lanes valid, Lanes before) {
  const Lanes zero = {};
  value |= SACCADE_LANES(zero, value, 0, 8, 9, 10, 11, 12, 13, 14) & ~valid;
  valid |= SACCADE_LANES(zero, valid, 0, 8, 9, 10, 11, 12, 13, 14);
  value |= SACCADE_LANES(zero, value, 0, 1, 8, 9, 10, 11, 12, 13) & ~valid;
  valid |= SACCADE_LANES(zero, valid, 0, 1, 8, 9, 10, 11, 12, 13);
  value |= SACCADE_LANES(zero, value, 0, 1, 2, 3, 8, 9, 10, 11) & ~valid;
  valid |= SACCADE_LANES(zero, valid, 0, 1, 2, 3, 8, 9, 10, 11);
  return value | (before & ~valid);
}

// For each set of lanes the shuffle that moves them to the front, and how many they are.
struct Compressions {
  uint16_t shuffle[256][kLanes] = {};
  uint8_t count[256] = {};
};

constexpr Compressions MakeCompressions() {
  Compressions all;
  for (int set = 0; set < 256; set++) {
    for (uint16_t lane = 0; lane < kLanes; lane++) {
      // Two bytes of a lane.
      if (set >> lane & 1) all.shuffle[set][all.count[set]++] = static_cast<uint16_t>(lane * 0x0202 + 0x0100);
    }
  }
  return all;
}

inline constexpr Compressions kCompressions = MakeCompressions();

// Bit k is set where lane k is all ones.
static inline uint32_t MaskOf(Lanes lanes) {
#if defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16((__m128i)lanes, _mm_setzero_si128())));
#elif defined(__aarch64__)
  const Lanes weights = {1, 2, 4, 8, 16, 32, 64, 128};
  return vaddvq_u16((uint16x8_t)(lanes & weights));
#else
  uint32_t mask = 0;
  for (uint32_t k = 0; k < kLanes; k++) mask |= (lanes[k] & 1u) << k;
  return mask;
#endif
}

// The first lane that is all ones, the others being 0; 8 when there is none.
static inline uint32_t FirstOf(Lanes lanes) {
  return static_cast<uint32_t>(std::countr_zero(MaskOf(lanes) | 1u << kLanes));
}

}  // namespace saccade::events
