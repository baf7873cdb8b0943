#include "engine/network.h"

#include <algorithm>
#include <variant>

namespace saccade::engine {

using kernels::Firing;
using kernels::Part;

namespace {

// Every source of a concatenation is one copy.
struct ConcatAll {
  std::vector<kernels::ConcatArgs> sources;
};

Firing FiringOf(const Op& neuron, int steps) {
  if (neuron.tau) return Firing::kTau;
  return steps > 1 ? Firing::kIlif : Firing::kOnce;
}

}  // namespace

struct Network::Ready {
  std::variant<kernels::ConvArgs, kernels::DepthwiseArgs, kernels::RealConvArgs, kernels::NeuronArgs,
               kernels::AddArgs, kernels::UpsampleArgs, kernels::MaxPoolArgs, ConcatAll, kernels::MeanArgs>
      args;
  bool wide = false;
  int rows = 0, blocks = 1;  // what can be split among threads
  int spikes = -1;           // tensor whose border must be cleared
  int neuron = -1;           // operator behind it
  int channels = 0;          // of the spikes, unpadded
  PackedConv conv;
  PackedRealConv realconv;
};

Network::Network(const kernels::Table& table) : table_(table) {}
Network::~Network() = default;

std::unique_ptr<Network> Network::Load(const Plan& plan, const kernels::Table& table, std::string* error) {
  PlanFacts facts;
  *error = Check(plan, &facts);
  if (!error->empty()) return nullptr;
  std::unique_ptr<Network> network(new Network(table));
  const std::vector<Step> steps = Schedule(plan, facts);
  *error = network->arena_.Build(plan, facts, steps);
  size_t budget = Arena::kLimit - network->arena_.bytes();
  const size_t whole = budget;
  for (size_t i = 0; i < steps.size() && error->empty(); i++) {
    *error = network->Prepare(plan, facts, steps[i], &budget);
  }
  if (!error->empty()) return nullptr;
  network->weight_bytes_ = whole - budget;
  network->outputs_ = plan.outputs;
  network->input_ = facts.input;
  network->input_max_ = plan.input_max;
  const Tensor& input = plan.tensors[static_cast<size_t>(facts.input)];
  network->frame_bytes_ = static_cast<size_t>(plan.steps) * static_cast<size_t>(input.channels) *
                          static_cast<size_t>(input.height) * static_cast<size_t>(input.width);
  return network;
}

std::string Network::Prepare(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget) {
  const Op& op = plan.ops[static_cast<size_t>(step.op)];
  Ready& ready = steps_.emplace_back();
  ready.spikes = step.spikes;
  ready.neuron = step.neuron;
  if (step.spikes >= 0) ready.channels = plan.tensors[static_cast<size_t>(step.spikes)].channels;
  ready.rows = plan.tensors[static_cast<size_t>(op.output)].height;
  std::string error;
  if (op.kind == OpKind::kConv) {
    error = PrepareConv(plan, facts, step, budget, &ready);
  } else if (op.kind == OpKind::kRealConv) {
    error = PrepareRealConv(plan, op, budget, &ready);
  } else {
    PrepareMap(plan, op, &ready);
  }
  return error.empty() ? "" : "operator " + std::to_string(step.op) + " (" + op.name + "): " + error;
}

std::string Network::PrepareConv(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget,
                                 Ready* ready) {
  const Op& op = plan.ops[static_cast<size_t>(step.op)];
  const Tensor& in = plan.tensors[static_cast<size_t>(op.inputs[0])];
  const Tensor& out = plan.tensors[static_cast<size_t>(op.output)];
  const kernels::SpikeMap input = arena_.Spikes(op.inputs[0]);
  const size_t pixel = static_cast<size_t>(input.channels);
  PackedConv& packed = ready->conv;
  const std::string error =
      PackConv(op, in.channels, out.channels, input.row, pixel,
               facts.largest[static_cast<size_t>(op.inputs[0])], table_, budget, &packed);
  if (!error.empty()) return error;

  kernels::Epilogue after{};
  after.scale = packed.scale();
  after.bias = packed.bias();
  after.residuals = static_cast<int>(step.residuals.size());
  for (size_t i = 0; i < step.residuals.size(); i++) after.residual[i] = arena_.Real(step.residuals[i]).data;
  const int channels = (out.channels + 3) / 4 * 4;
  // Residuals and the stored sum have one layout.
  const kernels::RealMap shape{nullptr, channels, out.height, out.width};
  after.real = step.real >= 0 ? arena_.Real(step.real).data : nullptr;
  after.real_pixel = static_cast<size_t>(channels);
  after.real_row = shape.Row();
  after.real_step = shape.Step();
  if (step.neuron >= 0) {
    const Op& neuron = plan.ops[static_cast<size_t>(step.neuron)];
    const kernels::SpikeMap spikes = arena_.Spikes(step.spikes);
    after.spikes = spikes.data;
    after.spike_pixel = static_cast<size_t>(spikes.channels);
    after.spike_row = spikes.row;
    after.spike_step = spikes.step;
    after.firing = FiringOf(neuron, Steps(plan, step.spikes));
    after.levels = neuron.levels;
    after.constant = neuron.constant;
  }

  const uint8_t* first =
      input.data - static_cast<size_t>(op.pad_top) * input.row - static_cast<size_t>(op.pad_left) * pixel;
  const size_t input_pixel = pixel * static_cast<size_t>(op.stride_x);
  const size_t input_row = input.row * static_cast<size_t>(op.stride_y);
  const int steps = Steps(plan, op.output);
  ready->blocks = packed.blocks;
  ready->wide = packed.wide;
  if (packed.depthwise) {
    ready->args = kernels::DepthwiseArgs{first,
                                         input_pixel,
                                         input_row,
                                         input.step,
                                         pixel,
                                         input.row,
                                         op.kernel_height,
                                         op.kernel_width,
                                         packed.weights.data(),
                                         packed.block_bytes,
                                         packed.pairs,
                                         packed.widen_rows,
                                         out.width,
                                         channels,
                                         steps,
                                         after};
  } else {
    ready->args = kernels::ConvArgs{first,
                                    input_pixel,
                                    input_row,
                                    input.step,
                                    packed.weights.data(),
                                    packed.block_bytes,
                                    packed.segments.data(),
                                    static_cast<int>(packed.segments.size()),
                                    out.width,
                                    channels,
                                    steps,
                                    after};
  }
  return "";
}

std::string Network::PrepareRealConv(const Plan& plan, const Op& op, size_t* budget, Ready* ready) {
  const Tensor& in = plan.tensors[static_cast<size_t>(op.inputs[0])];
  const Tensor& out = plan.tensors[static_cast<size_t>(op.output)];
  PackedRealConv& packed = ready->realconv;
  const std::string error = PackRealConv(op, in.channels, out.channels, budget, &packed);
  if (!error.empty()) return error;
  ready->args = kernels::RealConvArgs{arena_.Real(op.inputs[0]),
                                      arena_.Real(op.output),
                                      in.channels,
                                      out.channels,
                                      op.kernel_height,
                                      op.kernel_width,
                                      op.stride_y,
                                      op.stride_x,
                                      op.pad_top,
                                      op.pad_left,
                                      op.groups,
                                      packed.depthwise,
                                      reinterpret_cast<const float*>(packed.weights.data()),
                                      reinterpret_cast<const float*>(packed.bias.data()),
                                      Steps(plan, op.output)};
  return "";
}

void Network::PrepareMap(const Plan& plan, const Op& op, Ready* ready) {
  const int steps = Steps(plan, op.output);
  const kernels::RealMap in = arena_.Real(op.inputs[0]);
  if (op.kind == OpKind::kNeuron) {
    ready->args =
        kernels::NeuronArgs{in, arena_.Spikes(op.output), steps, FiringOf(op, steps), op.levels, op.constant};
    return;
  }
  const kernels::RealMap out = arena_.Real(op.output);
  switch (op.kind) {
    case OpKind::kAdd:
      ready->args = kernels::AddArgs{in, arena_.Real(op.inputs[1]), out, steps};
      return;
    case OpKind::kUpsample:
      ready->args = kernels::UpsampleArgs{in, out, op.factor, steps};
      return;
    case OpKind::kMaxPool:
      ready->args = kernels::MaxPoolArgs{in,          out,         op.kernel_height, op.kernel_width,
                                         op.stride_y, op.stride_x, op.pad_top,       op.pad_left,
                                         steps};
      return;
    case OpKind::kConcat: {
      ConcatAll all;
      int first = 0;
      for (size_t i = 0; i < op.inputs.size(); i++) {
        const int count = plan.tensors[static_cast<size_t>(op.inputs[i])].channels;
        all.sources.push_back(
            {arena_.Real(op.inputs[i]), out, first, count, i + 1 == op.inputs.size(), steps});
        first += count;
      }
      ready->args = std::move(all);
      return;
    }
    default:
      ready->args = kernels::MeanArgs{in, out, Steps(plan, op.inputs[0])};
  }
}

Outcome Network::Run(const uint8_t* frame, const std::atomic<bool>& abort, Trace* trace) {
  // The proofs hold for values up to the plan's; others are refused, not clipped.
  if (LoadFrame(frame) > input_max_) return Outcome::kFrameTooLarge;
  for (const Ready& step : steps_) {
    if (abort.load(std::memory_order_relaxed)) return Outcome::kAborted;
    RunStep(step);
    if (trace && step.neuron >= 0) {
      if (uint8_t* to = trace->Place(step.neuron)) CopySpikes(step, to);
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
    const Network* network;
    const Ready* ready;
    Split split;
  } job{this, &ready, SplitAmong(pool_.threads(), ready.rows, ready.blocks)};
  pool_.Run(
      job.split.chunks,
      [](void* context, int index) {
        const Job& job = *static_cast<const Job*>(context);
        job.network->RunPart(*job.ready, Chunk(job.split, index, job.ready->rows, job.ready->blocks));
      },
      &job);
}

void Network::RunPart(const Ready& ready, const Part& part) const {
  struct Dispatch {
    const kernels::Table& table;
    const Part& part;
    bool wide;
    void operator()(const kernels::ConvArgs& args) const { (wide ? table.conv16 : table.conv8)(args, part); }
    void operator()(const kernels::DepthwiseArgs& args) const { table.depthwise(args, part); }
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
      [](void* context, int index) {
        Job& job = *static_cast<Job*>(context);
        const int largest = job.table.frame(job.args, Chunk(job.split, index, job.args.output.height, 1));
        int seen = job.largest.load();
        while (seen < largest && !job.largest.compare_exchange_weak(seen, largest)) {
        }
      },
      &job);
  return job.largest.load();
}

// NHWC with a border -> [T, C, H, W].
void Network::CopySpikes(const Ready& ready, uint8_t* to) const {
  const kernels::SpikeMap map = arena_.Spikes(ready.spikes);
  for (int t = 0; t < arena_.At(ready.spikes).steps; t++) {
    for (int c = 0; c < ready.channels; c++) {
      for (int y = 0; y < map.height; y++) {
        const uint8_t* from =
            map.data + static_cast<size_t>(t) * map.step + static_cast<size_t>(y) * map.row + c;
        for (int x = 0; x < map.width; x++)
          *to++ = from[static_cast<size_t>(x) * static_cast<size_t>(map.channels)];
      }
    }
  }
}

}  // namespace saccade::engine
