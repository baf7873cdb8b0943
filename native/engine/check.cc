// Check(): nothing after it looks at a plan with suspicion.
#include <cmath>
#include <cstdlib>

#include "engine/plan.h"

namespace saccade::engine {

namespace {

constexpr int kMaxSide = 1 << 14;  // channels, height, width
constexpr int kMaxKernel = 31;
constexpr int kMaxSteps = 64;
constexpr size_t kMaxParts = 1 << 13;  // tensors, operators, inputs of a concat

bool InRange(int value, int low, int high) {
  return value >= low && value <= high;
}

bool Finite(const float* values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!std::isfinite(values[i])) return false;
  }
  return true;
}

// Output size of a window that slides over a padded axis; 0 when it does not fit.
int Slide(int size, int before, int after, int kernel, int stride) {
  const int span = size + before + after - kernel;
  return span < 0 ? 0 : span / stride + 1;
}

class Checker {
 public:
  Checker(const Plan& plan, PlanFacts* facts) : plan_(plan), facts_(*facts) {}

  std::string Run() {
    if (!InRange(plan_.steps, 1, kMaxSteps))
      return "the plan's time steps must be 1.." + std::to_string(kMaxSteps);
    if (!InRange(plan_.input_max, 1, 255)) return "the plan's largest input value must be 1..255";
    if (plan_.tensors.size() > kMaxParts || plan_.ops.size() > kMaxParts)
      return "the plan has too many parts";
    std::string error = Tensors();
    if (!error.empty()) return error;
    for (size_t i = 0; i < plan_.ops.size(); i++) {
      error = Operator(static_cast<int>(i));
      if (!error.empty()) return "operator " + std::to_string(i) + " (" + plan_.ops[i].name + "): " + error;
    }
    return Outputs();
  }

 private:
  const Tensor& At(int tensor) const { return plan_.tensors[static_cast<size_t>(tensor)]; }

  std::string Tensors() {
    const size_t count = plan_.tensors.size();
    facts_.producer.assign(count, -2);
    facts_.consumers.assign(count, {});
    facts_.largest.assign(count, 0);
    for (size_t i = 0; i < count; i++) {
      const Tensor& tensor = plan_.tensors[i];
      if (!InRange(tensor.channels, 1, kMaxSide) || !InRange(tensor.height, 1, kMaxSide) ||
          !InRange(tensor.width, 1, kMaxSide)) {
        return "tensor " + std::to_string(i) + " has a side outside 1.." + std::to_string(kMaxSide);
      }
      if (tensor.kind != TensorKind::kInput) continue;
      if (facts_.input >= 0) return "the plan has more than one input";
      if (!tensor.timed) return "the plan's input must have time steps";
      facts_.input = static_cast<int>(i);
      facts_.producer[i] = -1;
      facts_.largest[i] = plan_.input_max;
    }
    return facts_.input < 0 ? "the plan has no input" : "";
  }

  std::string Operator(int index) {
    const Op& op = plan_.ops[static_cast<size_t>(index)];
    const int tensors = static_cast<int>(plan_.tensors.size());
    const size_t wanted = op.kind == OpKind::kAdd ? 2 : 1;
    if (op.kind == OpKind::kConcat ? op.inputs.empty() || op.inputs.size() > kMaxParts
                                   : op.inputs.size() != wanted) {
      return "wrong number of inputs";
    }
    for (int input : op.inputs) {
      if (!InRange(input, 0, tensors - 1)) return "reads a tensor that does not exist";
      if (facts_.producer[static_cast<size_t>(input)] == -2) return "reads a tensor before it is written";
      facts_.consumers[static_cast<size_t>(input)].push_back(index);
    }
    if (!InRange(op.output, 0, tensors - 1)) return "writes a tensor that does not exist";
    if (facts_.producer[static_cast<size_t>(op.output)] != -2)
      return "writes a tensor that is written already";
    facts_.producer[static_cast<size_t>(op.output)] = index;

    const bool from_bytes = op.kind == OpKind::kConv;
    for (int input : op.inputs) {
      if ((At(input).kind != TensorKind::kReal) != from_bytes) return "reads a tensor of the wrong kind";
      if (op.kind != OpKind::kMean && At(input).timed != At(op.output).timed) return "changes the time steps";
    }
    const TensorKind kind = op.kind == OpKind::kNeuron ? TensorKind::kSpike : TensorKind::kReal;
    if (At(op.output).kind != kind) return "writes a tensor of the wrong kind";
    return Details(op);
  }

  std::string Details(const Op& op) {
    const Tensor& in = At(op.inputs[0]);
    const Tensor& out = At(op.output);
    const bool same_sides = in.height == out.height && in.width == out.width;
    switch (op.kind) {
      case OpKind::kConv:
        return Convolution(op, in, out, true);
      case OpKind::kRealConv:
        return Convolution(op, in, out, false);
      case OpKind::kMaxPool:
        if (in.channels != out.channels) return "changes the channels";
        return Window(op, in, out);
      case OpKind::kNeuron:
        return Neuron(op, in, out);
      case OpKind::kAdd:
        if (!same_sides || in.channels != out.channels || !SameShape(At(op.inputs[1]), out))
          return "shapes differ";
        return "";
      case OpKind::kUpsample:
        if (!InRange(op.factor, 1, 64)) return "the factor must be 1..64";
        if (in.channels != out.channels || in.height * op.factor != out.height ||
            in.width * op.factor != out.width) {
          return "the output is not the input times the factor";
        }
        return "";
      case OpKind::kConcat:
        return Concat(op, out);
      case OpKind::kMean:
        if (out.timed) return "the mean over time must have one step";
        return SameShape(in, out) ? "" : "shapes differ";
    }
    return "is unknown";
  }

  static bool SameShape(const Tensor& a, const Tensor& b) {
    return a.channels == b.channels && a.height == b.height && a.width == b.width;
  }

  std::string Window(const Op& op, const Tensor& in, const Tensor& out) {
    if (!InRange(op.kernel_height, 1, kMaxKernel) || !InRange(op.kernel_width, 1, kMaxKernel)) {
      return "a kernel side must be 1.." + std::to_string(kMaxKernel);
    }
    if (!InRange(op.stride_y, 1, kMaxKernel) || !InRange(op.stride_x, 1, kMaxKernel)) {
      return "a stride must be 1.." + std::to_string(kMaxKernel);
    }
    for (int pad : {op.pad_top, op.pad_left, op.pad_bottom, op.pad_right}) {
      if (!InRange(pad, 0, kMaxKernel)) return "a padding must be 0.." + std::to_string(kMaxKernel);
    }
    // A window wholly in the padding has no maximum and no meaning.
    if (op.pad_top >= op.kernel_height || op.pad_left >= op.kernel_width ||
        op.pad_bottom >= op.kernel_height || op.pad_right >= op.kernel_width) {
      return "a padding must be smaller than the kernel";
    }
    if (Slide(in.height, op.pad_top, op.pad_bottom, op.kernel_height, op.stride_y) != out.height ||
        Slide(in.width, op.pad_left, op.pad_right, op.kernel_width, op.stride_x) != out.width) {
      return "the output's size does not follow from input, kernel, stride and padding";
    }
    return "";
  }

  std::string Convolution(const Op& op, const Tensor& in, const Tensor& out, bool integer) {
    std::string error = Window(op, in, out);
    if (!error.empty()) return error;
    if (op.groups < 1 || in.channels % op.groups || out.channels % op.groups)
      return "the groups do not divide the channels";
    const size_t taps = static_cast<size_t>(in.channels / op.groups) * static_cast<size_t>(op.kernel_height) *
                        static_cast<size_t>(op.kernel_width);
    const size_t channels = static_cast<size_t>(out.channels);
    if (op.weights != channels * taps) return "the weights do not have the size of the shape";
    if (integer != (op.weight8 || op.weight16) || integer == (op.weight32 != nullptr)) {
      return "the weights have the wrong type";
    }
    if (op.biases != channels || (integer && op.scales != channels))
      return "scale or bias has the wrong size";
    if (!Finite(op.bias, op.biases)) return "a bias is not finite";
    if (!integer) return Finite(op.weight32, op.weights) ? "" : "a weight is not finite";
    if (!Finite(op.scale, op.scales)) return "a scale is not finite";
    return Sums(op, channels, taps);
  }

  // No sum of products, in any order, may leave 32 bits.
  std::string Sums(const Op& op, size_t channels, size_t taps) {
    const int64_t largest = facts_.largest[static_cast<size_t>(op.inputs[0])];
    for (size_t c = 0; c < channels; c++) {
      int64_t sum = 0;
      for (size_t i = c * taps; i < (c + 1) * taps; i++) {
        sum += std::abs(op.weight8 ? static_cast<int>(op.weight8[i]) : static_cast<int>(op.weight16[i]));
      }
      if (sum * largest > INT32_MAX) return "the sums of channel " + std::to_string(c) + " may leave 32 bits";
    }
    return "";
  }

  std::string Neuron(const Op& op, const Tensor& in, const Tensor& out) {
    if (!SameShape(in, out)) return "shapes differ";
    if (!(op.levels >= 1 && op.levels <= 255) || op.levels != std::floor(op.levels)) {
      return "levels must be a whole number, 1..255";
    }
    if (!std::isfinite(op.constant) || (op.tau && op.constant <= 0)) return "decay or tau is not usable";
    facts_.largest[static_cast<size_t>(op.output)] = static_cast<int>(op.levels);
    return "";
  }

  std::string Concat(const Op& op, const Tensor& out) {
    int64_t channels = 0;
    for (int input : op.inputs) {
      const Tensor& in = At(input);
      if (in.height != out.height || in.width != out.width) return "shapes differ";
      channels += in.channels;
    }
    return channels == out.channels ? "" : "the channels do not add up";
  }

  std::string Outputs() {
    if (plan_.outputs.empty() || plan_.outputs.size() > 64) return "the plan must have 1..64 outputs";
    for (int output : plan_.outputs) {
      if (!InRange(output, 0, static_cast<int>(plan_.tensors.size()) - 1) ||
          facts_.producer[static_cast<size_t>(output)] < 0 || At(output).kind != TensorKind::kReal) {
        return "an output of the plan is not a real tensor that some operator writes";
      }
      if (Steps(plan_, output) != 1) return "an output of the plan still has time steps";
    }
    return "";
  }

  const Plan& plan_;
  PlanFacts& facts_;
};

}  // namespace

std::string Check(const Plan& plan, PlanFacts* facts) {
  return Checker(plan, facts).Run();
}

}  // namespace saccade::engine
