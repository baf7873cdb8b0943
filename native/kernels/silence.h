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
  const bool memory = Remembers(args.out.firing);
  for (int channel = 0; channel < args.channels; channel += kBlock) {
    if (memory) {
      for (float& m : state) m = 0.0f;
    }
    for (int t = 0; t < args.steps; t++)
      finish(args.out, args.channels, Place{x, y, t, channel}, pixels, kZeros, state);
  }
}

// What `first` holds, `count` times.
SACCADE_INLINE void Repeat(uint8_t* first, size_t bytes, size_t count) {
  const size_t all = bytes * count;
  for (size_t done = bytes; done < all; done *= 2)
    __builtin_memcpy(first + done, first, done < all - done ? done : all - done);
}

template <class V>
void Silence(const SilentArgs& args, const Part& part) {
  const Epilogue& out = args.out;
  const FinishFunction<V> finish = ChooseFinish<V, 2>(out);
  if (out.residuals) {
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int x = 0; x < args.width; x += kSilentPixels) {
        const int left = args.width - x;
        FinishSilent<V>(args, finish, x, y, left < kSilentPixels ? left : kSilentPixels);
      }
    }
    return;
  }
  // The same in every pixel: one is computed and copied.
  FinishSilent<V>(args, finish, 0, part.row_begin, 1);
  const size_t y = static_cast<size_t>(part.row_begin), rows = static_cast<size_t>(part.row_end) - y;
  const size_t width = static_cast<size_t>(args.width);
  for (size_t t = 0; t < static_cast<size_t>(args.steps); t++) {
    if (out.real) {
      float* const first = out.real + t * out.real_step + y * out.real_row;
      Repeat(reinterpret_cast<uint8_t*>(first), out.real_pixel * sizeof(float), rows * width);
    }
    if (out.firing == Firing::kNone) continue;
    uint8_t* const first = out.spikes + t * out.spike_step + y * out.spike_row;
    Repeat(first, out.spike_pixel, width);
    for (size_t i = 1; i < rows; i++)
      __builtin_memcpy(first + i * out.spike_row, first, out.spike_pixel * width);
  }
}

}  // namespace
}  // namespace saccade::kernels
