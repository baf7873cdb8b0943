// The two instructions of AVX-VNNI in terms of AVX2, for kernels/avxvnni.h under SACCADE_EMULATED.
#pragma once

#include <immintrin.h>

namespace {

// sum + 4 products u8 x s8 per 32-bit lane, nothing saturated.
inline __m256i EmulatedDotBytes(__m256i sum, __m256i taps, __m256i weights) {
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(taps, _mm256_set1_epi16(0xff)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(taps, 8), _mm256_srai_epi16(weights, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}
inline __m256i EmulatedDotWords(__m256i sum, __m256i taps, __m256i weights) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(taps, weights));
}

}  // namespace

#define _mm256_dpbusd_avx_epi32 EmulatedDotBytes
#define _mm256_dpwssd_avx_epi32 EmulatedDotWords
