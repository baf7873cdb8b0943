// A plan as the engine takes it: shapes, operators and pointers to their weights. pipeline/detect/plan.ts
// says what each operator means. Weights are only read while a network is being loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace saccade::engine {

enum class TensorKind { kInput, kSpike, kReal };

// Shape per time step.
struct Tensor {
  TensorKind kind;
  int channels, height, width;
  bool timed;  // false after the mean over time: one step only
};

enum class OpKind { kConv, kRealConv, kNeuron, kAdd, kUpsample, kMaxPool, kConcat, kMean };

struct Op {
  OpKind kind;
  std::string name;
  std::vector<int> inputs;
  int output = -1;
  // Convolutions and pools.
  int kernel_height = 1, kernel_width = 1, stride_y = 1, stride_x = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int groups = 1;
  // OIHW. One of the three weight pointers is set: s8 or s16 for kConv, f32 for kRealConv.
  const int8_t* weight8 = nullptr;
  const int16_t* weight16 = nullptr;
  const float* weight32 = nullptr;
  size_t weights = 0;
  const float* scale = nullptr;
  size_t scales = 0;
  const float* bias = nullptr;
  size_t biases = 0;
  // Neurons.
  bool tau = false;
  float levels = 0, constant = 0;
  // Upsampling.
  int factor = 1;
};

struct Plan {
  int steps = 1;        // T
  int input_max = 255;  // largest value of a frame
  std::vector<Tensor> tensors;
  std::vector<Op> ops;  // in an order in which they can run
  std::vector<int> outputs;
};

// What is true of a plan that Check has passed.
struct PlanFacts {
  std::vector<int> producer;                // op of each tensor; -1 for the input
  std::vector<std::vector<int>> consumers;  // ops of each tensor, once per use
  std::vector<int> largest;                 // largest value of each u8 tensor
  int input = -1;
};

// Checks every number, shape and weight of a plan that may have come from anywhere. Empty when it can run,
// else one sentence that names the operator.
std::string Check(const Plan& plan, PlanFacts* facts);

inline int Steps(const Plan& plan, int tensor) {
  return plan.tensors[static_cast<size_t>(tensor)].timed ? plan.steps : 1;
}

}  // namespace saccade::engine
