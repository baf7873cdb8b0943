// Depthwise convolution on u8. Two forms. Pairs: bytes of horizontally adjacent pixels x, x+1 are interleaved
// once and meet the taps (0,1), (2,3), (4,5), (6,-) of up to four outputs, two products per 16-bit lane.
// Single: one 32-bit product per tap, for any stride and weight.
#pragma once

#include "kernels/args.h"
#include "kernels/epilogue.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// sums[P][2][lanes]: two vectors of 32-bit sums per pixel.
template <class V, int P, int K>
void AccumulatePairs(const DepthwiseArgs& args, const uint8_t* first, const uint8_t* weights, int32_t* sums) {
  using I = typename V::Int;
  constexpr int kPairs = (K + 1) / 2;
  constexpr int kPixels = P + K - 1;
  const size_t tap_pixel = args.tap_pixel, tap_row = args.tap_row;
  const int height = args.kernel_height, widen_rows = args.widen_rows;
  I acc[P];
  Unroll<P>([&](auto p) SACCADE_LAMBDA { acc[p] = V::Zero(); });
  bool widened = false;
  for (int ky = 0, narrow = 0; ky < height; ky++) {
    I w[kPairs];
    Unroll<kPairs>([&](auto m) SACCADE_LAMBDA { w[m] = V::LoadInt(weights + m * V::kBytes); });
    I current = V::LoadChannels16(first);
    Unroll<kPixels>([&](auto j) SACCADE_LAMBDA {
      I pair = current;
      if constexpr (j + 1 < kPixels) {
        current = V::LoadChannels16(first + (j + 1) * tap_pixel);
        pair = V::Interleave(pair, current);
      }
      Unroll<kPairs>([&](auto m) SACCADE_LAMBDA {
        constexpr int p = j - 2 * m;
        if constexpr (p >= 0 && p < P) V::Step8Narrow(acc[p], pair, w[m]);
      });
    });
    weights += kPairs * V::kBytes;
    first += tap_row;
    if (++narrow < widen_rows && ky + 1 < height) continue;
    narrow = 0;
    Unroll<P>([&](auto p) SACCADE_LAMBDA {
      int32_t* low = sums + p * 2 * V::kLanes;
      int32_t* high = low + V::kLanes;
      I a = V::WidenLow(acc[p]), b = V::WidenHigh(acc[p]);
      if (widened) {
        a = V::AddInt(a, V::LoadInt(low));
        b = V::AddInt(b, V::LoadInt(high));
      }
      V::StoreInt(low, a);
      V::StoreInt(high, b);
      acc[p] = V::Zero();
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
  Unroll<P>([&](auto p) SACCADE_LAMBDA { acc[p] = V::Zero(); });
  for (int ky = 0; ky < args.kernel_height; ky++) {
    const uint8_t* tap = first + static_cast<size_t>(ky) * args.tap_row;
    for (int kx = 0; kx < args.kernel_width; kx++) {
      const I w = V::LoadInt(weights);
      Unroll<P>([&](auto p) SACCADE_LAMBDA {
        acc[p] = V::AddInt(acc[p], V::MulInt(V::LoadChannels32(tap + p * input_pixel), w));
      });
      weights += V::kBytes;
      tap += tap_pixel;
    }
  }
  Unroll<P>([&](auto p) SACCADE_LAMBDA { V::StoreInt(sums + p * V::kLanes, acc[p]); });
}

template <class V>
using DepthwiseFunction = void (*)(const DepthwiseArgs&, const uint8_t*, const uint8_t*, int32_t*);

template <class V, int K, int... i>
DepthwiseFunction<V> ChoosePairs(int pixels, std::integer_sequence<int, i...>) {
  static constexpr DepthwiseFunction<V> kFunctions[] = {AccumulatePairs<V, i + 1, K>...};
  return kFunctions[pixels - 1];
}
template <class V, int... i>
DepthwiseFunction<V> ChooseSingle(int pixels, std::integer_sequence<int, i...>) {
  static constexpr DepthwiseFunction<V> kFunctions[] = {AccumulateSingle<V, i + 1>...};
  return kFunctions[pixels - 1];
}

template <class V>
DepthwiseFunction<V> ChooseDepthwise(const DepthwiseArgs& args, int pixels) {
  constexpr std::make_integer_sequence<int, V::kPairPixels> kTile{};
  if (!args.pairs) return ChooseSingle<V>(pixels, kTile);
  switch (args.kernel_width) {
    case 3:
      return ChoosePairs<V, 3>(pixels, kTile);
    case 5:
      return ChoosePairs<V, 5>(pixels, kTile);
    default:
      return ChoosePairs<V, 7>(pixels, kTile);
  }
}

template <class V>
void DepthwiseConv(const DepthwiseArgs& args, const Part& part) {
  alignas(64) int32_t sums[V::kPairPixels * 2 * V::kLanes];
  alignas(64) float state[V::kPairPixels * 2 * V::kLanes];
  const FinishFunction<V> finish = ChooseFinish<V>(args.out);
  const int vectors = args.pairs ? 2 : 1;
  const int tiles = (args.width + V::kPairPixels - 1) / V::kPairPixels;
  const bool memory = args.out.firing == Firing::kIlif || args.out.firing == Firing::kTau;
  for (int block = part.block_begin; block < part.block_end; block++) {
    const int channel = block * vectors * V::kLanes;
    const uint8_t* weights =
        static_cast<const uint8_t*>(args.weights) + static_cast<size_t>(block) * args.block_bytes;
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int i = 0, x = 0; i < tiles; i++) {
        const int end = static_cast<int>(static_cast<int64_t>(args.width) * (i + 1) / tiles);
        const DepthwiseFunction<V> accumulate = ChooseDepthwise<V>(args, end - x);
        if (memory) {
          for (float& m : state) m = 0.0f;
        }
        const uint8_t* first = args.input + static_cast<size_t>(y) * args.input_row +
                               static_cast<size_t>(x) * args.input_pixel + channel;
        for (int t = 0; t < args.steps; t++) {
          accumulate(args, first, weights, sums);
          finish(args.out, args.channels, Place{x, y, t, channel}, end - x, vectors, sums, state);
          first += args.input_step;
        }
        x = end;
      }
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
