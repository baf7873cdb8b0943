// One convolution C -> C with its neuron in three forms, in turns: dense, walking lists, and as dispatch
// chooses. Inputs are random per value, the hardest case for lists. Beside them what the processor can do at
// most: products and sums of the dense loop on registers alone. Prints JSON; bench/kernels.ts builds and
// reads it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "engine/network.h"

using namespace saccade;

namespace {

double Nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

#if defined(__x86_64__)
// MACs per ns of ten chains of maddubs and paddw that touch no memory; 32 MACs each.
__attribute__((target("avx2"))) double Peak() {
  constexpr long kRounds = 200000;
  __m256i a = _mm256_set1_epi8(1), w = _mm256_set1_epi8(2);
  __m256i s0{}, s1{}, s2{}, s3{}, s4{}, s5{}, s6{}, s7{}, s8{}, s9{};
  const double begin = Nanoseconds();
  for (long i = 0; i < kRounds; i++) {
#define SACCADE_STEP(sum)                                                   \
  {                                                                         \
    __m256i product;                                                        \
    asm volatile("vpmaddubsw %1, %2, %0" : "=x"(product) : "x"(w), "x"(a)); \
    asm volatile("vpaddw %1, %0, %0" : "+x"(sum) : "x"(product));           \
  }
    SACCADE_STEP(s0)
    SACCADE_STEP(s1)
    SACCADE_STEP(s2)
    SACCADE_STEP(s3)
    SACCADE_STEP(s4)
    SACCADE_STEP(s5)
    SACCADE_STEP(s6)
    SACCADE_STEP(s7)
    SACCADE_STEP(s8)
    SACCADE_STEP(s9)
#undef SACCADE_STEP
  }
  return 10 * 32 * static_cast<double>(kRounds) / (Nanoseconds() - begin);
}
#endif

struct Layer {
  int channels, size, kernel;
};

// u8 [C, N, N] -> C channels -> neuron -> 4 channels -> mean: the first convolution is the one that is timed.
struct LayerPlan {
  explicit LayerPlan(const Layer& layer)
      : weights(static_cast<size_t>(layer.channels * layer.channels * layer.kernel * layer.kernel)),
        scale(static_cast<size_t>(layer.channels), 0.001f),
        bias(static_cast<size_t>(layer.channels), 0.1f) {
    using engine::TensorKind;
    const int channels = layer.channels, size = layer.size;
    std::minstd_rand random(1);
    // Sums of what a trained layer has: few large weights.
    for (int8_t& weight : weights) weight = static_cast<int8_t>(static_cast<int>(random() % 41) - 20);
    plan.input_max = 4;
    plan.tensors = {{TensorKind::kInput, channels, size, size, true},
                    {TensorKind::kReal, channels, size, size, true},
                    {TensorKind::kSpike, channels, size, size, true},
                    {TensorKind::kReal, 4, size, size, true},
                    {TensorKind::kReal, 4, size, size, false}};
    Conv(0, 1, channels, channels, layer.kernel);
    engine::Op neuron;
    neuron.kind = engine::OpKind::kNeuron;
    neuron.inputs = {1};
    neuron.output = 2;
    neuron.levels = 4;
    plan.ops.push_back(neuron);
    Conv(2, 3, channels, 4, 1);
    engine::Op mean;
    mean.kind = engine::OpKind::kMean;
    mean.inputs = {3};
    mean.output = 4;
    plan.ops.push_back(mean);
    plan.outputs = {4};
  }

  void Conv(int input, int output, int inputs, int outputs, int kernel) {
    engine::Op op;
    op.kind = engine::OpKind::kConv;
    op.inputs = {input};
    op.output = output;
    op.kernel_height = op.kernel_width = kernel;
    op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = kernel / 2;
    op.weight8 = weights.data();
    op.weights = static_cast<size_t>(inputs * outputs * kernel * kernel);
    op.scale = scale.data();
    op.bias = bias.data();
    op.scales = op.biases = static_cast<size_t>(outputs);
    plan.ops.push_back(op);
  }

  engine::Plan plan;
  std::vector<int8_t> weights;
  std::vector<float> scale, bias;
};

constexpr engine::Form kForms[] = {engine::Form::kDense, engine::Form::kSparse, engine::Form::kAuto};

void Time(const Layer& layer, double density, int rounds, bool first) {
  const LayerPlan test(layer);
  std::vector<std::unique_ptr<engine::Network>> networks;
  for (const engine::Form form : kForms) {
    std::string error;
    networks.push_back(engine::Network::Load(test.plan, kernels::TableOf(kernels::Supported().back()),
                                             {.form = form}, &error));
    if (!networks.back() || !networks.back()->StartThreads(1)) {
      std::fprintf(stderr, "%s\n", error.c_str());
      std::exit(1);
    }
  }
  std::minstd_rand random(7);
  std::vector<uint8_t> frame(static_cast<size_t>(layer.channels * layer.size * layer.size));
  for (uint8_t& value : frame)
    value = static_cast<double>(random()) < density * 2147483647 ? static_cast<uint8_t>(1 + random() % 4) : 0;
  const std::atomic<bool> abort{false};
  std::vector<double> ns[3], peaks;
  for (int round = 0; round < rounds; round++) {
#if defined(__x86_64__)
    // Of AVX2; sets with a dot product instruction do more.
    if (kernels::Supported().back() == kernels::Isa::kAvx2) peaks.push_back(Peak());
#endif
    for (size_t i = 0; i < 3; i++) {
      std::vector<double> work(test.plan.ops.size() * engine::kWorkNumbers);
      engine::Probe probe;
      probe.neurons.resize(test.plan.ops.size());
      probe.work = work.data();
      networks[i]->Run(frame.data(), abort, &probe);
      ns[i].push_back(work[0]);
    }
  }
  const double macs = static_cast<double>(test.weights.size()) * layer.size * layer.size;
  std::printf(
      "%s\n{\"channels\": %d, \"size\": %d, \"kernel\": %d, \"density\": %g, \"macs\": %.0f, \"peak\": %g, "
      "\"dense\": %.0f, \"lists\": %.0f, \"chosen\": %.0f}",
      first ? "" : ",", layer.channels, layer.size, layer.kernel, density, macs,
      peaks.empty() ? 0 : Median(peaks), Median(ns[0]), Median(ns[1]), Median(ns[2]));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 41;
  std::printf("[");
  bool first = true;
  for (const Layer& layer : {Layer{32, 40, 3}, Layer{64, 40, 3}, Layer{128, 20, 3}, Layer{256, 20, 3},
                             Layer{64, 40, 1}, Layer{128, 40, 1}, Layer{256, 20, 1}}) {
    for (const double density : {0.05, 0.10, 0.15, 0.25, 0.40}) {
      Time(layer, density, rounds, first);
      first = false;
    }
  }
  std::printf("\n]\n");
}
