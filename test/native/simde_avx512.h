// AVX-512 by emulation (Debian: libsimde-dev), for kernels/avx512.h under SACCADE_EMULATED. SIMDe 0.7 lacks a
// few conversions and masked stores; they follow in terms of 256-bit halves.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <immintrin.h>
#include <simde/x86/avx512.h>

#include <cstdint>
#include <cstring>

namespace {

inline __m512 Join(__m256 low, __m256 high) {
  float lanes[16];
  std::memcpy(lanes, &low, 32);
  std::memcpy(lanes + 8, &high, 32);
  return simde_mm512_loadu_ps(lanes);
}
inline __m512i Join(__m256i low, __m256i high) {
  int32_t lanes[16];
  std::memcpy(lanes, &low, 32);
  std::memcpy(lanes + 8, &high, 32);
  return simde_mm512_loadu_si512(lanes);
}
template <class Whole, class Half>
inline void Split(const Whole& whole, Half halves[2]) {
  std::memcpy(halves, &whole, 64);
}

inline __m512 EmulatedToFloat(const __m512i& a) {
  __m256i halves[2];
  Split(a, halves);
  return Join(_mm256_cvtepi32_ps(halves[0]), _mm256_cvtepi32_ps(halves[1]));
}
inline __m512i EmulatedToInt(const __m512& a) {
  __m256 halves[2];
  Split(a, halves);
  return Join(_mm256_cvtps_epi32(halves[0]), _mm256_cvtps_epi32(halves[1]));
}
inline __m512i EmulatedBytesTo16(__m256i a) {
  return Join(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(a)),
              _mm256_cvtepu8_epi16(_mm256_extracti128_si256(a, 1)));
}
inline __m512i EmulatedBytesTo32(__m128i a) {
  return Join(_mm256_cvtepu8_epi32(a), _mm256_cvtepu8_epi32(_mm_srli_si128(a, 8)));
}
inline __m512i Emulated16To32(__m256i a) {
  return Join(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(a)),
              _mm256_cvtepi16_epi32(_mm256_extracti128_si256(a, 1)));
}
inline void EmulatedStore(float* to, unsigned mask, const __m512& a) {
  float lanes[16];
  std::memcpy(lanes, &a, 64);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) to[i] = lanes[i];
  }
}
inline void EmulatedStoreBytes(void* to, unsigned mask, const __m512i& a) {
  int32_t lanes[16];
  std::memcpy(lanes, &a, 64);
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) static_cast<uint8_t*>(to)[i] = static_cast<uint8_t>(lanes[i]);
  }
}

}  // namespace

#define _mm512_cvtepi32_ps EmulatedToFloat
#define _mm512_cvtps_epi32 EmulatedToInt
#define _mm512_cvtepu8_epi16 EmulatedBytesTo16
#define _mm512_cvtepu8_epi32 EmulatedBytesTo32
#define _mm512_cvtepi16_epi32 Emulated16To32
#define _mm512_mask_storeu_ps EmulatedStore
#define _mm512_mask_cvtepi32_storeu_epi8 EmulatedStoreBytes
