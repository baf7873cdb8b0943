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

// Splits rows, or blocks of output channels where the map is small and its weights are not: row chunks would
// make every core stream all of them. (Lists of what is not 0 are made by every thread for its rows, so
// chunks of channels would make all of them several times.) About two chunks per thread even out what threads
// lose to other work, and pictures that are busy in places.
struct Split {
  int chunks;
  bool by_blocks;
};
constexpr int kBand = 6;                          // rows that are dense or sparse together
constexpr int kSmallMap = 20;                     // rows
constexpr size_t kCoreWeights = size_t{1} << 18;  // what a core's own cache keeps beside the maps

Split SplitAmong(int threads, int rows, int blocks, size_t weight_bytes) {
  if (threads == 1) return {1, false};
  const int wanted = std::max(4, 2 * threads);
  const bool by_blocks = rows <= kSmallMap && blocks >= threads && weight_bytes > kCoreWeights;
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
  } job{this, &ready, SplitAmong(pool_.threads(), ready.rows, ready.blocks, ready.conv.weights.bytes())};
  pool_.Run(
      job.split.chunks,
      [](void* context, int index, int thread) {
        const Job& job = *static_cast<const Job*>(context);
        job.network->RunPart(*job.ready, Chunk(job.split, index, job.ready->rows, job.ready->blocks), thread);
      },
      &job);
}

// How rows run: by what of their input is not 0. Counting it takes 1 % of a network's time.
Network::Way Network::WayOf(const Ready& ready, int row_begin, int row_end) const {
  const Inputs& in = ready.inputs;
  if (options_.form == Form::kDense || !in.first || !table_.nonzeros) return Way::kDense;
  const bool sparse = ready.packed_sparse.usable;
  if (sparse && options_.form == Form::kSparse) return Way::kSparse;
  const int rows = (row_end - row_begin - 1) * in.stride_y + in.kernel_height;
  size_t nonzeros = 0;
  for (int t = 0; t < ready.silent.steps; t++) {
    const uint8_t* first =
        in.first + static_cast<size_t>(t) * in.step + static_cast<size_t>(row_begin * in.stride_y) * in.row;
    nonzeros += table_.nonzeros(first, in.row, rows, in.length);
  }
  if (nonzeros == 0) return Way::kSilent;
  const float values = static_cast<float>(rows) * static_cast<float>(in.length * ready.silent.steps);
  return sparse && static_cast<float>(nonzeros) < values * ready.sparse_below ? Way::kSparse : Way::kDense;
}

// Bands of rows run each by their own density: below a silent sky a street is dense. Neighbours of one way
// run as one.
void Network::RunPart(const Ready& ready, const Part& part, int thread) {
  Part run = part;
  Way way = Way::kDense;
  for (int row = part.row_begin; row < part.row_end; row += kBand) {
    const int end = std::min(row + kBand, part.row_end);
    const Way wanted = WayOf(ready, row, end);
    if (row > part.row_begin && wanted != way) {
      RunRows(ready, run, way, thread);
      run.row_begin = row;
    }
    run.row_end = end;
    way = wanted;
  }
  RunRows(ready, run, way, thread);
}

void Network::RunRows(const Ready& ready, const Part& part, Way way, int thread) {
  const int rows = part.row_end - part.row_begin;
  rows_.fetch_add(rows, std::memory_order_relaxed);
  if (way == Way::kDense) return RunDense(ready, part);
  sparse_rows_.fetch_add(rows, std::memory_order_relaxed);
  if (way == Way::kSilent) {
    // All channels: the part of the first block does it.
    if (part.block_begin == 0) table_.silence(ready.silent, part);
    return;
  }
  uint8_t* const scratch = scratch_.data() + static_cast<size_t>(thread) * scratch_bytes_;
  (ready.packed_sparse.wide ? table_.sparse16 : table_.sparse8)(ready.sparse, part, scratch);
}

void Network::RunDense(const Ready& ready, const Part& part) const {
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
        SplitAmong(pool_.threads(), map.height, 1, 0)};
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
  rows_.store(0, std::memory_order_relaxed);
  sparse_rows_.store(0, std::memory_order_relaxed);
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
  if (rows_.load()) work[4] += static_cast<double>(sparse_rows_.load()) / rows_.load();
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
