// The thread pool and the session for a build with ThreadSanitizer: every chunk of every job is done once,
// whatever the workers were doing (spinning, parked, late), results do not depend on the number of threads,
// and sessions start, abort and end at any moment.
#include <time.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "engine/session.h"

using namespace saccade;

namespace {

void Expect(bool holds, const char* promise) {
  if (holds) return;
  std::printf("broken: %s\n", promise);
  std::exit(1);
}

void Sleep(long microseconds) {
  const timespec time{0, microseconds * 1000};
  nanosleep(&time, nullptr);
}

// Chunks write to plain memory: what the pool orders must be enough for the caller to read it.
struct Count {
  std::vector<int> done;
  int job = 0;
};

int TryPool(int threads, std::minstd_rand& random) {
  engine::Pool pool;
  Expect(pool.Start(threads), "threads are given");
  Count count;
  int chunks = 0;
  for (int job = 1; job <= 400; job++) {
    count.done.assign(random() % 40, 0);
    count.job = job;
    pool.Run(
        static_cast<int>(count.done.size()),
        [](void* context, int chunk, int) {
          Count& count = *static_cast<Count*>(context);
          count.done[static_cast<size_t>(chunk)] += count.job;
        },
        &count);
    for (int done : count.done) Expect(done == job, "every chunk is done once");
    chunks += static_cast<int>(count.done.size());
    // Now and then the workers park, or are on their way to it.
    if (job % 20 == 0) Sleep(static_cast<long>(random() % 150));
  }
  return chunks;
}

// Frame 2 x N x N, its upper half silent -> C channels -> neuron -> C channels -> neuron -> one head of 4 + 1
// channels; the weights of all convolutions are one pattern. 24 x 24 x 24 is cut by rows, 12 x 12 x 192 by
// channels.
struct SmallPlan {
  SmallPlan(int size, int channels)
      : weights(static_cast<size_t>(channels * channels * 9)),
        ones(static_cast<size_t>(channels), 0.25f),
        zeros(static_cast<size_t>(channels), 0.0f),
        frame(static_cast<size_t>(2 * size * size)) {
    std::minstd_rand random(1);
    for (int8_t& weight : weights) weight = static_cast<int8_t>(random() % 61) - 30;
    for (size_t i = 0; i < frame.size(); i++) {
      const size_t row = i / static_cast<size_t>(size) % static_cast<size_t>(size);
      frame[i] = row < static_cast<size_t>(size) / 2 ? 0 : random() % 16;
    }
    using engine::TensorKind;
    plan.input_max = 15;
    plan.tensors = {
        {TensorKind::kInput, 2, size, size, true},        {TensorKind::kReal, channels, size, size, true},
        {TensorKind::kSpike, channels, size, size, true}, {TensorKind::kReal, channels, size, size, true},
        {TensorKind::kSpike, channels, size, size, true}, {TensorKind::kReal, 5, size, size, true},
        {TensorKind::kReal, 5, size, size, false}};
    Conv(0, 2, 1, channels);
    Neuron(1, 2);
    Conv(2, channels, 3, channels);
    Neuron(3, 4);
    Conv(4, channels, 5, 5);
    engine::Op mean;
    mean.kind = engine::OpKind::kMean;
    mean.inputs = {5};
    mean.output = 6;
    plan.ops.push_back(mean);
    plan.outputs = {6};
    settings.reg_max = 1;
    settings.score = 0.5f;
    settings.width = settings.height = static_cast<float>(size);
  }

  void Neuron(int input, int output) {
    engine::Op neuron;
    neuron.kind = engine::OpKind::kNeuron;
    neuron.inputs = {input};
    neuron.output = output;
    neuron.levels = 4;
    neuron.constant = 0.25f;
    plan.ops.push_back(neuron);
  }

  void Conv(int input, int inputs, int output, int outputs) {
    engine::Op op;
    op.kind = engine::OpKind::kConv;
    op.inputs = {input};
    op.output = output;
    op.kernel_height = op.kernel_width = 3;
    op.pad_top = op.pad_left = op.pad_bottom = op.pad_right = 1;
    op.weight8 = weights.data();
    op.weights = static_cast<size_t>(inputs) * static_cast<size_t>(outputs) * 9;
    op.scale = ones.data();
    op.bias = zeros.data();
    op.scales = op.biases = static_cast<size_t>(outputs);
    plan.ops.push_back(op);
  }

  engine::Plan plan;
  detect::Settings settings;
  std::vector<int8_t> weights;
  std::vector<float> ones, zeros;
  std::vector<uint8_t> frame;
};

struct Waiting {
  std::atomic<int> done{0};
  engine::Result result{};
};

int TrySession(const SmallPlan& small, const engine::LoadOptions& options, int threads,
               std::minstd_rand& random, std::vector<float>* wanted) {
  Waiting waiting;
  std::string error;
  auto session = engine::Session::Open(
      small.plan, small.settings, {1}, kernels::TableOf(kernels::Supported().back()), options,
      [](void* context, const engine::Result& result) {
        Waiting& waiting = *static_cast<Waiting*>(context);
        waiting.result = result;
        waiting.done.fetch_add(1);
      },
      &waiting, &error);
  if (!session) std::printf("%s\n", error.c_str());
  Expect(session && session->StartThreads(threads), "a session opens");
  std::vector<float> rows(session->detector().RowFloats());
  int finished = 0;
  constexpr int kRuns = 20;
  for (int run = 1; run <= kRuns; run++) {
    std::fill(rows.begin(), rows.end(), 0.0f);
    session->Start({small.frame.data(), rows.data(), nullptr});
    if (run % 3 == 0) {
      Sleep(static_cast<long>(random() % 300));
      session->Abort();
    }
    if (run == kRuns) break;
    while (waiting.done.load() < run) Sleep(50);
    if (waiting.result.outcome != engine::Outcome::kDone) continue;
    if (wanted->empty()) *wanted = rows;
    Expect(waiting.result.boxes > 0 && rows == *wanted, "boxes do not depend on threads or on runs before");
    finished++;
  }
  session.reset();  // perhaps in the middle of a run
  return finished;
}

}  // namespace

int main() {
  std::minstd_rand random(1);
  int chunks = 0, runs = 0;
  for (int threads : {1, 2, 3, 5}) chunks += TryPool(threads, random);
  std::printf("pool: %d chunks\n", chunks);
  for (const auto& [size, channels] : {std::pair{24, 24}, std::pair{12, 192}}) {
    const SmallPlan small(size, channels);
    std::vector<float> wanted;
    for (int threads : {1, 2, 4}) {
      using engine::Form;
      for (const Form form : {Form::kAuto, Form::kDense, Form::kSparse, Form::kBinary}) {
        engine::LoadOptions options;
        options.form = form;
        runs += TrySession(small, options, threads, random, &wanted);
      }
    }
  }
  std::printf("session: %d runs\n", runs);
  return 0;
}
