// Running a network: step after step, each split among the threads, with or without a probe.
#include <algorithm>
#include <chrono>

#include "engine/ready.h"

namespace saccade::engine {

using kernels::Part;

bool Network::StartThreads(int threads) {
  scratch_ = Buffer(scratch_bytes_ * static_cast<size_t>(threads));
  return scratch_.data() && pool_.Start(threads);
}

Outcome Network::Run(const uint8_t* frame, const std::atomic<bool>& abort, const Probe* probe) {
  // The proofs hold for values up to the plan's; others are refused, not clipped.
  if (LoadFrame(frame) > input_max_) return Outcome::kFrameTooLarge;
  for (const Ready& step : steps_) {
    if (abort.load(std::memory_order_relaxed)) return Outcome::kAborted;
    if (probe) {
      RunProbed(step, *probe);
    } else {
      RunStep(step);
    }
  }
  return abort.load(std::memory_order_relaxed) ? Outcome::kAborted : Outcome::kDone;
}

namespace {

// Splits rows, or blocks of output channels where the map is small: row chunks of a small map would make
// every core stream all weights. About two chunks per thread even out what threads lose to other work.
struct Split {
  int chunks;
  bool by_blocks;
};
constexpr int kSmallMap = 20;  // rows

Split SplitAmong(int threads, int rows, int blocks) {
  if (threads == 1) return {1, false};
  const int wanted = std::max(4, 2 * threads);
  const bool by_blocks = rows <= kSmallMap && blocks >= threads;
  return {std::min(by_blocks ? blocks : rows, wanted), by_blocks};
}

Part Chunk(const Split& split, int index, int rows, int blocks) {
  const auto cut = [&](int total, int i) {
    return static_cast<int>(static_cast<int64_t>(total) * i / split.chunks);
  };
  if (split.by_blocks) return {0, rows, cut(blocks, index), cut(blocks, index + 1)};
  return {cut(rows, index), cut(rows, index + 1), 0, blocks};
}

}  // namespace

void Network::RunStep(const Ready& ready) {
  if (ready.spikes >= 0) arena_.ClearBorder(ready.spikes);
  struct Job {
    Network* network;
    const Ready* ready;
    Split split;
  } job{this, &ready, SplitAmong(pool_.threads(), ready.rows, ready.blocks)};
  pool_.Run(
      job.split.chunks,
      [](void* context, int index, int thread) {
        const Job& job = *static_cast<const Job*>(context);
        job.network->RunPart(*job.ready, Chunk(job.split, index, job.ready->rows, job.ready->blocks), thread);
      },
      &job);
}

// Counting what is not 0 in the input of a part takes 1 us per 100 KB, 1 % of a network's time; that it is
// the part's own density makes a busy half of a picture dense and the sky above it sparse.
bool Network::PrefersSparse(const Ready& ready, const Part& part) const {
  if (!ready.packed_sparse.usable) return false;
  if (options_.form == Form::kSparse) return true;
  if (ready.sparse_below <= 0) return false;
  const kernels::SparseArgs& args = ready.sparse;
  const int rows = (part.row_end - part.row_begin - 1) * args.stride_y + args.kernel_height;
  const int length = args.columns * args.pixel;
  size_t nonzeros = 0;
  for (int t = 0; t < args.steps; t++) {
    const uint8_t* first = args.input + static_cast<size_t>(t) * args.input_step +
                           static_cast<size_t>(part.row_begin) * args.input_row;
    nonzeros += table_.nonzeros(first, args.tap_row, rows, length);
  }
  const double values = static_cast<double>(rows) * length * args.steps;
  return static_cast<double>(nonzeros) < values * static_cast<double>(ready.sparse_below);
}

void Network::RunPart(const Ready& ready, const Part& part, int thread) {
  parts_.fetch_add(1, std::memory_order_relaxed);
  if (PrefersSparse(ready, part)) {
    sparse_parts_.fetch_add(1, std::memory_order_relaxed);
    uint8_t* scratch = scratch_.data() + static_cast<size_t>(thread) * scratch_bytes_;
    (ready.packed_sparse.wide ? table_.sparse16 : table_.sparse8)(ready.sparse, part, scratch);
    return;
  }
  struct Dispatch {
    const kernels::Table& table;
    const Part& part;
    bool wide;
    void operator()(const kernels::ConvArgs& args) const { (wide ? table.conv16 : table.conv8)(args, part); }
    void operator()(const kernels::DepthwiseArgs& args) const { table.depthwise(args, part); }
    void operator()(const kernels::BinaryConvArgs& args) const { kernels::BinaryConv(args, part); }
    void operator()(const kernels::RealConvArgs& args) const { table.realconv(args, part); }
    void operator()(const kernels::NeuronArgs& args) const { table.neuron(args, part); }
    void operator()(const kernels::AddArgs& args) const { table.add(args, part); }
    void operator()(const kernels::UpsampleArgs& args) const { table.upsample(args, part); }
    void operator()(const kernels::MaxPoolArgs& args) const { table.maxpool(args, part); }
    void operator()(const ConcatAll& all) const {
      for (const kernels::ConcatArgs& args : all.sources) table.concat(args, part);
    }
    void operator()(const kernels::MeanArgs& args) const { table.mean(args, part); }
  };
  std::visit(Dispatch{table_, part, ready.wide}, ready.args);
}

int Network::LoadFrame(const uint8_t* frame) {
  arena_.ClearBorder(input_);
  const kernels::SpikeMap map = arena_.Spikes(input_);
  struct Job {
    const kernels::Table& table;
    kernels::FrameArgs args;
    Split split;
    std::atomic<int> largest{0};
  } job{table_,
        {frame, map, map.channels, arena_.At(input_).steps},
        SplitAmong(pool_.threads(), map.height, 1)};
  pool_.Run(
      job.split.chunks,
      [](void* context, int index, int) {
        Job& job = *static_cast<Job*>(context);
        const int largest = job.table.frame(job.args, Chunk(job.split, index, job.args.output.height, 1));
        int seen = job.largest.load();
        while (seen < largest && !job.largest.compare_exchange_weak(seen, largest)) {
        }
      },
      &job);
  return job.largest.load();
}

void Network::RunProbed(const Ready& ready, const Probe& probe) {
  operations_.store(0, std::memory_order_relaxed);
  parts_.store(0, std::memory_order_relaxed);
  sparse_parts_.store(0, std::memory_order_relaxed);
  const auto begin = std::chrono::steady_clock::now();
  RunStep(ready);
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  const size_t op = static_cast<size_t>(ready.op);
  if (probe.work) AddWork(ready, time.count(), probe.work + op * kWorkNumbers);
  if (ready.neuron >= 0) ShowNeuron(ready, probe.neurons[static_cast<size_t>(ready.neuron)]);
}

void Network::AddWork(const Ready& ready, double nanoseconds, double* work) const {
  work[0] += nanoseconds;
  if (ready.input < 0) return;
  const Inflow inflow =
      CountInflow(arena_.Spikes(ready.input), ready.input_channels, arena_.At(ready.input).steps, ready.fan);
  work[1] += static_cast<double>(inflow.nonzero);
  work[2] += static_cast<double>(inflow.sum);
  work[4] += static_cast<double>(sparse_parts_.load()) / parts_.load();
  if (!ready.on_spikes) return;
  // A binary convolution counts for itself.
  const bool binary = std::holds_alternative<kernels::BinaryConvArgs>(ready.args);
  work[3] += static_cast<double>(binary ? operations_.load(std::memory_order_relaxed) : inflow.operations);
}

void Network::ShowNeuron(const Ready& ready, const Probe::Neuron& neuron) const {
  const kernels::SpikeMap spikes = arena_.Spikes(ready.spikes);
  if (neuron.spikes) CopySpikes(spikes, ready.channels, ready.steps, neuron.spikes);
  if (neuron.taught_spikes) TeachSpikes(neuron.taught_spikes, ready.channels, ready.steps, spikes);
  if (ready.current < 0) return;
  const kernels::RealMap current = arena_.Real(ready.current);
  if (neuron.current) CopyReal(current, ready.channels, ready.steps, neuron.current);
  // Other neurons on the same values must still see the computed ones.
  if (neuron.taught_current && ready.last_reader)
    TeachReal(neuron.taught_current, ready.channels, ready.steps, current);
}

}  // namespace saccade::engine
