// A loaded plan: memory, packed weights and the steps, ready to run frame after frame without an allocation.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/arena.h"
#include "engine/pack.h"
#include "engine/plan.h"
#include "engine/pool.h"
#include "engine/schedule.h"
#include "kernels/table.h"

namespace saccade::engine {

enum class Outcome { kDone, kAborted, kFrameTooLarge };

// Receives every spike map of a traced run, as u8 [T, C, H, W].
class Trace {
 public:
  virtual ~Trace() = default;
  // Where the spikes of operator `op` of the plan shall go; null when they are not wanted.
  virtual uint8_t* Place(int op) = 0;
};

class Network {
 public:
  ~Network();

  // Null and one sentence when the plan is not usable.
  static std::unique_ptr<Network> Load(const Plan& plan, const kernels::Table& table, std::string* error);

  // Lets `threads` share the work of a run, the caller's included; once. False when the system refused one.
  bool StartThreads(int threads) { return pool_.Start(threads); }

  // Runs one frame u8 [T, C, H, W]. Looks at `abort` between steps.
  Outcome Run(const uint8_t* frame, const std::atomic<bool>& abort, Trace* trace);

  size_t frame_bytes() const { return frame_bytes_; }
  size_t memory_bytes() const { return arena_.bytes() + weight_bytes_; }
  // The maps behind the plan's outputs, valid until the next run.
  size_t outputs() const { return outputs_.size(); }
  kernels::RealMap Output(size_t index) const { return arena_.Real(outputs_[index]); }

 private:
  struct Ready;  // a step with its kernel arguments

  explicit Network(const kernels::Table& table);
  std::string Prepare(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget);
  std::string PrepareConv(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget,
                          Ready* ready);
  std::string PrepareRealConv(const Plan& plan, const Op& op, size_t* budget, Ready* ready);
  void PrepareMap(const Plan& plan, const Op& op, Ready* ready);
  void RunStep(const Ready& ready);
  void RunPart(const Ready& ready, const kernels::Part& part) const;
  void CopySpikes(const Ready& ready, uint8_t* to) const;
  int LoadFrame(const uint8_t* frame);

  const kernels::Table& table_;
  Pool pool_;
  Arena arena_;
  std::vector<Ready> steps_;
  std::vector<int> outputs_;
  int input_ = -1;
  int input_max_ = 255;
  size_t frame_bytes_ = 0;
  size_t weight_bytes_ = 0;
};

}  // namespace saccade::engine
