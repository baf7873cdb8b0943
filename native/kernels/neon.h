// NEON of armv8-a as the kernel headers see it: 8 lanes of 32 bits in two registers, so that tiles and tails
// are those of AVX2. SMLAL multiplies and sums 8 channels in 16 bits; taps are signed there, 0..127.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/inline.h"
#include "kernels/multiply.h"

namespace saccade::kernels {
namespace {

struct Neon {
  struct Int {
    int32x4_t low, high;
  };
  struct Float {
    float32x4_t low, high;
  };
  using Narrow = int16x8_t;
  static constexpr int kLanes = 8;
  static constexpr int kBytes = 32;
  static constexpr int kVectors = 2;
  static constexpr int kPixels = 6;           // 12 narrow sums or 24 wide ones of 32 registers
  static constexpr int kDepthwisePixels = 6;  // 12 sums + 2 rows + 2 weights; 8 would spill
  static constexpr bool kNarrow = true;
  static constexpr Form kForm8 = Form::kTaps;
  static constexpr Form kForm16 = Form::kTaps;

  static SACCADE_INLINE Int LoadInt(const void* p) {
    const auto* from = static_cast<const int32_t*>(p);
    return {vld1q_s32(from), vld1q_s32(from + 4)};
  }
  static SACCADE_INLINE void StoreInt(void* p, Int a) {
    auto* to = static_cast<int32_t*>(p);
    vst1q_s32(to, a.low);
    vst1q_s32(to + 4, a.high);
  }
  static SACCADE_INLINE Int AddInt(Int a, Int b) {
    return {vaddq_s32(a.low, b.low), vaddq_s32(a.high, b.high)};
  }
  static SACCADE_INLINE Int MulInt(Int a, Int b) {
    return {vmulq_s32(a.low, b.low), vmulq_s32(a.high, b.high)};
  }
  static SACCADE_INLINE Int Widen(Narrow a) { return {vmovl_s16(vget_low_s16(a)), vmovl_high_s16(a)}; }

  // 4 taps, and one of them times the weights of 8 output channels. s8: one product per 16-bit lane.
  template <bool kWide, class = void>
  struct Four {
    using Taps = int8x8_t;
    using Weights = int8x8_t;
    static SACCADE_INLINE Taps Load(const uint8_t* p) {
      uint32_t four;
      __builtin_memcpy(&four, p, 4);
      return vcreate_s8(four);
    }
    static SACCADE_INLINE Weights LoadWeights(const uint8_t* p) {
      return vld1_s8(reinterpret_cast<const int8_t*>(p));
    }
    template <int kTap>
    static SACCADE_INLINE void Step(Narrow& sum, Taps taps, Weights weights) {
      sum = vmlal_s8(sum, vdup_lane_s8(taps, kTap), weights);
      asm volatile("" : "+w"(sum));
    }
  };
  // s16: one product per 32-bit lane.
  template <class Same>
  struct Four<true, Same> {
    using Taps = int16x4_t;
    using Weights = int16x8_t;
    static SACCADE_INLINE Taps Load(const uint8_t* p) {
      uint32_t four;
      __builtin_memcpy(&four, p, 4);
      return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
    }
    static SACCADE_INLINE Weights LoadWeights(const uint8_t* p) { return vreinterpretq_s16_u8(vld1q_u8(p)); }
    template <int kTap>
    static SACCADE_INLINE void Step(Int& sum, Taps taps, Weights weights) {
      sum.low = vmlal_lane_s16(sum.low, vget_low_s16(weights), taps, kTap);
      asm volatile("" : "+w"(sum.low));
      sum.high = vmlal_high_lane_s16(sum.high, weights, taps, kTap);
      asm volatile("" : "+w"(sum.high));
    }
  };

  // Lists of what is not 0 (lists.h). There is no instruction for the mask of a vector: the bytes that are
  // not 0 keep the bit of their place, and each half is summed.
  static SACCADE_INLINE unsigned NonzeroSixteen(const uint8_t* p) {
    static constexpr uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bytes = vld1q_u8(p);
    const uint8x16_t bits = vandq_u8(vtstq_u8(bytes, bytes), vld1q_u8(kBits));
    return vaddv_u8(vget_low_u8(bits)) | static_cast<unsigned>(vaddv_u8(vget_high_u8(bits))) << 8;
  }
  static SACCADE_INLINE void Compress(const uint8_t* from, const uint8_t* order, int place, uint16_t* places,
                                      uint8_t* values) {
    const uint8x8_t picked = vld1_u8(order);
    vst1_u8(values, vtbl1_u8(vld1_u8(from), picked));
    vst1q_u16(places, vaddq_u16(vmovl_u8(picked), vdupq_n_u16(static_cast<uint16_t>(place))));
  }

  // Sums over such lists (sparse.h), one entry at a time: its weights times its count.
  template <bool kWide, class = void>
  struct Sparse {
    using Sum = Narrow;
    static constexpr int kMost = 24;  // + count and weights of 32 registers
    static constexpr bool kPairs = false;
    static constexpr int kLanes = 8;
    static SACCADE_INLINE int8x16_t Load(const uint8_t* entry, int unit) {
      return vld1q_s8(reinterpret_cast<const int8_t*>(entry) + unit * 16);
    }
    static SACCADE_INLINE int8x16_t Counts(const uint8_t* one) {
      return vreinterpretq_s8_u8(vld1q_dup_u8(one));
    }
    static SACCADE_INLINE void StepLow(Sum& sum, int8x16_t counts, int8x16_t weights) {
      sum = vmlal_s8(sum, vget_low_s8(counts), vget_low_s8(weights));
      asm volatile("" : "+w"(sum));
    }
    static SACCADE_INLINE void StepHigh(Sum& sum, int8x16_t counts, int8x16_t weights) {
      sum = vmlal_high_s8(sum, counts, weights);
      asm volatile("" : "+w"(sum));
    }
    static SACCADE_INLINE void Widen(Sum sum, Int parts[1]) { parts[0] = Neon::Widen(sum); }
  };
  // s16: half as many sums, each in two registers.
  template <class Same>
  struct Sparse<true, Same> {
    using Sum = Int;
    static constexpr int kMost = 12;
    static constexpr bool kPairs = false;
    static constexpr int kLanes = 8;
    struct Weights {
      int16x8_t first, second;  // 4 of one vector of sums and 4 of the other
    };
    static SACCADE_INLINE Weights Load(const uint8_t* entry, int unit) {
      const auto* from = reinterpret_cast<const int16_t*>(entry) + unit * 16;
      return {vld1q_s16(from), vld1q_s16(from + 8)};
    }
    static SACCADE_INLINE int16x4_t Counts(const uint8_t* one) {
      return vdup_n_s16(static_cast<int16_t>(*one));
    }
    static SACCADE_INLINE void StepLow(Sum& sum, int16x4_t counts, Weights weights) {
      sum.low = vmlal_s16(sum.low, counts, vget_low_s16(weights.first));
      sum.high = vmlal_s16(sum.high, counts, vget_low_s16(weights.second));
    }
    static SACCADE_INLINE void StepHigh(Sum& sum, int16x4_t counts, Weights weights) {
      sum.low = vmlal_s16(sum.low, counts, vget_high_s16(weights.first));
      sum.high = vmlal_s16(sum.high, counts, vget_high_s16(weights.second));
    }
    static SACCADE_INLINE void Widen(Sum sum, Int parts[1]) { parts[0] = sum; }
  };

  // Depthwise: two kernel rows of 16 channels.
  struct Pair {
    int8x16_t upper, lower;
  };
  static constexpr int kPairBytes = 32;
  static constexpr int kPairVectors = 2;
  static SACCADE_INLINE Pair LoadPair(const uint8_t* upper, const uint8_t* lower) {
    return {vreinterpretq_s8_u8(vld1q_u8(upper)), vreinterpretq_s8_u8(vld1q_u8(lower))};
  }
  static SACCADE_INLINE void StepPair(Narrow& low, Narrow& high, Pair taps, const uint8_t* weights) {
    const int8x16_t first = vld1q_s8(reinterpret_cast<const int8_t*>(weights));
    const int8x16_t second = vld1q_s8(reinterpret_cast<const int8_t*>(weights + 16));
    low = vmlal_s8(low, vget_low_s8(taps.upper), vget_low_s8(first));
    high = vmlal_high_s8(high, taps.upper, first);
    low = vmlal_s8(low, vget_low_s8(taps.lower), vget_low_s8(second));
    high = vmlal_high_s8(high, taps.lower, second);
  }
  static SACCADE_INLINE void Spread(Narrow low, Narrow high, Int wide[2]) {
    wide[0] = Widen(low);
    wide[1] = Widen(high);
  }
  static SACCADE_INLINE Int LoadChannels(const uint8_t* p) {
    const uint16x8_t words = vmovl_u8(vld1_u8(p));
    return {vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words))),
            vreinterpretq_s32_u32(vmovl_high_u16(words))};
  }

  static SACCADE_INLINE Float Broadcast(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
  static SACCADE_INLINE Float LoadFloat(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static SACCADE_INLINE Float ToFloat(Int a) { return {vcvtq_f32_s32(a.low), vcvtq_f32_s32(a.high)}; }
  static SACCADE_INLINE Float Add(Float a, Float b) {
    return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
  }
  static SACCADE_INLINE Float Sub(Float a, Float b) {
    return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
  }
  static SACCADE_INLINE Float Mul(Float a, Float b) {
    return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
  }
  static SACCADE_INLINE Float Div(Float a, Float b) {
    return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
  }
  static SACCADE_INLINE Float Max(Float a, Float b) {
    return {vmaxq_f32(a.low, b.low), vmaxq_f32(a.high, b.high)};
  }
  static SACCADE_INLINE Float Min(Float a, Float b) {
    return {vminq_f32(a.low, b.low), vminq_f32(a.high, b.high)};
  }
  // To the nearest, ties to even, whatever the mode.
  static SACCADE_INLINE Int Round(Float a) { return {vcvtnq_s32_f32(a.low), vcvtnq_s32_f32(a.high)}; }

  // `left` channels remain; it is a multiple of 4.
  static SACCADE_INLINE void StoreFloat(float* p, Float a, int left) {
    vst1q_f32(p, a.low);
    if (left >= 8) vst1q_f32(p + 4, a.high);
  }
  static SACCADE_INLINE int16x8_t Words(Int a) { return vcombine_s16(vmovn_s32(a.low), vmovn_s32(a.high)); }
  static SACCADE_INLINE void StoreBytes(uint8_t* p, Int a, Int b) {
    const int8x16_t bytes = vcombine_s8(vmovn_s16(Words(a)), vmovn_s16(Words(b)));
    vst1q_u8(p, vreinterpretq_u8_s8(bytes));
  }
  static SACCADE_INLINE void StoreBytes(uint8_t* p, Int a, int left) {
    const uint8x8_t bytes = vreinterpret_u8_s8(vmovn_s16(Words(a)));
    if (left >= 8) {
      vst1_u8(p, bytes);
    } else {
      const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
      __builtin_memcpy(p, &four, 4);
    }
  }
};

}  // namespace
}  // namespace saccade::kernels
