// The neuron on a real map whose producer could not carry it in its epilogue.
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

// Membranes of 16 channels go through all steps before the next 16: they never leave the registers.
template <Firing kFiring>
SACCADE_INLINE void FireRow(const NeuronArgs& args, int y) {
  constexpr int kChannels = 16;
  const float levels = args.levels, constant = args.constant;
  const int channels = args.input.channels, steps = args.steps;
  const size_t real_step = args.input.Step(), spike_step = args.output.step;
  const float* real = args.input.data + static_cast<size_t>(y) * args.input.Row();
  uint8_t* spikes = args.output.data + static_cast<size_t>(y) * args.output.row;
  for (int x = 0; x < args.input.width; x++) {
    for (int first = 0; first < channels; first += kChannels) {
      const int count = channels - first < kChannels ? channels - first : kChannels;
      float membrane[kChannels] = {};
      for (int t = 0; t < steps; t++) {
        const float* from = real + static_cast<size_t>(t) * real_step + first;
        uint8_t* to = spikes + static_cast<size_t>(t) * spike_step + first;
        float input[kChannels] = {};
        for (int c = 0; c < count; c++) input[c] = from[c];
        uint8_t fired[kChannels];
        for (int c = 0; c < kChannels; c++) {
          float m = input[c];
          if constexpr (kFiring == Firing::kIlif) m = membrane[c] * constant + m;
          if constexpr (kFiring == Firing::kTau) m = membrane[c] + (m - membrane[c]) / constant;
          const int spike = Quantise(m, levels);
          membrane[c] = m - static_cast<float>(spike);
          fired[c] = static_cast<uint8_t>(spike);
        }
        for (int c = 0; c < count; c++) to[c] = fired[c];
      }
    }
    real += channels;
    spikes += channels;
  }
}

SACCADE_INLINE void FireMap(const NeuronArgs& args, const Part& part) {
  for (int y = part.row_begin; y < part.row_end; y++) {
    switch (args.firing) {
      case Firing::kIlif:
        FireRow<Firing::kIlif>(args, y);
        break;
      case Firing::kTau:
        FireRow<Firing::kTau>(args, y);
        break;
      default:
        FireRow<Firing::kOnce>(args, y);
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
