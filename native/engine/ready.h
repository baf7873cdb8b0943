// A step of a network with the arguments of its kernel: what loading makes and running takes.
#pragma once

#include <variant>
#include <vector>

#include "engine/network.h"
#include "engine/probe.h"
#include "kernels/binary.h"

namespace saccade::engine {

// Every source of a concatenation is one copy.
struct ConcatAll {
  std::vector<kernels::ConcatArgs> sources;
};

// The rows of a u8 map that a convolution reads.
struct Inputs {
  const uint8_t* first = nullptr;  // first tap of output (0, 0); null where there is no such input
  size_t row = 0, step = 0;        // from one input row, time step to the next
  int length = 0;                  // bytes of a row that outputs see
  int kernel_height = 1, stride_y = 1;
};

// What a step reads of what the step before it wrote.
struct Previous {
  bool input = false;  // rows that the operator reaches: row r of the output reads, of the input,
  int stride = 1, kernel = 1, pad = 0, factor = 1;  // rows (r * stride - pad + [0, kernel)) / factor
  bool beside = false;                              // residuals: the same rows
  int rows = 0;                                     // of the step before
};

struct Network::Ready {
  std::variant<kernels::ConvArgs, kernels::DepthwiseArgs, kernels::BinaryConvArgs, kernels::RealConvArgs,
               kernels::NeuronArgs, kernels::AddArgs, kernels::UpsampleArgs, kernels::MaxPoolArgs, ConcatAll,
               kernels::MeanArgs>
      args;
  bool wide = false;
  int rows = 0, blocks = 1;  // what can be split among threads
  int spikes = -1;           // tensor whose border must be cleared
  Previous previous;
  PackedConv conv;
  PackedSparse packed_sparse;
  kernels::SparseArgs sparse{};  // with packed_sparse.usable
  Inputs inputs;
  kernels::SilentArgs silent{};  // with `inputs`
  float sparse_below = 0;        // density of the input
  PackedRealConv realconv;

  // For probes.
  int op = -1;               // the operator, or the convolution that leads
  int neuron = -1;           // operator behind `spikes`
  int current = -1;          // tensor that enters it, where it is stored
  bool last_reader = false;  // no later neuron reads `current`
  int channels = 0;          // of both, unpadded
  int steps = 1;
  int input = -1;  // of a convolution on u8: the tensor, and its unpadded channels
  int input_channels = 0;
  bool on_spikes = false;
  Fan fan{};
};

}  // namespace saccade::engine
