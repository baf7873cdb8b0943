#include "engine/schedule.h"

#include <algorithm>

namespace saccade::engine {

namespace {

// Additions that one epilogue carries; the kernels have two residual pointers.
constexpr size_t kMaxResiduals = 2;

class Scheduler {
 public:
  Scheduler(const Plan& plan, const PlanFacts& facts, bool currents)
      : plan_(plan), facts_(facts), currents_(currents), done_(plan.ops.size(), false) {}

  std::vector<Step> Run() {
    std::vector<Step> steps;
    for (size_t i = 0; i < plan_.ops.size(); i++) {
      if (done_[i]) continue;
      steps.push_back(Make(static_cast<int>(i)));
      if (steps.back().real < 0) continue;
      for (int consumer : facts_.consumers[static_cast<size_t>(steps.back().real)]) {
        if (IsNeuron(consumer) && !done_[static_cast<size_t>(consumer)]) steps.push_back(Make(consumer));
      }
    }
    return steps;
  }

 private:
  bool IsNeuron(int op) const { return plan_.ops[static_cast<size_t>(op)].kind == OpKind::kNeuron; }

  Step Make(int index) {
    const Op& op = plan_.ops[static_cast<size_t>(index)];
    Step step;
    step.op = index;
    step.reads = op.inputs;
    int current = op.output;
    if (op.kind == OpKind::kNeuron) {
      step.neuron = index;
      step.spikes = current;
    } else {
      if (op.kind == OpKind::kConv) current = Grow(index, &step);
      if (StillNeeded(current, step.neuron)) step.real = current;
    }
    for (int tensor : step.residuals) step.reads.push_back(tensor);
    if (step.real >= 0) step.writes.push_back(step.real);
    if (step.spikes >= 0) step.writes.push_back(step.spikes);
    done_[static_cast<size_t>(index)] = true;
    return step;
  }

  // Takes the additions and the neuron behind a convolution into its step; returns the tensor at its end.
  int Grow(int index, Step* step) {
    int current = plan_.ops[static_cast<size_t>(index)].output;
    while (step->residuals.size() < kMaxResiduals && !IsOutput(current)) {
      const std::vector<int>& consumers = facts_.consumers[static_cast<size_t>(current)];
      if (consumers.size() != 1) break;
      const Op& next = plan_.ops[static_cast<size_t>(consumers[0])];
      if (next.kind != OpKind::kAdd) break;
      const int other = next.inputs[0] == current ? next.inputs[1] : next.inputs[0];
      // The other operand must exist when the convolution runs; if it does not, its producer carries the
      // addition.
      if (facts_.producer[static_cast<size_t>(other)] >= index) break;
      step->residuals.push_back(other);
      done_[static_cast<size_t>(consumers[0])] = true;
      current = next.output;
    }
    for (int consumer : facts_.consumers[static_cast<size_t>(current)]) {
      if (!IsNeuron(consumer)) continue;
      step->neuron = consumer;
      step->spikes = plan_.ops[static_cast<size_t>(consumer)].output;
      done_[static_cast<size_t>(consumer)] = true;
      break;
    }
    return current;
  }

  bool IsOutput(int tensor) const {
    return std::find(plan_.outputs.begin(), plan_.outputs.end(), tensor) != plan_.outputs.end();
  }

  bool StillNeeded(int tensor, int neuron) const {
    if (neuron < 0 || currents_ || IsOutput(tensor)) return true;
    return facts_.consumers[static_cast<size_t>(tensor)].size() > 1;
  }

  const Plan& plan_;
  const PlanFacts& facts_;
  const bool currents_;
  std::vector<bool> done_;
};

}  // namespace

std::vector<Step> Schedule(const Plan& plan, const PlanFacts& facts, bool currents) {
  return Scheduler(plan, facts, currents).Run();
}

}  // namespace saccade::engine
