// A convolution on spikes taken literally: a value of 0..D is D binary sub-steps, its first n of them 1, and
// every spike adds the weights of the outputs that it reaches. Slow; it shows that the dense kernels compute
// just this, and counts what event-driven hardware would do.
#pragma once

#include <atomic>

#include "kernels/args.h"

namespace saccade::kernels {

struct BinaryConvArgs {
  SpikeMap input;
  int substeps;  // D
  int inputs;    // channels, unpadded
  int groups, group_outputs;
  int kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left;
  const int32_t* weights;              // [ky][kx][input channel][output channel of its group]
  int32_t* sums;                       // [height][steps][width][channels]
  int height, width, channels, steps;  // of the output, channels padded
  Epilogue out;
  std::atomic<int64_t>* operations;  // additions of one weight, added to
};

// Rows of `part`; its blocks are not looked at.
void BinaryConv(const BinaryConvArgs& args, const Part& part);

}  // namespace saccade::kernels
