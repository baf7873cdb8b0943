#include "kernels/binary.h"

#include <cstring>

#include "kernels/epilogue.scalar.h"

namespace saccade::kernels {

namespace {

void Add(int32_t* sums, const int32_t* weights, int count) {
  for (int i = 0; i < count; i++) sums[i] += weights[i];
}

// The spikes of one input pixel in sub-step `substep`, by kernel row `ky`, into one row of sums.
int64_t AddPixel(const BinaryConvArgs& args, const uint8_t* pixel, int x, int ky, int substep,
                 int32_t* sums) {
  const int group_inputs = args.inputs / args.groups;
  int64_t operations = 0;
  for (int kx = 0; kx < args.kernel_width; kx++) {
    const int across = x + args.pad_left - kx;
    const int column = across / args.stride_x;
    if (across < 0 || across % args.stride_x || column >= args.width) continue;
    int32_t* const to = sums + static_cast<size_t>(column) * static_cast<size_t>(args.channels);
    const int32_t* weights = args.weights + static_cast<size_t>(ky * args.kernel_width + kx) *
                                                static_cast<size_t>(args.inputs) *
                                                static_cast<size_t>(args.group_outputs);
    for (int c = 0; c < args.inputs; c++, weights += args.group_outputs) {
      if (pixel[c] < substep) continue;
      Add(to + c / group_inputs * args.group_outputs, weights, args.group_outputs);
      operations += args.group_outputs;
    }
  }
  return operations;
}

int64_t SumRow(const BinaryConvArgs& args, int y, int t, int32_t* sums) {
  int64_t operations = 0;
  for (int substep = 1; substep <= args.substeps; substep++) {
    for (int ky = 0; ky < args.kernel_height; ky++) {
      const int row = y * args.stride_y + ky - args.pad_top;
      if (row < 0 || row >= args.input.height) continue;
      const uint8_t* pixel = args.input.data + static_cast<size_t>(t) * args.input.step +
                             static_cast<size_t>(row) * args.input.row;
      for (int x = 0; x < args.input.width; x++, pixel += args.input.channels) {
        operations += AddPixel(args, pixel, x, ky, substep, sums);
      }
    }
  }
  return operations;
}

}  // namespace

void BinaryConv(const BinaryConvArgs& args, const Part& part) {
  const size_t step = static_cast<size_t>(args.width) * static_cast<size_t>(args.channels);
  const size_t row = static_cast<size_t>(args.steps) * step;
  int64_t operations = 0;
  for (int y = part.row_begin; y < part.row_end; y++) {
    int32_t* const sums = args.sums + static_cast<size_t>(y) * row;
    std::memset(sums, 0, row * sizeof(int32_t));
    for (int t = 0; t < args.steps; t++) {
      operations += SumRow(args, y, t, sums + static_cast<size_t>(t) * step);
    }
    for (int x = 0; x < args.width; x++) {
      for (int c = 0; c < args.channels; c++) {
        float membrane = 0.0f;
        for (int t = 0; t < args.steps; t++) {
          const size_t at = static_cast<size_t>(t) * step +
                            static_cast<size_t>(x) * static_cast<size_t>(args.channels) +
                            static_cast<size_t>(c);
          FinishOne(args.out, sums[at], x, y, t, c, &membrane);
        }
      }
    }
  }
  args.operations->fetch_add(operations, std::memory_order_relaxed);
}

}  // namespace saccade::kernels
