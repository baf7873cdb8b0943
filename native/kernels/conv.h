// Dense convolution on u8 as an implicit matrix product: kernel row ky of an output pixel is one contiguous
// run of bytes, for any stride, so a KxK convolution is K dot products. A tile is P pixels x Q vectors of
// output channels whose sums stay in registers; multiply.h has what happens to one run.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"
#include "kernels/multiply.h"
#include "kernels/tiles.h"

namespace saccade::kernels {
namespace {

// Where the sums of a tile go: to `sums`, [P][Q][lanes], for the epilogue; or, when all that follows is one
// neuron without memory, straight from the registers to `spikes`: a 1x1 convolution of 32 channels takes a
// sixth longer when its sums are stored and loaded again. `sums` also holds what narrow accumulators were
// widened into on the way.
template <class V>
struct Tile {
  const uint8_t* run;
  size_t pixel;  // bytes from one output pixel's first tap to the next one's
  const uint8_t* weights;
  const Segment* segments;
  int segment_count;
  int32_t* sums;
  uint8_t* spikes;
  size_t spike_pixel;
  const float* scale;
  const float* bias;
  float levels;
};

// (std::conditional would warn about attributes of vector types that it drops.)
template <class V, bool kNarrow>
struct SumOf {
  using Type = typename V::Int;
};
template <class V>
struct SumOf<V, true> {
  using Type = typename V::Narrow;
};

template <class V, int P, int Q, bool kWide, bool kFire>
void SumTile(const Tile<V>& tile) {
  using I = typename V::Int;
  using F = typename V::Float;
  constexpr bool kNarrow = !kWide && V::kNarrow;
  const uint8_t* weights = tile.weights;
  const Segment* segment = tile.segments;
  const Segment* const last = segment + tile.segment_count - 1;
  const size_t pixel = tile.pixel;
  int32_t* const sums = tile.sums;
  using Sum = typename SumOf<V, kNarrow>::Type;
  Sum acc[P * Q];
  Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { acc[i] = Sum{}; });
  bool widened = false;
  for (; segment != last; segment++) {
    Multiply<V, P, Q, kWide>(acc, tile.run + segment->offset, pixel, weights, segment->groups);
    if constexpr (kNarrow) {
      if (!segment->widen) continue;
      Unroll<P * Q>([&](auto i) SACCADE_LAMBDA {
        const I wide = V::Widen(acc[i]);
        V::StoreInt(sums + i * V::kLanes, widened ? V::AddInt(wide, V::LoadInt(sums + i * V::kLanes)) : wide);
        acc[i] = Sum{};
      });
      widened = true;
    }
  }
  Multiply<V, P, Q, kWide>(acc, tile.run + last->offset, pixel, weights, last->groups);
  I sum[P * Q];
  if constexpr (kNarrow) {
    Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { sum[i] = V::Widen(acc[i]); });
    if (widened) {
      Unroll<P * Q>([&](auto i)
                        SACCADE_LAMBDA { sum[i] = V::AddInt(sum[i], V::LoadInt(sums + i * V::kLanes)); });
    }
  } else {
    Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { sum[i] = acc[i]; });
  }
  if constexpr (!kFire) {
    Unroll<P * Q>([&](auto i) SACCADE_LAMBDA { V::StoreInt(sums + i * V::kLanes, sum[i]); });
  } else {
    // The same operations in the same order as epilogue.h.
    static_assert(Q == 2);
    const F levels = V::Broadcast(tile.levels), zero = V::Broadcast(0.0f);
    const size_t spike_pixel = tile.spike_pixel;
    uint8_t* const spikes = tile.spikes;
    F scale[Q], bias[Q];
    Unroll<Q>([&](auto q) SACCADE_LAMBDA {
      scale[q] = V::LoadFloat(tile.scale + q * V::kLanes);
      bias[q] = V::LoadFloat(tile.bias + q * V::kLanes);
    });
    Unroll<P>([&](auto p) SACCADE_LAMBDA {
      I fired[Q];
      Unroll<Q>([&](auto q) SACCADE_LAMBDA {
        const F y = V::Add(V::Mul(V::ToFloat(sum[p * Q + q]), scale[q]), bias[q]);
        fired[q] = V::Round(V::Min(V::Max(y, zero), levels));
      });
      V::StoreBytes(spikes + p * spike_pixel, fired[0], fired[1]);
    });
  }
}

template <class V>
using SumFunction = void (*)(const Tile<V>&);

template <class V, int Q, bool kWide, bool kFire, int... i>
SACCADE_INLINE SumFunction<V> ChoosePixels(int pixels, std::integer_sequence<int, i...>) {
  static constexpr SumFunction<V> kFunctions[] = {SumTile<V, i + 1, Q, kWide, kFire>...};
  return kFunctions[pixels - 1];
}

template <class V, int Q, bool kWide>
void ConvBlock(const ConvArgs& args, const Part& part, int block) {
  constexpr std::make_integer_sequence<int, V::kPixels> kSizes{};
  const Epilogue& out = args.out;
  const int channel = block * V::kVectors * V::kLanes;
  Tile<V> tile{};
  tile.pixel = args.input_pixel;
  tile.weights = static_cast<const uint8_t*>(args.weights) + static_cast<size_t>(block) * args.block_bytes;
  tile.segments = args.segments;
  tile.segment_count = args.segment_count;
  const auto run = [&](int x, int y, int t) SACCADE_LAMBDA {
    return args.input + static_cast<size_t>(t) * args.input_step + static_cast<size_t>(y) * args.input_row +
           static_cast<size_t>(x) * args.input_pixel;
  };
  if constexpr (Q == 2) {
    const bool whole = args.channels - channel >= Q * V::kLanes;
    if (whole && out.firing == Firing::kOnce && !out.real && !out.residuals) {
      alignas(64) int32_t sums[V::kPixels * Q * V::kLanes];
      tile.sums = sums;
      tile.spike_pixel = out.spike_pixel;
      tile.scale = out.scale + channel;
      tile.bias = out.bias + channel;
      tile.levels = out.levels;
      ForTiles<V::kPixels>(args.width, part, [&](int x, int y, int pixels) SACCADE_LAMBDA {
        const SumFunction<V> sum = ChoosePixels<V, Q, kWide, true>(pixels, kSizes);
        for (int t = 0; t < args.steps; t++) {
          tile.run = run(x, y, t);
          tile.spikes = out.spikes + static_cast<size_t>(t) * out.spike_step +
                        static_cast<size_t>(y) * out.spike_row + static_cast<size_t>(x) * out.spike_pixel +
                        static_cast<size_t>(channel);
          sum(tile);
        }
      });
      return;
    }
  }
  FinishTiles<V, V::kPixels, Q>(out, args.channels, channel, args.width, args.steps, part,
                                [&](int x, int y, int t, int pixels, int32_t* sums) SACCADE_LAMBDA {
                                  tile.run = run(x, y, t);
                                  tile.sums = sums;
                                  ChoosePixels<V, Q, kWide, false>(pixels, kSizes)(tile);
                                });
}

// Blocks outermost: the weights of one block stay in the first-level cache while all its rows are done. (Rows
// outermost where all weights are small was measured: no difference.)
template <class V, bool kWide>
void Conv(const ConvArgs& args, const Part& part) {
  for (int block = part.block_begin; block < part.block_end; block++) {
    if (args.channels - block * V::kVectors * V::kLanes > V::kLanes) {
      ConvBlock<V, V::kVectors, kWide>(args, part, block);
    } else {
      ConvBlock<V, 1, kWide>(args, part, block);
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
