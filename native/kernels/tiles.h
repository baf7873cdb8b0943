// The way through the output of a convolution: rows, tiles of a row, time steps.
#pragma once

#include "kernels/args.h"
#include "kernels/epilogue.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// Calls body(x, y, pixels) for every tile of at most kPixels pixels. Tiles of a row have equal width (+-1): a
// row of 38 is 6 x 5 + 2 x 4, not 7 x 5 + 3.
template <int kPixels, class Body>
SACCADE_INLINE void ForTiles(int width, const Part& part, Body body) {
  const int tiles = (width + kPixels - 1) / kPixels;
  const int narrow = width / tiles, wider = width % tiles;
  for (int y = part.row_begin; y < part.row_end; y++) {
    for (int i = 0, x = 0; i < tiles; i++) {
      const int pixels = narrow + (i < wider);
      body(x, y, pixels);
      x += pixels;
    }
  }
}

// Calls sum(x, y, step, pixels, sums) for every tile and step and finishes its sums. All steps of a tile
// follow each other, so that membranes stay in the first-level cache.
template <class V, int kPixels, int kVectors, class Sum>
SACCADE_INLINE void FinishTiles(const Epilogue& out, int channels, int channel, int width, int steps,
                                const Part& part, Sum sum) {
  alignas(64) int32_t sums[kPixels * kVectors * V::kLanes];
  alignas(64) float state[kPixels * kVectors * V::kLanes];
  const FinishFunction<V> finish = ChooseFinish<V, kVectors>(out);
  const bool memory = Remembers(out.firing);
  ForTiles<kPixels>(width, part, [&](int x, int y, int pixels) SACCADE_LAMBDA {
    if (memory) {
      for (float& m : state) m = 0.0f;
    }
    for (int t = 0; t < steps; t++) {
      sum(x, y, t, pixels, sums);
      finish(out, channels, Place{x, y, t, channel}, pixels, sums, state);
    }
  });
}

}  // namespace
}  // namespace saccade::kernels
