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

// The weights of the same convolution for kernels/sparse.h.
struct PackedSparse {
  bool usable = false;  // the instruction set has the form, and it fits the layer
  bool wide = false;    // s16
  int window = 1, reach = 1;
  int sums = 0, blocks = 0, limit = 0;
  size_t entry_bytes = 0, block_bytes = 0;
  Buffer weights;
};

// `columns`: input pixels that a row of outputs sees. Leaves `packed` unusable where there is no such form,
// or no memory for a second copy of the weights.
void PackSparse(const Op& op, int in_channels, int out_channels, int columns, int pixel, int largest,
                const kernels::Table& table, size_t* budget, PackedSparse* packed);

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
