// How the work of a step is cut for threads.
#pragma once

#include <cstddef>

#include "kernels/args.h"

namespace saccade::engine {

// Rows, or blocks of output channels, in so many pieces.
struct Split {
  int pieces;
  bool by_blocks;
};

Split SplitRows(int threads, int rows);
// Blocks where the map is small and its weights are not: pieces of rows would make every core stream all of
// them. (Lists of what is not 0 are made by every thread for its rows, so pieces of channels would make all
// of them several times.)
Split SplitWork(int threads, int rows, int blocks, size_t weight_bytes);

kernels::Part PartOf(const Split& split, int index, int rows, int blocks);

}  // namespace saccade::engine
