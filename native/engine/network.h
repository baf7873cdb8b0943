// A loaded plan: memory, packed weights and the steps, ready to run frame after frame without an allocation.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/flow.h"
#include "engine/pack.h"
#include "engine/plan.h"
#include "engine/pool.h"
#include "engine/probe.h"
#include "engine/schedule.h"
#include "kernels/table.h"

namespace saccade::engine {

struct Previous;

enum class Outcome { kDone, kAborted, kFrameTooLarge };

// How convolutions on u8 run; every form gives the same bytes.
enum class Form {
  kAuto,    // by the density of the input, each time
  kDense,   // kernels/conv.h and depthwise.h
  kSparse,  // kernels/sparse.h wherever a layer has that form
  kBinary,  // on spikes: kernels/binary.h
};

// How a network is laid out; the defaults are those of everyday running.
struct LoadOptions {
  bool currents = false;  // what enters a neuron is kept, for probes
  Form form = Form::kAuto;
};

class Network {
 public:
  ~Network();

  // Null and one sentence when the plan is not usable.
  static std::unique_ptr<Network> Load(const Plan& plan, const kernels::Table& table,
                                       const LoadOptions& options, std::string* error);

  // Lets `threads` share the work of a run, the caller's included; once. False when the system refused one.
  bool StartThreads(int threads);

  // Runs one frame u8 [T, C, H, W]. Looks at `abort` between pieces of steps. `probe` may be null.
  Outcome Run(const uint8_t* frame, const std::atomic<bool>& abort, const Probe* probe);

  size_t frame_bytes() const { return frame_bytes_; }
  size_t memory_bytes() const { return arena_.bytes() + weight_bytes_ + scratch_.bytes() + silence_.bytes(); }
  // The maps behind the plan's outputs, valid until the next run.
  size_t outputs() const { return outputs_.size(); }
  kernels::RealMap Output(size_t index) const { return arena_.Real(outputs_[index]); }

 private:
  struct Ready;  // a step with its kernel arguments

  Network(const kernels::Table& table, const LoadOptions& options);
  std::string Prepare(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget);
  std::string PrepareConv(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget,
                          Ready* ready);
  void PrepareNeuron(const Plan& plan, const PlanFacts& facts, const Step& step, Ready* ready);
  std::string PrepareSums(size_t* budget);
  std::string PrepareRealConv(const Plan& plan, const Op& op, size_t* budget, Ready* ready);
  void PrepareMap(const Plan& plan, const Op& op, Ready* ready);
  static Previous PreviousOf(const Plan& plan, const Step& step, const Step& before);
  void CutPieces();
  void CountIn(int tensor);
  void CountRows(int tensor, int row_begin, int row_end, bool alike);
  size_t Nonzeros(const Ready& ready, int row_begin, int row_end) const;
  void CopyOutputs(bool keep);
  size_t RealBytes(int tensor) const;
  size_t OutputBytes() const;
  void RunSteps(int begin, int end, const std::atomic<bool>& abort);
  void RunPiece(const Piece& piece, const std::atomic<bool>& abort, int thread);
  void RunPart(const Ready& ready, const kernels::Part& part, int thread);
  enum class Way { kDense, kSparse, kSilent };
  Way WayOf(const Ready& ready, int row_begin, int row_end) const;
  void RunRows(const Ready& ready, const kernels::Part& part, Way way, int thread);
  void RunDense(const Ready& ready, const kernels::Part& part) const;
  void RunProbed(int step, const std::atomic<bool>& abort, const Probe& probe);
  void AddWork(const Ready& ready, double nanoseconds, double* work) const;
  void ShowNeuron(const Ready& ready, const Probe::Neuron& neuron);
  int LoadFrame(const uint8_t* frame);

  const kernels::Table& table_;
  const LoadOptions options_;
  Pool pool_;
  Arena arena_;
  std::vector<Ready> steps_;
  // By step; of step i those from first_piece_[i] on.
  std::vector<Piece> pieces_;
  std::vector<size_t> first_piece_;
  Flow flow_;
  std::vector<int> outputs_;
  // The outputs of an empty frame.
  Buffer silence_;
  bool silence_known_ = false;
  // What is not 0 of u8 maps, by time step and row; empty where it is not counted.
  std::vector<std::vector<int32_t>> counts_;
  int input_ = -1;
  int input_max_ = 255;
  size_t frame_bytes_ = 0;
  size_t weight_bytes_ = 0;
  // Lists of what is not 0, one place per thread.
  size_t scratch_bytes_ = 0;
  Buffer scratch_;
  std::atomic<int> rows_{0}, sparse_rows_{0};  // of the step that runs, since a probe cleared them
  // Of binary convolutions; the sums are those of the step that runs.
  Buffer sums_;
  std::atomic<int64_t> operations_{0};
};

}  // namespace saccade::engine
