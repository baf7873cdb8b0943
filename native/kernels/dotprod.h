// NEON with the dot product of armv8.2-a: SDOT multiplies 4 taps with those of 4 output channels and sums
// them in 32 bits. Everything else is that of NEON. Taps are signed, 0..127.
#pragma once

#include "kernels/neon.h"

namespace saccade::kernels {
namespace {

struct Dotprod : Neon {
  static constexpr bool kNarrow = false;
  static constexpr Form kForm8 = Form::kLanes;

  using Bytes = int8x16_t;
  static SACCADE_INLINE Bytes LoadBytes(const uint8_t* p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
  // 4 taps in lane 0.
  static SACCADE_INLINE Bytes LoadFour(const uint8_t* p) {
    uint32_t four;
    __builtin_memcpy(&four, p, 4);
    return vreinterpretq_s8_u32(vdupq_n_u32(four));
  }

  // The 4 taps in lane kLane times the weights of 4 output channels. The empty asm keeps the sum where it is:
  // gcc 12 would move products ahead and spill (60 instead of 49 cycles per 16 channels on a Neoverse N1).
  template <int kLane, int kHalf>
  static SACCADE_INLINE void StepLane(Int& sum, Bytes taps, Bytes weights) {
    int32x4_t& part = kHalf ? sum.high : sum.low;
    part = vdotq_laneq_s32(part, weights, taps, kLane);
    asm volatile("" : "+w"(part));
  }
};

}  // namespace
}  // namespace saccade::kernels
