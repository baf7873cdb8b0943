// Running a network: step after step, each split among the threads, with or without a probe.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "engine/pieces.h"
#include "engine/ready.h"

namespace saccade::engine {

using kernels::Part;

bool Network::StartThreads(int threads) {
  scratch_ = Buffer(scratch_bytes_ * static_cast<size_t>(threads));
  silence_ = Buffer(OutputBytes());
  if (!scratch_.data() || !silence_.data() || !pool_.Start(threads)) return false;
  CutPieces();
  return true;
}

Outcome Network::Run(const uint8_t* frame, const std::atomic<bool>& abort, const Probe* probe) {
  const int largest = LoadFrame(frame);
  // The proofs hold for values up to the plan's; others are refused, not clipped.
  if (largest > input_max_) return Outcome::kFrameTooLarge;
  const int steps = static_cast<int>(steps_.size());
  const bool silent = largest == 0 && !probe && options_.form == Form::kAuto;
  if (silent && silence_known_) {
    CopyOutputs(false);
    return Outcome::kDone;
  }
  if (probe) {
    for (int step = 0; step < steps && !abort.load(std::memory_order_relaxed); step++)
      RunProbed(step, abort, *probe);
  } else {
    RunSteps(0, steps, abort);
  }
  if (abort.load(std::memory_order_relaxed)) return Outcome::kAborted;
  if (silent) CopyOutputs(true);
  return Outcome::kDone;
}

// Nothing is carried from window to window, so every empty one has the outputs of the first: they are kept.
void Network::CopyOutputs(bool keep) {
  uint8_t* kept = silence_.data();
  for (int output : outputs_) {
    const size_t bytes = RealBytes(output);
    uint8_t* const map = reinterpret_cast<uint8_t*>(arena_.Real(output).data);
    std::memcpy(keep ? kept : map, keep ? map : kept, bytes);
    kept += bytes;
  }
  silence_known_ = true;
}

size_t Network::RealBytes(int tensor) const {
  const Layout& layout = arena_.At(tensor);
  return layout.Step() * static_cast<size_t>(layout.steps) * sizeof(float);
}

size_t Network::OutputBytes() const {
  size_t bytes = 0;
  for (int output : outputs_) bytes += RealBytes(output);
  return bytes;
}

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

void Network::RunRows(const Ready& ready, const Part& part, Way way, int thread) {
  const int rows = part.row_end - part.row_begin;
  rows_.fetch_add(rows, std::memory_order_relaxed);
  if (way == Way::kDense) {
    RunDense(ready, part);
  } else {
    sparse_rows_.fetch_add(rows, std::memory_order_relaxed);
    if (way == Way::kSilent) {
      // All channels: the part of the first block does it.
      if (part.block_begin == 0) table_.silence(ready.silent, part);
    } else {
      uint8_t* const scratch = scratch_.data() + static_cast<size_t>(thread) * scratch_bytes_;
      (ready.packed_sparse.wide ? table_.sparse16 : table_.sparse8)(ready.sparse, part, scratch);
    }
  }
  const bool alike = way == Way::kSilent && ready.silent.out.residuals == 0;
  if (ready.spikes >= 0) CountRows(ready.spikes, part.row_begin, part.row_end, alike);
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
    Network* network;
    kernels::FrameArgs args;
    Split split;
    std::atomic<int> largest{0};
  } job{this, {frame, map, map.channels, arena_.At(input_).steps}, SplitRows(pool_.threads(), map.height)};
  pool_.Run(
      job.split.pieces,
      [](void* context, int index, int) {
        Job& job = *static_cast<Job*>(context);
        const Part part = PartOf(job.split, index, job.args.output.height, 1);
        const int largest = job.network->table_.frame(job.args, part);
        job.network->CountRows(job.network->input_, part.row_begin, part.row_end, false);
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

void Network::ShowNeuron(const Ready& ready, const Probe::Neuron& neuron) {
  const kernels::SpikeMap spikes = arena_.Spikes(ready.spikes);
  if (neuron.spikes) CopySpikes(spikes, ready.channels, ready.steps, neuron.spikes);
  if (neuron.taught_spikes) {
    TeachSpikes(neuron.taught_spikes, ready.channels, ready.steps, spikes);
    CountRows(ready.spikes, 0, spikes.height, false);
  }
  if (ready.current < 0) return;
  const kernels::RealMap current = arena_.Real(ready.current);
  if (neuron.current) CopyReal(current, ready.channels, ready.steps, neuron.current);
  // Other neurons on the same values must still see the computed ones.
  if (neuron.taught_current && ready.last_reader)
    TeachReal(neuron.taught_current, ready.channels, ready.steps, current);
}

}  // namespace saccade::engine
