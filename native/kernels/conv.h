// Dense convolution on u8 as an implicit matrix product: kernel row ky of an output pixel is one contiguous
// run of bytes, for any stride, so a KxK convolution is K dot products. A tile is P pixels x Q vectors of
// output channels whose sums stay in registers; one 32-bit broadcast of 4 taps meets Q weight vectors.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"
#include "kernels/tiles.h"

namespace saccade::kernels {
namespace {

// sums[P][Q][lanes] = the products of one tile. kWide: s16 weights.
template <class V, int P, int Q, bool kWide>
void Accumulate(const uint8_t* run, size_t pixel, const uint8_t* weights, const Segment* segments, int count,
                int32_t* sums) {
  using I = typename V::Int;
  I acc[P * Q];
  Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { acc[i] = V::Zero(); });
  bool widened = false;
  for (int s = 0; s < count; s++) {
    const uint8_t* taps = run + segments[s].offset;
    for (int g = segments[s].groups; g > 0; g--) {
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
    if constexpr (!kWide && V::kNarrow) {
      if (!segments[s].widen) continue;
      Unroll<P * Q>([&](auto i) SACCADE_LAMBDA {
        I wide = V::Widen(acc[i]);
        if (widened) wide = V::AddInt(wide, V::LoadInt(sums + i * V::kLanes));
        V::StoreInt(sums + i * V::kLanes, wide);
        acc[i] = V::Zero();
      });
      widened = true;
    }
  }
  if constexpr (kWide || !V::kNarrow) {
    Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { V::StoreInt(sums + i * V::kLanes, acc[i]); });
  }
}

template <class V>
using AccumulateFunction = void (*)(const uint8_t*, size_t, const uint8_t*, const Segment*, int, int32_t*);

template <class V, int Q, bool kWide, int... i>
AccumulateFunction<V> ChoosePixels(int pixels, std::integer_sequence<int, i...>) {
  static constexpr AccumulateFunction<V> kFunctions[] = {Accumulate<V, i + 1, Q, kWide>...};
  return kFunctions[pixels - 1];
}

template <class V, int Q, bool kWide>
void ConvBlock(const ConvArgs& args, const Part& part, int block) {
  const uint8_t* weights =
      static_cast<const uint8_t*>(args.weights) + static_cast<size_t>(block) * args.block_bytes;
  const int channel = block * V::kVectors * V::kLanes;
  ForTiles<V, V::kPixels, Q>(args.out, args.channels, channel, args.width, args.steps, part,
                             [&](int x, int y, int t, int pixels, int32_t* sums) SACCADE_LAMBDA {
                               const uint8_t* run = args.input + static_cast<size_t>(t) * args.input_step +
                                                    static_cast<size_t>(y) * args.input_row +
                                                    static_cast<size_t>(x) * args.input_pixel;
                               ChoosePixels<V, Q, kWide>(pixels,
                                                         std::make_integer_sequence<int, V::kPixels>{})(
                                   run, args.input_pixel, weights, args.segments, args.segment_count, sums);
                             });
}

// Blocks outermost: the weights of one block stay in the first-level cache while all its rows are done.
template <class V, bool kWide>
void Conv(const ConvArgs& args, const Part& part) {
  for (int block = part.block_begin; block < part.block_end; block++) {
    const int left = args.channels - block * V::kVectors * V::kLanes;
    if (left > V::kLanes) {
      ConvBlock<V, V::kVectors, kWide>(args, part, block);
    } else {
      ConvBlock<V, 1, kWide>(args, part, block);
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
