// What the x86 sets share: lists of what is not 0 (lists.h), 16 bytes at a time. AVX2 adds nothing to it:
// places are 16 bits wide.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

struct SseLists {
  static SACCADE_INLINE unsigned NonzeroSixteen(const uint8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()))) ^ 0xffffu;
  }
  // Of 8 bytes those that `order` names, and their places.
  static SACCADE_INLINE void Compress(const uint8_t* from, const uint8_t* order, int place, uint16_t* places,
                                      uint8_t* values) {
    const __m128i picked = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(order));
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(values), _mm_shuffle_epi8(bytes, picked));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(places),
                     _mm_add_epi16(_mm_cvtepu8_epi16(picked), _mm_set1_epi16(static_cast<int16_t>(place))));
  }
};

}  // namespace
}  // namespace saccade::kernels
