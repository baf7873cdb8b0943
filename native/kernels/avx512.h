// AVX-512 with VNNI as the kernel headers see it: 16 lanes of 32 bits. With SACCADE_EMULATED the same kernels
// are compiled for any processor, so that a machine without AVX-512 can test them (test/native).
#pragma once

#if defined(SACCADE_EMULATED)
#include "simde_avx512.h"
#else
#include <immintrin.h>
#endif

#include <cstdint>

#include "kernels/inline.h"
#include "kernels/multiply.h"
#include "kernels/sse.h"

namespace saccade::kernels {
namespace {

struct Avx512Vnni : SseLists {
  using Int = __m512i;
  using Narrow = Int;
  using Float = __m512;
  static constexpr int kLanes = 16;
  static constexpr int kBytes = 64;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 12;          // 24 sums + 2 weights + taps of 32 registers
  static constexpr int kDepthwisePixels = 8;  // 16 sums + 2 interleaved + product
  static constexpr Form kForm8 = Form::kDots;
  static constexpr Form kForm16 = Form::kDots;
  static constexpr bool kNarrow = false;

  static SACCADE_INLINE Int LoadInt(const void* p) { return _mm512_loadu_si512(p); }
  static SACCADE_INLINE void StoreInt(void* p, Int a) { _mm512_storeu_si512(p, a); }
  static SACCADE_INLINE Int AddInt(Int a, Int b) { return _mm512_add_epi32(a, b); }
  static SACCADE_INLINE Int MulInt(Int a, Int b) { return _mm512_mullo_epi32(a, b); }

  static SACCADE_INLINE Int Taps(const uint8_t* p) {
    int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
  }
  static SACCADE_INLINE Int Even(Int a) { return _mm512_and_si512(a, _mm512_set1_epi16(0xff)); }
  static SACCADE_INLINE Int Odd(Int a) { return _mm512_srli_epi16(a, 8); }
  static SACCADE_INLINE void Step8(Int& sum, Int taps, Int weights) {
    sum = _mm512_dpbusd_epi32(sum, taps, weights);
  }
  static SACCADE_INLINE void Step16(Int& sum, Int taps, Int weights) {
    sum = _mm512_dpwssd_epi32(sum, taps, weights);
  }

  // Depthwise; see avx2.h. Of 64 channels the low interleave holds 0-7, 16-23, 32-39, 48-55.
  static SACCADE_INLINE Int LoadChannels(const uint8_t* p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  struct Pair {
    Int low, high;
  };
  static constexpr int kPairBytes = 2 * kBytes;
  static constexpr int kPairVectors = 4;
  static SACCADE_INLINE Pair LoadPair(const uint8_t* upper, const uint8_t* lower) {
    const Int a = LoadInt(upper), b = LoadInt(lower);
    return {_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)};
  }
  static SACCADE_INLINE void StepPair(Int& low, Int& high, Pair taps, const uint8_t* weights) {
    low = _mm512_add_epi16(low, _mm512_maddubs_epi16(taps.low, LoadInt(weights)));
    high = _mm512_add_epi16(high, _mm512_maddubs_epi16(taps.high, LoadInt(weights + kBytes)));
  }
  static SACCADE_INLINE void Spread(Int low, Int high, Int wide[4]) {
    // 128-bit lanes l0 h0 l1 h1 | l2 h2 l3 h3.
    const Int lower = _mm512_permutex2var_epi64(low, _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high);
    const Int upper = _mm512_permutex2var_epi64(low, _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4), high);
    wide[0] = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(lower));
    wide[1] = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(lower, 1));
    wide[2] = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(upper));
    wide[3] = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(upper, 1));
  }

  // Sums over lists; see avx2.h.
  template <bool kWide, class = void>
  struct Sparse {
    using Sum = Int;
    static constexpr int kMost = 12;  // 384 channels, or 3 x 128
    static constexpr bool kPairs = true;
    static constexpr int kLanes = 32;
    static SACCADE_INLINE Int Load(const uint8_t* entry, int unit) { return LoadInt(entry + unit * kBytes); }
    static SACCADE_INLINE void Keep(Int&, Int&) {}
    static SACCADE_INLINE Int Counts(const uint8_t* two) {
      int16_t both;
      __builtin_memcpy(&both, two, 2);
      return _mm512_set1_epi16(both);
    }
    static SACCADE_INLINE Int Low(Int a, Int b) { return _mm512_unpacklo_epi8(a, b); }
    static SACCADE_INLINE Int High(Int a, Int b) { return _mm512_unpackhi_epi8(a, b); }
    static SACCADE_INLINE void Step(Sum& sum, Int counts, Int weights) {
      sum = _mm512_add_epi16(sum, _mm512_maddubs_epi16(counts, weights));
    }
    static SACCADE_INLINE void Widen(Sum sum, Int parts[2]) {
      parts[0] = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(sum));
      parts[1] = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(sum, 1));
    }
  };
  template <class Same>
  struct Sparse<true, Same> {
    using Sum = Int;
    static constexpr int kMost = 12;
    static constexpr bool kPairs = true;
    static constexpr int kLanes = 16;
    static SACCADE_INLINE Int Load(const uint8_t* entry, int unit) { return LoadInt(entry + unit * kBytes); }
    static SACCADE_INLINE void Keep(Int&, Int&) {}
    static SACCADE_INLINE Int Counts(const uint8_t* two) { return _mm512_set1_epi32(two[0] | two[1] << 16); }
    static SACCADE_INLINE Int Low(Int a, Int b) { return _mm512_unpacklo_epi16(a, b); }
    static SACCADE_INLINE Int High(Int a, Int b) { return _mm512_unpackhi_epi16(a, b); }
    static SACCADE_INLINE void Step(Sum& sum, Int counts, Int weights) {
      sum = _mm512_dpwssd_epi32(sum, counts, weights);
    }
    static SACCADE_INLINE void Widen(Sum sum, Int parts[1]) { parts[0] = sum; }
  };

  static SACCADE_INLINE Float Broadcast(float x) { return _mm512_set1_ps(x); }
  static SACCADE_INLINE Float LoadFloat(const float* p) { return _mm512_loadu_ps(p); }
  static SACCADE_INLINE Float ToFloat(Int a) { return _mm512_cvtepi32_ps(a); }
  static SACCADE_INLINE Float Add(Float a, Float b) { return _mm512_add_ps(a, b); }
  static SACCADE_INLINE Float Sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
  static SACCADE_INLINE Float Mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static SACCADE_INLINE Float Div(Float a, Float b) { return _mm512_div_ps(a, b); }
  static SACCADE_INLINE Float Max(Float a, Float b) { return _mm512_max_ps(a, b); }
  static SACCADE_INLINE Float Min(Float a, Float b) { return _mm512_min_ps(a, b); }
  static SACCADE_INLINE Int Round(Float a) { return _mm512_cvtps_epi32(a); }

  static SACCADE_INLINE __mmask16 First(int left) {
    return left >= 16 ? static_cast<__mmask16>(0xffff) : static_cast<__mmask16>((1u << left) - 1);
  }
  static SACCADE_INLINE void StoreFloat(float* p, Float a, int left) {
    _mm512_mask_storeu_ps(p, First(left), a);
  }
  static SACCADE_INLINE void StoreBytes(uint8_t* p, Int a, Int b) {
    StoreBytes(p, a, kLanes);
    StoreBytes(p + kLanes, b, kLanes);
  }
  static SACCADE_INLINE void StoreBytes(uint8_t* p, Int a, int left) {
    _mm512_mask_cvtepi32_storeu_epi8(p, First(left), a);
  }
};

}  // namespace
}  // namespace saccade::kernels
