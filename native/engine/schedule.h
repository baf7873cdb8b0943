// What runs together. A convolution carries the additions and the neuron that follow it in its epilogue, so
// that its sums never reach memory; everything else is a step of its own. Further neurons on the same values
// follow at once, while these are warm and before their memory is needed.
#pragma once

#include <vector>

#include "engine/plan.h"

namespace saccade::engine {

struct Step {
  int op;                      // the operator, or the convolution that leads
  std::vector<int> residuals;  // tensors added to a convolution, in graph order
  int real = -1;               // real tensor that is stored, or -1
  int spikes = -1;             // spike tensor that is stored, or -1
  int neuron = -1;             // operator behind `spikes`
  // Every tensor that the step reads and writes.
  std::vector<int> reads, writes;
};

// `currents`: what enters a neuron is stored too.
std::vector<Step> Schedule(const Plan& plan, const PlanFacts& facts, bool currents);

}  // namespace saccade::engine
