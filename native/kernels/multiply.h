// The products of one segment of a convolution, in the three forms that instruction sets have. `taps` is the
// first tap of the tile's first pixel; sums are acc[pixel][vector].
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

enum class Form {
  kDots,   // a broadcast of 4 taps meets weights [lane][4 taps] (maddubs, vpdpbusd); s16 by two halves of 2
  kLanes,  // the same weights; a load of 16 taps serves four groups, the instruction picks its lane (SDOT)
  kTaps,   // one tap meets weights [lane] (SMLAL)
};

template <class V, int P, int Q, bool kWide, class Sum>
SACCADE_INLINE void MultiplyDots(Sum* acc, const uint8_t* taps, size_t pixel, const uint8_t*& weights,
                                 int groups) {
  using I = typename V::Int;
  for (; groups > 0; groups--) {
    if constexpr (kWide) {
      Unroll<P>([&](auto p) SACCADE_LAMBDA {
        const I four = V::Taps(taps + p * pixel);
        const I even = V::Even(four), odd = V::Odd(four);
        Unroll<Q>([&](auto q) SACCADE_LAMBDA {
          V::Step16(acc[p * Q + q], even, V::LoadInt(weights + q * V::kBytes));
          V::Step16(acc[p * Q + q], odd, V::LoadInt(weights + (Q + q) * V::kBytes));
        });
      });
      weights += 2 * Q * V::kBytes;
    } else {
      I w[Q];
      Unroll<Q>([&](auto q) SACCADE_LAMBDA { w[q] = V::LoadInt(weights + q * V::kBytes); });
      Unroll<P>([&](auto p) SACCADE_LAMBDA {
        const I four = V::Taps(taps + p * pixel);
        Unroll<Q>([&](auto q) SACCADE_LAMBDA { V::Step8(acc[p * Q + q], four, w[q]); });
      });
      weights += Q * V::kBytes;
    }
    taps += 4;
  }
}

template <class V, int P, int Q, class Sum>
SACCADE_INLINE void MultiplyLanes(Sum* acc, const uint8_t* taps, size_t pixel, const uint8_t*& weights,
                                  int groups) {
  typename V::Bytes t[P];
  const auto step = [&](auto lane) SACCADE_LAMBDA {
    Unroll<2 * Q>([&](auto half) SACCADE_LAMBDA {
      const typename V::Bytes w = V::LoadBytes(weights + half * (V::kBytes / 2));
      Unroll<P>([&](auto p)
                    SACCADE_LAMBDA { V::template StepLane<lane, half % 2>(acc[p * Q + half / 2], t[p], w); });
    });
    weights += Q * V::kBytes;
  };
  for (; groups >= 4; groups -= 4) {
    Unroll<P>([&](auto p) SACCADE_LAMBDA { t[p] = V::LoadBytes(taps + p * pixel); });
    Unroll<4>(step);
    taps += 16;
  }
  for (; groups > 0; groups--) {
    Unroll<P>([&](auto p) SACCADE_LAMBDA { t[p] = V::LoadFour(taps + p * pixel); });
    step(Index<0>{});
    taps += 4;
  }
}

template <class V, int P, int Q, bool kWide, class Sum>
SACCADE_INLINE void MultiplyTaps(Sum* acc, const uint8_t* taps, size_t pixel, const uint8_t*& weights,
                                 int groups) {
  using Four = typename V::template Four<kWide>;
  constexpr int kTapBytes = V::kLanes * (kWide ? 2 : 1);
  for (; groups > 0; groups--) {
    typename Four::Taps four[P];
    Unroll<P>([&](auto p) SACCADE_LAMBDA { four[p] = Four::Load(taps + p * pixel); });
    Unroll<4>([&](auto tap) SACCADE_LAMBDA {
      typename Four::Weights w[Q];
      Unroll<Q>([&](auto q)
                    SACCADE_LAMBDA { w[q] = Four::LoadWeights(weights + (tap * Q + q) * kTapBytes); });
      Unroll<P>([&](auto p) SACCADE_LAMBDA {
        Unroll<Q>([&](auto q) SACCADE_LAMBDA { Four::template Step<tap>(acc[p * Q + q], four[p], w[q]); });
      });
    });
    weights += 4 * Q * kTapBytes;
    taps += 4;
  }
}

// kWide: s16 weights.
template <class V, int P, int Q, bool kWide, class Sum>
SACCADE_INLINE void Multiply(Sum* acc, const uint8_t* taps, size_t pixel, const uint8_t*& weights,
                             int groups) {
  constexpr Form kForm = kWide ? V::kForm16 : V::kForm8;
  if constexpr (kForm == Form::kDots) {
    MultiplyDots<V, P, Q, kWide>(acc, taps, pixel, weights, groups);
  } else if constexpr (kForm == Form::kLanes) {
    MultiplyLanes<V, P, Q>(acc, taps, pixel, weights, groups);
  } else {
    MultiplyTaps<V, P, Q, kWide>(acc, taps, pixel, weights, groups);
  }
}

}  // namespace
}  // namespace saccade::kernels
