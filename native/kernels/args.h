// What a kernel is told: plain structs of pointers, strides and counts. Everything is checked and laid out by
// engine/; a kernel trusts it. Maps are NHWC; a channel count is padded to a multiple of 4 and padding
// channels hold zeros. Strides are in elements of the map they belong to. Buffers have 64 bytes of slack at
// their end.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saccade::kernels {

// The piece of an operator that one thread does: output rows, and blocks of output channels where a kernel
// has them.
struct Part {
  int row_begin, row_end;
  int block_begin, block_end;
};

// A real map of one operator. Rows follow each other without a gap, so do steps.
struct RealMap {
  float* data;
  int channels;  // padded
  int height, width;
  size_t Row() const { return static_cast<size_t>(width) * static_cast<size_t>(channels); }
  size_t Step() const { return static_cast<size_t>(height) * Row(); }
};

// A u8 map with a border; `data` is the first pixel inside it.
struct SpikeMap {
  uint8_t* data;
  int channels;  // padded
  int height, width;
  size_t row, step;
};

enum class Firing : uint8_t {
  kNone,    // no neuron
  kOnce,    // one step: s = q(x)
  kScaled,  // one step of tau, a power of two: s = q(x * (1 / tau)), exact as the division is
  kIlif,    // m = m * decay + x; s = q(m); m = m - s
  kTau,     // v = v + (x - v) / tau; s = q(v); v = v - s
  kShift,   // the same with a power of two: v = v + (x - v) * (1 / tau)
};

// Whether a membrane outlives its step.
constexpr bool Remembers(Firing firing) {
  return firing >= Firing::kIlif;
}

// What happens to a sum before it is stored: y = float(sum) * scale + bias (+ residuals) -> y and/or spikes.
struct Epilogue {
  const float* scale;  // per output channel, zeros up to a whole block
  const float* bias;
  int residuals;
  const float* residual[2];  // maps of the shape of `real`
  float* real;               // or null
  size_t real_pixel, real_row, real_step;
  uint8_t* spikes;  // or null
  size_t spike_pixel, spike_row, spike_step;
  Firing firing;
  float levels;
  float constant;  // decay, tau or 1 / tau
};

// A stretch of the reduction that is contiguous in memory: one kernel row, or a part of it where narrow
// accumulators must be widened in between.
struct Segment {
  int32_t offset;  // bytes from the first tap of the output pixel
  int32_t groups;  // of 4 taps
  bool widen;      // add the narrow sums to the wide ones after it; always true in the last segment
};

// Dense convolution on u8. Weights: [block][group][vector][lane][4 taps] (s8), or
// [block][group][half][vector][lane][2 taps] (s16), taps 0 and 2 in the first half, 1 and 3 in the second; by
// tap (table.h) [block][group][4 taps][vector][lane].
struct ConvArgs {
  const uint8_t* input;                       // first tap of output pixel (0, 0)
  size_t input_pixel, input_row, input_step;  // from one output pixel, row, step to the next
  const void* weights;
  size_t block_bytes;
  const Segment* segments;
  int segment_count;
  int width, channels, steps;  // of the output
  Epilogue out;
};

// A convolution whose input is 0; channels are padded.
struct SilentArgs {
  int width, channels, steps;  // of the output
  Epilogue out;
};

// The same convolution as sums over what is not 0 (kernels/sparse.h). A step takes `window` input pixels of
// every kernel row and reaches `reach` outputs: one column and kernel_width outputs, or the whole kernel and
// one. Weights: [block][kernel row][pixel of the window][channel], each an entry of [unit] s8 or s16 in the
// order that the instruction set's unit has.
struct SparseArgs {
  const uint8_t* input;          // first tap of output pixel (0, 0)
  size_t input_row, input_step;  // from one output row, step to the next
  size_t tap_row;                // from one kernel row to the next
  int pixel;                     // bytes, which are channels, of an input pixel
  int columns;                   // input pixels that a row of outputs sees
  int kernel_height, stride_y, stride_x;
  int window, reach;
  const void* weights;
  size_t entry_bytes, block_bytes;
  int sums, blocks;            // vectors of sums per output in a block
  int limit;                   // entries, an even number, that a narrow sum can take whatever they are
  int part_channels;           // per block of Part: those of the dense kernel
  int width, channels, steps;  // of the output
  Epilogue out;
};

// Depthwise convolution on u8. Two forms: `pairs` (s8, vertical taps two by two, 16-bit sums widened after
// every `widen_rows` kernel rows; stride 1) and single taps with s32 weights.
// Weights: pairs [block][pair of ky][kx][2 halves][channel][2 taps] s8, by tap [block][pair of ky][kx][2
// taps][channel]; single [block][ky][kx][lane] s32.
struct DepthwiseArgs {
  const uint8_t* input;
  size_t input_pixel, input_row, input_step;
  size_t tap_pixel, tap_row;  // from one tap to the next
  int kernel_height, kernel_width;
  const void* weights;
  size_t block_bytes;
  bool pairs;
  int widen_rows;
  int width, channels, steps;
  Epilogue out;
};

// Convolution on f32, products summed in the order input channel, ky, kx. Weights: [group][tap][output
// channel of the group]; depthwise has one output channel per group and is stored [tap][channel].
struct RealConvArgs {
  RealMap input, output;
  int input_channels, output_channels;  // unpadded
  int kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left;
  int groups;
  bool depthwise;
  const float* weights;
  const float* bias;  // padded with zeros
  int steps;
};

struct NeuronArgs {
  RealMap input;
  SpikeMap output;
  int steps;
  Firing firing;
  float levels, constant;
};

struct AddArgs {
  RealMap a, b, sum;
  int steps;
};

struct UpsampleArgs {
  RealMap input, output;
  int factor, steps;
};

struct MaxPoolArgs {
  RealMap input, output;
  int kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left;
  int steps;
};

// One source of a concatenation: its channels go to [first, first + count) of the output.
struct ConcatArgs {
  RealMap input, output;
  int first, count;
  bool last;  // clears the padding channels of the output
  int steps;
};

struct MeanArgs {
  RealMap input, output;
  int steps;  // of the input
};

// A frame [T, C, H, W] into the input map. Returns the largest value seen.
struct FrameArgs {
  const uint8_t* frame;
  SpikeMap output;
  int channels;  // of the frame; the map has as many
  int steps;
};

}  // namespace saccade::kernels
