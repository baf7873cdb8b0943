// A convolution whose input is 0 in all rows that it reads: its sums are 0, and what is left is the epilogue.
#pragma once

#include "kernels/args.h"
#include "kernels/epilogue.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

constexpr int kSilentPixels = 32;  // finished at a time

// Pixels [x, x + pixels) of row y, all channels and steps.
template <class V>
void FinishSilent(const SilentArgs& args, FinishFunction<V> finish, int x, int y, int pixels) {
  constexpr int kBlock = 2 * V::kLanes;
  alignas(64) static constexpr int32_t kZeros[kSilentPixels * kBlock] = {};
  alignas(64) float state[kSilentPixels * kBlock];
  const bool memory = args.out.firing == Firing::kIlif || args.out.firing == Firing::kTau;
  for (int channel = 0; channel < args.channels; channel += kBlock) {
    if (memory) {
      for (float& m : state) m = 0.0f;
    }
    for (int t = 0; t < args.steps; t++)
      finish(args.out, args.channels, Place{x, y, t, channel}, pixels, kZeros, state);
  }
}

template <class V>
void Silence(const SilentArgs& args, const Part& part) {
  const Epilogue& out = args.out;
  const FinishFunction<V> finish = ChooseFinish<V, 2>(out);
  if (out.real || out.residuals) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int x = 0; x < args.width; x += kSilentPixels) {
        const int left = args.width - x;
        FinishSilent<V>(args, finish, x, y, left < kSilentPixels ? left : kSilentPixels);
      }
    }
    return;
  }
  // Only spikes, the same ones in every pixel: one is computed and copied.
  FinishSilent<V>(args, finish, 0, part.row_begin, 1);
  const size_t pixel = out.spike_pixel, row = pixel * static_cast<size_t>(args.width);
  for (int t = 0; t < args.steps; t++) {
    uint8_t* const first = out.spikes + static_cast<size_t>(t) * out.spike_step +
                           static_cast<size_t>(part.row_begin) * out.spike_row;
    for (size_t done = pixel; done < row; done *= 2)
      __builtin_memcpy(first + done, first, done < row - done ? done : row - done);
    for (int y = 1; y < part.row_end - part.row_begin; y++)
      __builtin_memcpy(first + static_cast<size_t>(y) * out.spike_row, first, row);
  }
}

}  // namespace
}  // namespace saccade::kernels
