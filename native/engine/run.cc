// Running a network: step after step, each split among the threads, with or without a probe.
#include <algorithm>
#include <chrono>

#include "engine/pieces.h"
#include "engine/ready.h"

namespace saccade::engine {

using kernels::Part;

bool Network::StartThreads(int threads) {
  scratch_ = Buffer(scratch_bytes_ * static_cast<size_t>(threads));
  if (!scratch_.data() || !pool_.Start(threads)) return false;
  CutPieces();
  return true;
}

Outcome Network::Run(const uint8_t* frame, const std::atomic<bool>& abort, const Probe* probe) {
  // The proofs hold for values up to the plan's; others are refused, not clipped.
  if (LoadFrame(frame) > input_max_) return Outcome::kFrameTooLarge;
  const int steps = static_cast<int>(steps_.size());
  if (probe) {
    for (int step = 0; step < steps && !abort.load(std::memory_order_relaxed); step++)
      RunProbed(step, abort, *probe);
  } else {
    RunSteps(0, steps, abort);
  }
  return abort.load(std::memory_order_relaxed) ? Outcome::kAborted : Outcome::kDone;
}

constexpr int kBand = 6;  // rows that are dense or sparse together

// All pieces of the steps in their order; whoever is free takes the next.
void Network::RunSteps(int begin, int end, const std::atomic<bool>& abort) {
  const size_t first = first_piece_[static_cast<size_t>(begin)];
  const int pieces = static_cast<int>(first_piece_[static_cast<size_t>(end)] - first);
  flow_.Begin(begin, end);
  struct Job {
    Network* network;
    const Piece* pieces;
    const std::atomic<bool>& abort;
  } job{this, pieces_.data() + first, abort};
  pool_.Run(
      pieces,
      [](void* context, int index, int thread) {
        const Job& job = *static_cast<const Job*>(context);
        job.network->RunPiece(job.pieces[index], job.abort, thread);
      },
      &job);
}

void Network::RunPiece(const Piece& piece, const std::atomic<bool>& abort, int thread) {
  const Ready& ready = steps_[static_cast<size_t>(piece.step)];
  const Part& part = piece.part;
  flow_.Await(piece);
  if (!abort.load(std::memory_order_relaxed)) {
    if (ready.spikes >= 0 && part.block_begin == 0)
      arena_.ClearBorder(ready.spikes, part.row_begin, part.row_end);
    RunPart(ready, part, thread);
  }
  flow_.Done(piece);
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
  const kernels::SpikeMap map = arena_.Spikes(input_);
  arena_.ClearBorder(input_, 0, map.height);
  struct Job {
    const kernels::Table& table;
    kernels::FrameArgs args;
    Split split;
    std::atomic<int> largest{0};
  } job{table_, {frame, map, map.channels, arena_.At(input_).steps}, SplitRows(pool_.threads(), map.height)};
  pool_.Run(
      job.split.pieces,
      [](void* context, int index, int) {
        Job& job = *static_cast<Job*>(context);
        const int largest = job.table.frame(job.args, PartOf(job.split, index, job.args.output.height, 1));
        int seen = job.largest.load();
        while (seen < largest && !job.largest.compare_exchange_weak(seen, largest)) {
        }
      },
      &job);
  return job.largest.load();
}

void Network::RunProbed(int step, const std::atomic<bool>& abort, const Probe& probe) {
  const Ready& ready = steps_[static_cast<size_t>(step)];
  operations_.store(0, std::memory_order_relaxed);
  rows_.store(0, std::memory_order_relaxed);
  sparse_rows_.store(0, std::memory_order_relaxed);
  const auto begin = std::chrono::steady_clock::now();
  RunSteps(step, step + 1, abort);
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
