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

// Without memory a row is one long loop. The maps do not overlap: u8 stores would otherwise stop the
// compiler.
SACCADE_INLINE void FireRowOnce(const NeuronArgs& args, int y) {
  const float levels = args.levels;
  const size_t row = args.input.Row();
  for (int t = 0; t < args.steps; t++) {
    const float* from =
        args.input.data + static_cast<size_t>(t) * args.input.Step() + static_cast<size_t>(y) * row;
    uint8_t* __restrict to = args.output.data + static_cast<size_t>(t) * args.output.step +
                             static_cast<size_t>(y) * args.output.row;
    for (size_t i = 0; i < row; i++) to[i] = static_cast<uint8_t>(Quantise(from[i], levels));
  }
}

// The membranes of a few values go through all steps before the next few: they never leave the registers.
template <Firing kFiring, int kCount>
SACCADE_INLINE void FireSteps(const NeuronArgs& args, const float* from, uint8_t* __restrict to) {
  const float levels = args.levels, constant = args.constant;
  const size_t real_step = args.input.Step(), spike_step = args.output.step;
  float membrane[kCount] = {};
  for (int t = 0; t < args.steps; t++) {
    for (int c = 0; c < kCount; c++) {
      float m = from[c];
      if constexpr (kFiring == Firing::kIlif) m = membrane[c] * constant + m;
      if constexpr (kFiring == Firing::kTau) m = membrane[c] + (m - membrane[c]) / constant;
      const int spike = Quantise(m, levels);
      membrane[c] = m - static_cast<float>(spike);
      to[c] = static_cast<uint8_t>(spike);
    }
    from += real_step;
    to += spike_step;
  }
}

template <Firing kFiring>
SACCADE_INLINE void FireRow(const NeuronArgs& args, int y) {
  const size_t row = args.input.Row();  // a multiple of 4
  const float* from = args.input.data + static_cast<size_t>(y) * row;
  uint8_t* to = args.output.data + static_cast<size_t>(y) * args.output.row;
  size_t i = 0;
  for (; i + 16 <= row; i += 16) FireSteps<kFiring, 16>(args, from + i, to + i);
  for (; i < row; i += 4) FireSteps<kFiring, 4>(args, from + i, to + i);
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
        FireRowOnce(args, y);
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
