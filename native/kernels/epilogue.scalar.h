// The epilogue for one value, as the design states it; the oracle of epilogue.h.
#pragma once

#include "kernels/args.h"
#include "kernels/neuron.h"

namespace saccade::kernels {
namespace {

SACCADE_INLINE void FinishOne(const Epilogue& out, int32_t sum, int x, int y, int step, int channel,
                              float* membrane) {
  const size_t at = static_cast<size_t>(step) * out.real_step + static_cast<size_t>(y) * out.real_row +
                    static_cast<size_t>(x) * out.real_pixel + static_cast<size_t>(channel);
  float value = static_cast<float>(sum);
  value = value * out.scale[channel];
  value = value + out.bias[channel];
  for (int r = 0; r < out.residuals; r++) value = value + out.residual[r][at];
  if (out.real) out.real[at] = value;
  if (out.firing == Firing::kNone) return;
  const int spike = Fire(out.firing, value, out.levels, out.constant, membrane);
  out.spikes[static_cast<size_t>(step) * out.spike_step + static_cast<size_t>(y) * out.spike_row +
             static_cast<size_t>(x) * out.spike_pixel + static_cast<size_t>(channel)] =
      static_cast<uint8_t>(spike);
}

}  // namespace
}  // namespace saccade::kernels
