// Weights of a plan in the order in which the kernels of one instruction set read them.
#pragma once

#include <string>
#include <vector>

#include "engine/memory.h"
#include "engine/plan.h"
#include "kernels/table.h"

namespace saccade::engine {

// A convolution on u8, packed. `bytes` says how much memory it will take before it is taken.
struct PackedConv {
  bool depthwise = false;
  bool wide = false;   // s16 kernel
  bool pairs = false;  // depthwise with paired taps
  int widen_rows = 0;
  int blocks = 0;
  size_t block_bytes = 0;
  std::vector<kernels::Segment> segments;
  Buffer weights;
  Buffer constants;  // scale, then bias, each padded with zeros to whole blocks
  size_t padded = 0;
  const float* scale() const { return reinterpret_cast<const float*>(constants.data()); }
  const float* bias() const { return scale() + padded; }
};

// `row` and `pixel` are the byte strides of the input map; `largest` its largest value. `budget` is lowered
// by what is taken. Empty, or one sentence.
std::string PackConv(const Op& op, int in_channels, int out_channels, size_t row, size_t pixel, int largest,
                     const kernels::Table& table, size_t* budget, PackedConv* packed);

// The same for kernels/binary.h: weights s32 [ky][kx][input channel][output channel of its group], one block.
std::string PackBinary(const Op& op, int in_channels, int out_channels, size_t* budget, PackedConv* packed);

struct PackedRealConv {
  bool depthwise = false;
  Buffer weights;
  Buffer bias;
};
std::string PackRealConv(const Op& op, int in_channels, int out_channels, size_t* budget,
                         PackedRealConv* packed);

}  // namespace saccade::engine
