// Operators that move or combine real maps: add, upsample, maxpool, concat, mean; the standalone neuron; and
// the frame on its way in. Plain loops over channels: each unit's compiler flags make them vectors, and since
// nothing is contracted or reordered the results are the same everywhere.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

SACCADE_INLINE void AddMaps(const AddArgs& args, const Part& part) {
  const size_t row = args.sum.Row();
  for (int t = 0; t < args.steps; t++) {
    const size_t first = static_cast<size_t>(t) * args.sum.Step() + static_cast<size_t>(part.row_begin) * row;
    const size_t count = static_cast<size_t>(part.row_end - part.row_begin) * row;
    const float* a = args.a.data + first;
    const float* b = args.b.data + first;
    float* __restrict sum = args.sum.data + first;
    for (size_t i = 0; i < count; i++) sum[i] = a[i] + b[i];
  }
}

// Nearest neighbour: rows of the part are rows of the output.
SACCADE_INLINE void UpsampleMap(const UpsampleArgs& args, const Part& part) {
  const size_t channels = static_cast<size_t>(args.output.channels);
  for (int t = 0; t < args.steps; t++) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      const float* from = args.input.data + static_cast<size_t>(t) * args.input.Step() +
                          static_cast<size_t>(y / args.factor) * args.input.Row();
      float* __restrict to = args.output.data + static_cast<size_t>(t) * args.output.Step() +
                             static_cast<size_t>(y) * args.output.Row();
      for (int x = 0; x < args.input.width; x++) {
        for (int copy = 0; copy < args.factor; copy++) {
          for (size_t c = 0; c < channels; c++) to[c] = from[c];
          to += channels;
        }
        from += channels;
      }
    }
  }
}

SACCADE_INLINE void MaxPoolMap(const MaxPoolArgs& args, const Part& part) {
  const size_t channels = static_cast<size_t>(args.output.channels);
  for (int t = 0; t < args.steps; t++) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int x = 0; x < args.output.width; x++) {
        float* __restrict to = args.output.data + static_cast<size_t>(t) * args.output.Step() +
                               static_cast<size_t>(y) * args.output.Row() + static_cast<size_t>(x) * channels;
        for (size_t c = 0; c < channels; c++) to[c] = -__builtin_inff();
        for (int ky = 0; ky < args.kernel_height; ky++) {
          const int iy = y * args.stride_y + ky - args.pad_top;
          if (iy < 0 || iy >= args.input.height) continue;
          for (int kx = 0; kx < args.kernel_width; kx++) {
            const int ix = x * args.stride_x + kx - args.pad_left;
            if (ix < 0 || ix >= args.input.width) continue;
            const float* from = args.input.data + static_cast<size_t>(t) * args.input.Step() +
                                static_cast<size_t>(iy) * args.input.Row() +
                                static_cast<size_t>(ix) * channels;
            for (size_t c = 0; c < channels; c++) to[c] = from[c] > to[c] ? from[c] : to[c];
          }
        }
      }
    }
  }
}

SACCADE_INLINE void ConcatMap(const ConcatArgs& args, const Part& part) {
  const int end = args.first + args.count;
  for (int t = 0; t < args.steps; t++) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      const float* from = args.input.data + static_cast<size_t>(t) * args.input.Step() +
                          static_cast<size_t>(y) * args.input.Row();
      float* __restrict to = args.output.data + static_cast<size_t>(t) * args.output.Step() +
                             static_cast<size_t>(y) * args.output.Row();
      for (int x = 0; x < args.output.width; x++) {
        for (int c = 0; c < args.count; c++) to[args.first + c] = from[c];
        if (args.last) {
          for (int c = end; c < args.output.channels; c++) to[c] = 0.0f;
        }
        from += args.input.channels;
        to += args.output.channels;
      }
    }
  }
}

SACCADE_INLINE void MeanMap(const MeanArgs& args, const Part& part) {
  const size_t row = args.output.Row();
  const size_t first = static_cast<size_t>(part.row_begin) * row;
  const size_t count = static_cast<size_t>(part.row_end - part.row_begin) * row;
  const size_t step = args.input.Step();
  const float divisor = static_cast<float>(args.steps);
  float* __restrict to = args.output.data + first;
  const float* from = args.input.data + first;
  for (size_t i = 0; i < count; i++) to[i] = from[i];
  for (int t = 1; t < args.steps; t++) {
    from += step;
    for (size_t i = 0; i < count; i++) to[i] = to[i] + from[i];
  }
  for (size_t i = 0; i < count; i++) to[i] = to[i] / divisor;
}

using Sixteen = uint8_t __attribute__((vector_size(16), aligned(1), may_alias));

// Four planes to pixels of four bytes, 16 pixels at a time: 8 times as fast as pixel by pixel. Returns how
// many pixels it did; `seen` collects the largest values.
SACCADE_INLINE size_t InterleaveFour(const uint8_t* from, size_t plane, size_t width, uint8_t* to,
                                     Sixteen* seen) {
  size_t x = 0;
  for (; x + 16 <= width; x += 16) {
    Sixteen c[4];
    for (size_t i = 0; i < 4; i++) {
      c[i] = *reinterpret_cast<const Sixteen*>(from + i * plane + x);
      *seen = c[i] > *seen ? c[i] : *seen;
    }
    using Eight = uint16_t __attribute__((vector_size(16), aligned(1), may_alias));
    for (int half = 0; half < 2; half++) {
      const auto pairs = [&](Sixteen a, Sixteen b) SACCADE_LAMBDA {
        return reinterpret_cast<Eight>(
            half ? __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
                 : __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      };
      const Eight low = pairs(c[0], c[1]), high = pairs(c[2], c[3]);
      auto* const out = reinterpret_cast<Eight*>(to + 4 * x + static_cast<size_t>(half) * 32);
      out[0] = __builtin_shufflevector(low, high, 0, 8, 1, 9, 2, 10, 3, 11);
      out[1] = __builtin_shufflevector(low, high, 4, 12, 5, 13, 6, 14, 7, 15);
    }
  }
  return x;
}

// Returns the largest value, so that the caller can refuse a frame that the proofs do not cover.
SACCADE_INLINE int LoadFrame(const FrameArgs& args, const Part& part) {
  const size_t width = static_cast<size_t>(args.output.width);
  const size_t plane = static_cast<size_t>(args.output.height) * width;
  const size_t pixel = static_cast<size_t>(args.output.channels);
  uint8_t largest = 0;
  Sixteen seen{};
  for (int t = 0; t < args.steps; t++) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      const uint8_t* from = args.frame + static_cast<size_t>(t) * static_cast<size_t>(args.channels) * plane +
                            static_cast<size_t>(y) * width;
      uint8_t* __restrict to = args.output.data + static_cast<size_t>(t) * args.output.step +
                               static_cast<size_t>(y) * args.output.row;
      size_t first = 0;  // pixel whose turn it is
      if (args.channels == 4) first = InterleaveFour(from, plane, width, to, &seen);
      for (int c = 0; c < args.channels; c++) {
        const uint8_t* row = from + static_cast<size_t>(c) * plane;
        for (size_t x = first; x < width; x++) largest = row[x] > largest ? row[x] : largest;
      }
      if (args.channels == 4) {  // one 32-bit store per pixel: 4 times as fast as single bytes
        for (size_t x = first; x < width; x++) {
          const uint32_t four = static_cast<uint32_t>(from[x]) | static_cast<uint32_t>(from[x + plane]) << 8 |
                                static_cast<uint32_t>(from[x + 2 * plane]) << 16 |
                                static_cast<uint32_t>(from[x + 3 * plane]) << 24;
          __builtin_memcpy(to + 4 * x, &four, 4);
        }
        continue;
      }
      for (int c = 0; c < args.channels; c++) {
        const uint8_t* row = from + static_cast<size_t>(c) * plane;
        for (size_t x = 0; x < width; x++) to[x * pixel + static_cast<size_t>(c)] = row[x];
      }
    }
  }
  for (int i = 0; i < 16; i++) largest = seen[i] > largest ? seen[i] : largest;
  return largest;
}

}  // namespace
}  // namespace saccade::kernels
