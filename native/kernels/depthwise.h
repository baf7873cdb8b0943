// Depthwise convolution on u8. Two forms. Pairs: s8 products of two kernel rows are summed in 16 bits; a
// pixel of both rows, once loaded, serves all taps of the row pair. Single: one 32-bit product per tap, for
// any stride and weight.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"
#include "kernels/tiles.h"

namespace saccade::kernels {
namespace {

// sums[P][kPairVectors][lanes]. The channels of a block lie in two vectors of 16-bit sums, in an order that
// is the instruction set's; weights are packed in it and Spread restores that of the channels.
template <class V, int P, int K>
void AccumulatePairs(const DepthwiseArgs& args, const uint8_t* first, const uint8_t* weights, int32_t* sums) {
  using I = typename V::Int;
  const size_t tap_pixel = args.tap_pixel, tap_row = args.tap_row;
  const int height = args.kernel_height, widen_rows = args.widen_rows;
  using Narrow = typename V::Narrow;
  constexpr int kVectors = V::kPairVectors;
  Narrow acc[2 * P];
  Unroll<2 * P>([&](auto i) SACCADE_LAMBDA { acc[i] = Narrow{}; });
  bool widened = false;
  for (int ky = 0, narrow = 0; ky < height; ky += 2) {
    const uint8_t* upper = first;
    // The last row of an odd kernel has no partner; its weights are zero.
    const uint8_t* lower = ky + 1 < height ? first + tap_row : first;
    Unroll<P + K - 1>([&](auto j) SACCADE_LAMBDA {
      const typename V::Pair pair = V::LoadPair(upper, lower);
      Unroll<K>([&](auto kx) SACCADE_LAMBDA {
        constexpr int p = j - kx;
        if constexpr (p >= 0 && p < P) {
          V::StepPair(acc[2 * p], acc[2 * p + 1], pair, weights + kx * V::kPairBytes);
        }
      });
      upper += tap_pixel;
      lower += tap_pixel;
    });
    weights += K * V::kPairBytes;
    first += 2 * tap_row;
    narrow += 2;
    if (narrow < widen_rows && ky + 2 < height) continue;
    narrow = 0;
    Unroll<P>([&](auto p) SACCADE_LAMBDA {
      I wide[kVectors];
      V::Spread(acc[2 * p], acc[2 * p + 1], wide);
      Unroll<kVectors>([&](auto q) SACCADE_LAMBDA {
        int32_t* to = sums + (kVectors * p + q) * V::kLanes;
        V::StoreInt(to, widened ? V::AddInt(wide[q], V::LoadInt(to)) : wide[q]);
      });
      acc[2 * p] = Narrow{};
      acc[2 * p + 1] = Narrow{};
    });
    widened = true;
  }
}

// sums[P][1][lanes].
template <class V, int P>
void AccumulateSingle(const DepthwiseArgs& args, const uint8_t* first, const uint8_t* weights,
                      int32_t* sums) {
  using I = typename V::Int;
  const size_t input_pixel = args.input_pixel, tap_pixel = args.tap_pixel;
  I acc[P];
  Unroll<P>([&](auto p) SACCADE_LAMBDA { acc[p] = I{}; });
  for (int ky = 0; ky < args.kernel_height; ky++) {
    const uint8_t* tap = first + static_cast<size_t>(ky) * args.tap_row;
    for (int kx = 0; kx < args.kernel_width; kx++) {
      const I w = V::LoadInt(weights);
      Unroll<P>([&](auto p) SACCADE_LAMBDA {
        acc[p] = V::AddInt(acc[p], V::MulInt(V::LoadChannels(tap + p * input_pixel), w));
      });
      weights += V::kBytes;
      tap += tap_pixel;
    }
  }
  Unroll<P>([&](auto p) SACCADE_LAMBDA { V::StoreInt(sums + p * V::kLanes, acc[p]); });
}

using DepthwiseFunction = void (*)(const DepthwiseArgs&, const uint8_t*, const uint8_t*, int32_t*);

template <class V, int K, int... i>
DepthwiseFunction ChoosePairs(int pixels, std::integer_sequence<int, i...>) {
  static constexpr DepthwiseFunction kFunctions[] = {AccumulatePairs<V, i + 1, K>...};
  return kFunctions[pixels - 1];
}
template <class V, int... i>
DepthwiseFunction ChooseSingle(int pixels, std::integer_sequence<int, i...>) {
  static constexpr DepthwiseFunction kFunctions[] = {AccumulateSingle<V, i + 1>...};
  return kFunctions[pixels - 1];
}

// K is the kernel's width, 0 for the single form.
template <class V, int K>
void DepthwiseBlocks(const DepthwiseArgs& args, const Part& part) {
  constexpr int kPixels = V::kDepthwisePixels;
  constexpr int kVectors = K ? V::kPairVectors : 1;
  for (int block = part.block_begin; block < part.block_end; block++) {
    const int channel = block * kVectors * V::kLanes;
    const uint8_t* weights =
        static_cast<const uint8_t*>(args.weights) + static_cast<size_t>(block) * args.block_bytes;
    FinishTiles<V, kPixels, kVectors>(args.out, args.channels, channel, args.width, args.steps, part,
                                      [&](int x, int y, int t, int pixels, int32_t* sums) SACCADE_LAMBDA {
                                        constexpr std::make_integer_sequence<int, kPixels> kTile{};
                                        const uint8_t* first =
                                            args.input + static_cast<size_t>(t) * args.input_step +
                                            static_cast<size_t>(y) * args.input_row +
                                            static_cast<size_t>(x) * args.input_pixel + channel;
                                        if constexpr (K) {
                                          ChoosePairs<V, K>(pixels, kTile)(args, first, weights, sums);
                                        } else {
                                          ChooseSingle<V>(pixels, kTile)(args, first, weights, sums);
                                        }
                                      });
  }
}

template <class V>
void DepthwiseConv(const DepthwiseArgs& args, const Part& part) {
  if (!args.pairs) return DepthwiseBlocks<V, 0>(args, part);
  switch (args.kernel_width) {
    case 3:
      return DepthwiseBlocks<V, 3>(args, part);
    case 5:
      return DepthwiseBlocks<V, 5>(args, part);
    default:
      return DepthwiseBlocks<V, 7>(args, part);
  }
}

}  // namespace
}  // namespace saccade::kernels
