// The neuron on one value, and on a real map whose producer could not carry it in its epilogue: the oracle of
// fire.h.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// Clip to 0..levels, then round half to even: adding 1.5 * 2^23 leaves no fraction bits, so the addition
// itself rounds (to even, the default mode) and the integer is in the low bits. NaN becomes 0, as with maxps.
SACCADE_INLINE int Quantise(float m, float levels) {
  float clipped = m > 0.0f ? m : 0.0f;
  clipped = clipped < levels ? clipped : levels;
  const float shifted = clipped + 12582912.0f;
  int32_t bits;
  __builtin_memcpy(&bits, &shifted, 4);
  return bits & 0xffff;
}

// Charges the membrane with x, fires and returns the spikes.
SACCADE_INLINE int Fire(Firing firing, float x, float levels, float constant, float* membrane) {
  float m = x;
  if (firing == Firing::kScaled) m = x * constant;
  if (firing == Firing::kIlif) m = *membrane * constant + x;
  if (firing == Firing::kTau) m = *membrane + (x - *membrane) / constant;
  if (firing == Firing::kShift) m = *membrane + (x - *membrane) * constant;
  const int spikes = Quantise(m, levels);
  *membrane = m - static_cast<float>(spikes);
  return spikes;
}

SACCADE_INLINE void FireMap(const NeuronArgs& args, const Part& part) {
  const size_t row = args.input.Row();
  for (int y = part.row_begin; y < part.row_end; y++) {
    const float* const from = args.input.data + static_cast<size_t>(y) * row;
    uint8_t* const to = args.output.data + static_cast<size_t>(y) * args.output.row;
    for (size_t i = 0; i < row; i++) {
      float membrane = 0;
      for (size_t t = 0; t < static_cast<size_t>(args.steps); t++) {
        to[t * args.output.step + i] = static_cast<uint8_t>(
            Fire(args.firing, from[t * args.input.Step() + i], args.levels, args.constant, &membrane));
      }
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
