// AVX-VNNI as the kernel headers see it: AVX2 whose products are summed in 32 bits by one instruction. With
// SACCADE_EMULATED the instructions are functions, so that a machine without them can test the kernels.
#pragma once

#include "kernels/avx2.h"
#if defined(SACCADE_EMULATED)
#include "emulated_avxvnni.h"
#endif

namespace saccade::kernels {
namespace {

struct AvxVnni : Avx2 {
  static constexpr int kPixels = 6;  // 12 sums + 2 weights + taps of 16 registers
  static constexpr bool kNarrow = false;

  static SACCADE_INLINE void Step8(Int& sum, Int taps, Int weights) {
    sum = _mm256_dpbusd_avx_epi32(sum, taps, weights);
  }
  static SACCADE_INLINE void Step16(Int& sum, Int taps, Int weights) {
    sum = _mm256_dpwssd_avx_epi32(sum, taps, weights);
  }
};

}  // namespace
}  // namespace saccade::kernels
