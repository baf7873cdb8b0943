// Looking on while a network runs: what every neuron got and gave, what every operator cost, and values put
// in the place of computed ones. A run without a probe pays one comparison per step for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/plan.h"
#include "kernels/args.h"

namespace saccade::engine {

// Buffers of the caller, one entry per operator of the plan; null where nothing is wanted.
struct Probe {
  // Of a neuron; all [T, C, H, W].
  struct Neuron {
    uint8_t* spikes = nullptr;
    float* current = nullptr;  // what enters it; only of a network loaded with `currents`
    // Recorded values: what follows sees them instead of the computed ones, which are copied out before.
    const uint8_t* taught_spikes = nullptr;
    const float* taught_current = nullptr;
  };
  std::vector<Neuron> neurons;
  // kWorkNumbers per operator, added to: nanoseconds (of a fused step at the convolution that leads it) and,
  // of a convolution, input values that are not 0, their sum, synaptic operations (0 on the first layer), and
  // the share of its rows that ran in the sparse form.
  double* work = nullptr;
};

constexpr size_t kWorkNumbers = 5;

// How far one input value of a convolution reaches.
struct Fan {
  int kernel_height, kernel_width, stride_y, stride_x, pad_top, pad_left;
  int height, width;  // of the output
  int outputs;        // channels that read one input channel
};
Fan FanOf(const Op& op, const Tensor& out);

struct Inflow {
  int64_t nonzero = 0, sum = 0;
  // Accumulations of weights that the values cause as binary spikes: value n is n of them, and each reaches
  // the outputs whose kernel covers it. What falls into the padding costs nothing.
  int64_t operations = 0;
};
// `channels` are the map's own, without padding.
Inflow CountInflow(const kernels::SpikeMap& map, int channels, int steps, const Fan& fan);

// Between the maps of the arena and [T, C, H, W].
void CopySpikes(const kernels::SpikeMap& map, int channels, int steps, uint8_t* to);
void CopyReal(const kernels::RealMap& map, int channels, int steps, float* to);
void TeachSpikes(const uint8_t* from, int channels, int steps, const kernels::SpikeMap& map);
void TeachReal(const float* from, int channels, int steps, const kernels::RealMap& map);

}  // namespace saccade::engine
