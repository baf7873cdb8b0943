// Every kernel of every instruction set against the scalar one, whole maps, bit for bit: odd sizes, tails of
// every length, strides, steps, residuals, and inputs and weights at the ends of their ranges. Prints what it
// compared; the first difference ends it. test/kernels/kernels.test.ts builds and runs it, AVX-512 under
// SIMDe.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "engine/network.h"

using namespace saccade;
using engine::Op;
using engine::OpKind;
using engine::TensorKind;

namespace {

enum class Fill { kRandom, kHighest, kLowest, kAlternating };
const char* const kFills[] = {"random", "highest", "lowest", "alternating"};

constexpr std::pair<engine::Form, const char*> kForms[] = {
    {engine::Form::kDense, "dense"}, {engine::Form::kSparse, "sparse"}, {engine::Form::kAuto, "auto"}};

struct Case {
  int inputs, outputs, height, width;
  int kernel, stride;
  int bits;
  int levels;
  int steps;
  Fill fill;
  bool depthwise;
  bool residual;
  bool tau;
  bool flat = false;  // a kernel of one row, stride 1 downwards
};

// input -> conv A (saturated by its bias when the fill is extreme) -> neuron -> conv B, the one under test,
// (+ residual) -> neuron, and the real sum is an output too.
class TestPlan {
 public:
  explicit TestPlan(const Case& c, uint32_t seed) : random_(seed), quiet_(seed % 2) {
    plan_.steps = c.steps;
    plan_.input_max = 15;
    const int input = Add(TensorKind::kInput, 3, c.height, c.width);
    const int spikes = Neuron(Conv(input, c.inputs, 3, 1, 8, Fill::kRandom, 1, c.fill != Fill::kRandom), c);
    const int conv = Conv(spikes, c.outputs, c.kernel, c.stride, c.bits, c.fill, c.depthwise ? c.inputs : 1,
                          false, c.flat);
    tested_ = static_cast<int>(plan_.ops.size()) - 1;
    int sum = conv;
    if (c.residual) {
      const int other = Conv(spikes, c.outputs, c.kernel, c.stride, 8, Fill::kRandom, 1, false);
      // The addition is carried by the later of the two; a second one makes it a chain.
      sum = Binary(Binary(other, conv), other);
    }
    const int fired = Neuron(sum, c);
    Mean(sum);
    Mean(Conv(fired, 5, 1, 1, 16, Fill::kRandom, 1, false));
    frame_.resize(static_cast<size_t>(c.steps * 3 * c.height * c.width));
    // A third of the frames is full, the others are mostly silent in their lower half and wholly above it.
    for (size_t i = 0; i < frame_.size(); i++) {
      const size_t row = i / static_cast<size_t>(c.width) % static_cast<size_t>(c.height);
      const bool silent = row < static_cast<size_t>(c.height) / 2 || random_() % 6;
      frame_[i] = static_cast<uint8_t>(seed % 3 && silent ? 0 : random_() % 16);
    }
  }

  const engine::Plan& plan() const { return plan_; }
  const uint8_t* frame() const { return frame_.data(); }
  int tested() const { return tested_; }  // operator

 private:
  int Add(TensorKind kind, int channels, int height, int width, bool timed = true) {
    plan_.tensors.push_back({kind, channels, height, width, timed});
    return static_cast<int>(plan_.tensors.size()) - 1;
  }
  engine::Tensor At(int tensor) const { return plan_.tensors[static_cast<size_t>(tensor)]; }

  int Weight(Fill fill, int bits, int index) {
    const int highest = bits == 8 ? 127 : 2047, lowest = bits == 8 ? -128 : -2048;
    switch (fill) {
      case Fill::kHighest:
        return highest;
      case Fill::kLowest:
        return lowest;
      case Fill::kAlternating:
        return index / 4 % 2 ? highest : lowest;
      default:
        return static_cast<int>(random_() % static_cast<unsigned>(highest - lowest + 1)) + lowest;
    }
  }

  int Conv(int input, int channels, int kernel, int stride, int bits, Fill fill, int groups, bool saturate,
           bool flat = false) {
    const engine::Tensor in = At(input);
    const int pad = kernel / 2;
    const int height = flat ? in.height : (in.height + 2 * pad - kernel) / stride + 1,
              width = (in.width + 2 * pad - kernel) / stride + 1;
    Op op;
    op.kind = OpKind::kConv;
    op.name = "conv" + std::to_string(plan_.ops.size());
    op.inputs = {input};
    op.output = Add(TensorKind::kReal, channels, height, width);
    op.kernel_width = kernel;
    op.kernel_height = flat ? 1 : kernel;
    op.stride_x = stride;
    op.stride_y = flat ? 1 : stride;
    op.pad_left = op.pad_right = pad;
    op.pad_top = op.pad_bottom = flat ? 0 : pad;
    op.groups = groups;
    const size_t count = static_cast<size_t>(channels * (in.channels / groups) * kernel * op.kernel_height);
    if (bits == 8) {
      auto& weights = bytes_.emplace_back(count);
      for (size_t i = 0; i < count; i++)
        weights[i] = static_cast<int8_t>(Weight(fill, 8, static_cast<int>(i)));
      op.weight8 = weights.data();
    } else {
      auto& weights = words_.emplace_back(count);
      for (size_t i = 0; i < count; i++)
        weights[i] = static_cast<int16_t>(Weight(fill, 16, static_cast<int>(i)));
      op.weight16 = weights.data();
    }
    op.weights = count;
    auto& scale = floats_.emplace_back(static_cast<size_t>(channels));
    auto& bias = floats_.emplace_back(static_cast<size_t>(channels));
    for (float& value : scale) value = static_cast<float>(1 + random_() % 100) / 7000.0f;
    for (float& value : bias) {
      value = saturate ? 1e6f : static_cast<float>(random_() % 64) / 16.0f - 2.0f;
      // No neuron fires in silence.
      if (quiet_ && !saturate) value = value > 0 ? -value : value;
    }
    op.scale = scale.data();
    op.bias = bias.data();
    op.scales = op.biases = static_cast<size_t>(channels);
    plan_.ops.push_back(op);
    return op.output;
  }

  int Neuron(int input, const Case& c) {
    const engine::Tensor in = At(input);
    Op op;
    op.kind = OpKind::kNeuron;
    op.inputs = {input};
    op.output = Add(TensorKind::kSpike, in.channels, in.height, in.width);
    op.tau = c.tau;
    op.levels = static_cast<float>(c.levels);
    // Dividing by a power of two is another firing, and folded where nothing else needs the current.
    constexpr float kTaus[] = {3.0f, 2.0f, 0.25f};
    op.constant = c.tau ? kTaus[random_() % 3] : 0.3f;
    plan_.ops.push_back(op);
    return op.output;
  }
  int Binary(int a, int b) {
    const engine::Tensor in = At(a);
    Op op;
    op.kind = OpKind::kAdd;
    op.inputs = {a, b};
    op.output = Add(TensorKind::kReal, in.channels, in.height, in.width);
    plan_.ops.push_back(op);
    return op.output;
  }
  void Mean(int input) {
    const engine::Tensor in = At(input);
    Op op;
    op.kind = OpKind::kMean;
    op.inputs = {input};
    op.output = Add(TensorKind::kReal, in.channels, in.height, in.width, false);
    plan_.ops.push_back(op);
    plan_.outputs.push_back(op.output);
  }

  std::minstd_rand random_;
  const bool quiet_;
  int tested_ = -1;
  engine::Plan plan_;
  std::vector<uint8_t> frame_;
  // References to elements of a deque stay good while it grows.
  std::deque<std::vector<int8_t>> bytes_;
  std::deque<std::vector<int16_t>> words_;
  std::deque<std::vector<float>> floats_;
};

struct Results {
  std::map<int, std::vector<uint8_t>> spikes;
  std::vector<std::vector<float>> outputs;
  size_t values = 0;
  double sparse = 0;  // share of the rows of the tested convolution
};

void Fail(const char* why) {
  std::printf("%s\n", why);
  std::exit(1);
}

std::vector<std::vector<float>> Outputs(const engine::Network& network, const engine::Plan& plan) {
  std::vector<std::vector<float>> outputs;
  for (size_t i = 0; i < network.outputs(); i++) {
    const kernels::RealMap map = network.Output(i);
    std::vector<float>& output = outputs.emplace_back();
    const int channels = plan.tensors[static_cast<size_t>(plan.outputs[i])].channels;
    for (int p = 0; p < map.height * map.width; p++)
      output.insert(output.end(), map.data + p * map.channels, map.data + p * map.channels + channels);
  }
  return outputs;
}

// Bit for bit.
bool Equal(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i].size() != b[i].size() || std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)))
      return false;
  }
  return true;
}

// `currents`: what enters neurons is stored, and nothing folded.
Results Run(const TestPlan& test, kernels::Isa isa, engine::Form form, int threads, bool currents = false) {
  std::string error;
  const auto network =
      engine::Network::Load(test.plan(), kernels::TableOf(isa), {.currents = currents, .form = form}, &error);
  if (!network || !network->StartThreads(threads)) {
    std::printf("the plan was refused: %s\n", error.c_str());
    std::exit(1);
  }
  const engine::Plan& plan = test.plan();
  Results results;
  engine::Probe probe;
  probe.neurons.resize(plan.ops.size());
  for (size_t op = 0; op < plan.ops.size(); op++) {
    if (plan.ops[op].kind != OpKind::kNeuron) continue;
    const engine::Tensor& tensor = plan.tensors[static_cast<size_t>(plan.ops[op].output)];
    auto& map = results.spikes[static_cast<int>(op)];
    map.assign(static_cast<size_t>(plan.steps * tensor.channels * tensor.height * tensor.width), 0xff);
    probe.neurons[op].spikes = map.data();
    results.values += map.size();
  }
  std::vector<double> work(plan.ops.size() * engine::kWorkNumbers);
  probe.work = work.data();
  std::atomic<bool> abort{false};
  const auto run = [&](const engine::Probe* with) {
    if (network->Run(test.frame(), abort, with) != engine::Outcome::kDone) Fail("the frame was refused");
    return Outputs(*network, plan);
  };
  results.outputs = run(&probe);
  results.sparse = work[static_cast<size_t>(test.tested()) * engine::kWorkNumbers + 4];
  for (const auto& output : results.outputs) results.values += output.size();
  // Without a probe steps overlap. The first finds every map full of the values of the run before.
  for (int i = 0; i < threads; i++) {
    if (!Equal(run(nullptr), results.outputs)) Fail("a run without a probe differs from one with it");
  }
  // The first empty window is computed, by a run that is aborted too; later ones are remembered.
  const std::vector<uint8_t> empty(network->frame_bytes());
  const auto run_empty = [&](const engine::Probe* with) {
    if (network->Run(empty.data(), abort, with) != engine::Outcome::kDone)
      Fail("the empty frame was refused");
    return Outputs(*network, plan);
  };
  abort = true;
  network->Run(empty.data(), abort, nullptr);
  abort = false;
  const auto silence = run_empty(&probe);
  for (int i = 0; i < 3; i++) {
    run(nullptr);
    if (!Equal(run_empty(nullptr), silence)) Fail("an empty window is not remembered as it is");
  }
  return results;
}

bool Same(const Results& a, const Results& b) {
  return a.spikes == b.spikes && Equal(a.outputs, b.outputs);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  // Tails: every count of output channels around a vector, every width around a tile.
  for (int channels : {1, 3, 4, 5, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 40, 65}) {
    cases.push_back({channels, channels, 3, 5, 3, 1, 8, 4, 1, Fill::kRandom, false, false, false});
    cases.push_back({channels, channels, 4, 9, 7, 1, 8, 4, 2, Fill::kRandom, true, false, false});
  }
  for (int width = 1; width <= 27; width++) {
    cases.push_back({6, 20, 2, width, 3, 1, 8, 4, 2, Fill::kRandom, false, true, false});
    cases.push_back({6, 20, 2, width, 3, 1, 16, 4, 1, Fill::kRandom, false, false, false});
    cases.push_back({20, 20, 3, width, 5, 1, 8, 4, 1, Fill::kRandom, true, false, false});
  }
  // Blocks of the sparse form: every number of vectors of sums, and more than one block.
  for (int channels : {48, 64, 66, 96, 130, 200, 260}) {
    cases.push_back({channels, channels, 3, 11, 3, 1, 8, 4, 2, Fill::kRandom, false, true, false});
    cases.push_back({channels, channels, 19, 23, 7, 1, 8, 4, 2, Fill::kRandom, true, false, false});
    cases.push_back({channels, 12, 21, 23, 3, 2, 16, 4, 1, Fill::kRandom, false, false, false});
    cases.push_back({16, channels, 5, 23, 3, 2, 8, 4, 1, Fill::kRandom, false, false, false});
    cases.push_back(
        {24, channels, 2, 5, 1, 1, channels % 4 ? 8 : 16, 4, 1, Fill::kRandom, false, false, false});
  }
  // Strides, kernels, steps and both neurons.
  for (int kernel : {1, 2, 3, 4, 5, 7}) {
    for (int stride : {1, 2, 3, 4}) {
      cases.push_back({7, 19, 9, 13, kernel, stride, 8, 4, 3, Fill::kRandom, false, true, stride % 2 == 0});
      cases.push_back(
          {19, 19, 9, 13, kernel, stride, stride % 2 ? 8 : 16, 4, 3, Fill::kRandom, true, false, true});
    }
  }
  // Kernels of one row, whose last step may lie beyond the row.
  for (int kernel : {1, 3, 5}) {
    for (int stride : {1, 2, 4}) {
      for (int channels : {8, 64, 256})
        cases.push_back(
            {channels, 9, 3, 11, kernel, stride, 8, 4, 1, Fill::kRandom, false, false, false, true});
    }
  }
  // The ends of the ranges: all counts at their level, all weights at theirs; levels beyond what pairs can
  // hold.
  for (Fill fill : {Fill::kHighest, Fill::kLowest, Fill::kAlternating}) {
    for (int levels : {1, 4, 5, 15, 128, 130, 255}) {
      cases.push_back({256, 18, 3, 6, 3, 1, 8, levels, 1, fill, false, false, false});
      cases.push_back({256, 18, 3, 6, 1, 1, 16, levels, 1, fill, false, false, false});
      cases.push_back({34, 34, 8, 9, 7, 1, 8, levels, 1, fill, true, false, false});
      cases.push_back({34, 34, 8, 9, 3, 1, 16, levels, 1, fill, true, false, false});
    }
  }
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Case> cases = Cases();
  for (int a = 1; a < argc; a++) {
    kernels::Isa isa = kernels::Isa::kScalar;
    for (kernels::Isa candidate : kernels::kEvery) {
      if (std::strcmp(argv[a], kernels::Name(candidate)) == 0) isa = candidate;
    }
    size_t values = 0;
    for (size_t i = 0; i < cases.size(); i++) {
      const Case& c = cases[i];
      const TestPlan test(c, static_cast<uint32_t>(i + 1));
      const Results wanted = Run(test, kernels::Isa::kScalar, engine::Form::kDense, 1, true);
      for (const auto& [form, name] : kForms) {
        const Results one = Run(test, isa, form, 1);
        // Sums of up to 9 x 256 weights of 127 fit 16 bits two by two at levels up to 128.
        const bool fits = c.bits == 16 || c.levels <= 127;
        if (form == engine::Form::kSparse && !c.depthwise && fits && one.sparse != 1)
          Fail("the sparse form did not run");
        if (Same(one, wanted) && Same(Run(test, isa, form, 2), wanted)) continue;
        std::printf(
            "%s, %s, differs from scalar: %d -> %d channels, %d x %d, kernel %d, stride %d, %d bits, levels "
            "%d, "
            "steps %d, "
            "%s weights%s%s\n",
            argv[a], name, c.inputs, c.outputs, c.height, c.width, c.kernel, c.stride, c.bits, c.levels,
            c.steps, kFills[static_cast<int>(c.fill)], c.depthwise ? ", depthwise" : "",
            c.residual ? ", residual" : "");
        return 1;
      }
      values += wanted.values;
    }
    std::printf("%s: %zu networks, %zu values equal\n", argv[a], cases.size(), values);
  }
  return 0;
}
