// Convolution on real values: f32, one rounded product and one rounded sum per tap, in the order input
// channel, ky, kx. Taps outside the picture are skipped: adding a zero changes nothing. Lanes are output
// channels.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

constexpr int kRealLanes = 16;

// The range of kernel taps that lie inside an axis.
struct TapRange {
  int begin, end;
};
SACCADE_INLINE TapRange TapsInside(int origin, int kernel, int size) {
  TapRange range{origin < 0 ? -origin : 0, origin + kernel > size ? size - origin : kernel};
  if (range.end < range.begin) range.end = range.begin;
  return range;
}

// The sums of 32 channels stay in registers while the taps go by.
SACCADE_INLINE void RealDepthwisePixel(const RealConvArgs& args, const float* image, int oy, int ox,
                                       float* __restrict to) {
  using Lanes = float __attribute__((vector_size(32), aligned(4), may_alias));
  constexpr int kVectors = 4, kBlock = 8 * kVectors;
  const size_t channels = static_cast<size_t>(args.output.channels), row = args.input.Row();
  const TapRange rows = TapsInside(oy, args.kernel_height, args.input.height);
  const TapRange columns = TapsInside(ox, args.kernel_width, args.input.width);
  const float* const taps =
      image + static_cast<size_t>(oy + rows.begin) * row + static_cast<size_t>(ox + columns.begin) * channels;
  const float* const weights =
      args.weights + static_cast<size_t>(rows.begin * args.kernel_width + columns.begin) * channels;
  const auto accumulate = [&](size_t channel, auto add) SACCADE_LAMBDA {
    const float* from = taps + channel;
    const float* w = weights + channel;
    for (int ky = rows.begin; ky < rows.end; ky++) {
      for (int kx = 0; kx < columns.end - columns.begin; kx++)
        add(from + static_cast<size_t>(kx) * channels, w + static_cast<size_t>(kx) * channels);
      from += row;
      w += static_cast<size_t>(args.kernel_width) * channels;
    }
  };
  size_t c = 0;
  for (; c + kBlock <= channels; c += kBlock) {
    Lanes sum[kVectors];
    Unroll<kVectors>([&](auto i) SACCADE_LAMBDA { sum[i] = Lanes{}; });
    accumulate(c, [&](const float* from, const float* w) SACCADE_LAMBDA {
      Unroll<kVectors>([&](auto i) SACCADE_LAMBDA {
        sum[i] = sum[i] +
                 *reinterpret_cast<const Lanes*>(from + 8 * i) * *reinterpret_cast<const Lanes*>(w + 8 * i);
      });
    });
    Unroll<kVectors>([&](auto i) SACCADE_LAMBDA {
      *reinterpret_cast<Lanes*>(to + c + 8 * i) =
          sum[i] + *reinterpret_cast<const Lanes*>(args.bias + c + 8 * i);
    });
  }
  for (; c < channels; c++) {
    float sum = 0;
    accumulate(c, [&](const float* from, const float* w) SACCADE_LAMBDA { sum = sum + *from * *w; });
    to[c] = sum + args.bias[c];
  }
}

SACCADE_INLINE void RealDensePixel(const RealConvArgs& args, const float* image, int oy, int ox,
                                   float* __restrict to) {
  const int inputs = args.input_channels / args.groups;
  const int outputs = args.output_channels / args.groups;
  const size_t taps = static_cast<size_t>(args.kernel_height) * static_cast<size_t>(args.kernel_width);
  const TapRange rows = TapsInside(oy, args.kernel_height, args.input.height);
  const TapRange columns = TapsInside(ox, args.kernel_width, args.input.width);
  for (int group = 0; group < args.groups; group++) {
    const float* weights = args.weights + static_cast<size_t>(group) * static_cast<size_t>(inputs) * taps *
                                              static_cast<size_t>(outputs);
    for (int first = 0; first < outputs; first += kRealLanes) {
      const int count = outputs - first < kRealLanes ? outputs - first : kRealLanes;
      float sum[kRealLanes] = {};
      for (int i = 0; i < inputs; i++) {
        for (int ky = rows.begin; ky < rows.end; ky++) {
          for (int kx = columns.begin; kx < columns.end; kx++) {
            const float value =
                image[static_cast<size_t>(oy + ky) * args.input.Row() +
                      static_cast<size_t>(ox + kx) * static_cast<size_t>(args.input.channels) +
                      static_cast<size_t>(group * inputs + i)];
            const size_t tap =
                static_cast<size_t>(i) * taps + static_cast<size_t>(ky * args.kernel_width + kx);
            const float* w = weights + tap * static_cast<size_t>(outputs) + first;
            for (int c = 0; c < count; c++) sum[c] = sum[c] + value * w[c];
          }
        }
      }
      const int channel = group * outputs + first;
      for (int c = 0; c < count; c++) to[channel + c] = sum[c] + args.bias[channel + c];
    }
  }
  for (int c = args.output_channels; c < args.output.channels; c++) to[c] = 0.0f;
}

SACCADE_INLINE void RealConvolve(const RealConvArgs& args, const Part& part) {
  for (int t = 0; t < args.steps; t++) {
    const float* image = args.input.data + static_cast<size_t>(t) * args.input.Step();
    for (int y = part.row_begin; y < part.row_end; y++) {
      float* to = args.output.data + static_cast<size_t>(t) * args.output.Step() +
                  static_cast<size_t>(y) * args.output.Row();
      for (int x = 0; x < args.output.width; x++) {
        const int oy = y * args.stride_y - args.pad_top, ox = x * args.stride_x - args.pad_left;
        if (args.depthwise) {
          RealDepthwisePixel(args, image, oy, ox, to);
        } else {
          RealDensePixel(args, image, oy, ox, to);
        }
        to += args.output.channels;
      }
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
