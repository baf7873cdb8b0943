
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/ready.h"
#include "kernels/lists.h"

namespace saccade::engine {

using kernels::Firing;

namespace {

// How a neuron fires, and its constant. Dividing by a power of two is as exact as multiplying by its
// reciprocal, and a sixth of the time.
struct Rule {
  Firing firing;
  float constant;
};
Rule RuleOf(const Op& neuron, int steps) {
  if (!neuron.tau) return {steps > 1 ? Firing::kIlif : Firing::kOnce, neuron.constant};
  int exponent;
  if (std::frexp(neuron.constant, &exponent) != 0.5f || std::abs(exponent) > 100)
    return {Firing::kTau, neuron.constant};
  return {steps > 1 ? Firing::kShift : Firing::kScaled, 1 / neuron.constant};
}

// Scales what a neuron reads by a power of two beforehand: the same spikes, and one operation less. Where a
// product could leave the normal floats nothing is changed.
bool ScaleBefore(float factor, PackedConv* packed) {
  float* const numbers = reinterpret_cast<float*>(packed->constants.data());
  for (size_t i = 0; i < 2 * packed->padded; i++) {
    const float size = std::fabs(numbers[i]), scaled = size * factor;
    // Times a sum of 31 bits, and added to another such number.
    if (size != 0 && !(std::min(scaled, size) >= 1e-30f && std::max(scaled, size) <= 1e27f)) return false;
  }
  for (size_t i = 0; i < 2 * packed->padded; i++) numbers[i] *= factor;
  return true;
}

// Lists of one thread: beyond this no core's cache holds them, and dense is faster.
constexpr size_t kMostLists = size_t{4} << 20;

// The density of the input below which the sparse form of a convolution is the faster one.
float SparseBelow(const Op& op, int in_channels, int dense_blocks, int sparse_lanes,
                  const kernels::SparseArgs& args, const kernels::Costs& costs) {
  const float height = static_cast<float>(op.kernel_height);
  const float taps = height * static_cast<float>(in_channels);
  const float blocks = static_cast<float>(dense_blocks);
  const float dense = taps * static_cast<float>(op.kernel_width) * blocks *
                          static_cast<float>(args.part_channels) * costs.dense_mac +
                      blocks * costs.block;
  // A step of stride 2 gives 2 pixels to 2 outputs: 4 products where a 3x3 has 3.
  const float macs =
      taps * static_cast<float>(args.window * args.reach * args.sums * args.blocks * sparse_lanes);
  const int run = (args.window * args.pixel + 15) / 16;
  // A row's own list is made once for all kernel rows that it meets, and copied for each.
  const float sixteens = (kernels::IsDirect(args) ? 0.6f * height : 1.5f) * static_cast<float>(run);
  const float fixed = costs.pixel + costs.kernel_row * height + costs.sixteen * sixteens;
  // Where next to nothing is there the sparse form skips, whatever its fixed costs are.
  return std::max((dense - fixed) / (costs.mac * macs), 0.002f);
}

}  // namespace

Network::Network(const kernels::Table& table, const LoadOptions& options)
    : table_(table), options_(options) {}
Network::~Network() = default;

std::unique_ptr<Network> Network::Load(const Plan& plan, const kernels::Table& table,
                                       const LoadOptions& options, std::string* error) {
  PlanFacts facts;
  *error = Check(plan, &facts);
  if (!error->empty()) return nullptr;
  std::unique_ptr<Network> network(new Network(table, options));
  const std::vector<Step> steps = Schedule(plan, facts, options.currents);
  *error = network->arena_.Build(plan, facts, steps);
  size_t budget = Arena::kLimit - network->arena_.bytes();
  const size_t whole = budget;
  for (size_t i = 0; i < steps.size() && error->empty(); i++) {
    *error = network->Prepare(plan, facts, steps[i], &budget);
    if (i > 0) network->steps_.back().previous = PreviousOf(plan, steps[i], steps[i - 1]);
  }
  if (error->empty() && options.form == Form::kBinary) *error = network->PrepareSums(&budget);
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

Previous Network::PreviousOf(const Plan& plan, const Step& step, const Step& before) {
  const Op& op = plan.ops[static_cast<size_t>(step.op)];
  Previous previous;
  previous.rows = plan.tensors[static_cast<size_t>(before.writes[0])].height;
  for (int tensor : before.writes) {
    const auto in = [&](const std::vector<int>& tensors) {
      return std::find(tensors.begin(), tensors.end(), tensor) != tensors.end();
    };
    previous.input |= in(op.inputs);
    previous.beside |= in(step.residuals);
  }
  previous.stride = op.stride_y;
  previous.kernel = op.kernel_height;
  previous.pad = op.pad_top;
  previous.factor = op.factor;
  return previous;
}

std::string Network::Prepare(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget) {
  const Op& op = plan.ops[static_cast<size_t>(step.op)];
  Ready& ready = steps_.emplace_back();
  ready.op = step.op;
  ready.spikes = step.spikes;
  if (step.neuron >= 0) PrepareNeuron(plan, facts, step, &ready);
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

void Network::PrepareNeuron(const Plan& plan, const PlanFacts& facts, const Step& step, Ready* ready) {
  const int current = plan.ops[static_cast<size_t>(step.neuron)].inputs[0];
  ready->neuron = step.neuron;
  ready->channels = plan.tensors[static_cast<size_t>(step.spikes)].channels;
  ready->steps = Steps(plan, step.spikes);
  if (arena_.At(current).stored) ready->current = current;
  // Neurons on the same values run in the order of the plan.
  for (int consumer : facts.consumers[static_cast<size_t>(current)]) {
    if (plan.ops[static_cast<size_t>(consumer)].kind == OpKind::kNeuron)
      ready->last_reader = consumer == step.neuron;
  }
}

std::string Network::PrepareConv(const Plan& plan, const PlanFacts& facts, const Step& step, size_t* budget,
                                 Ready* ready) {
  const Op& op = plan.ops[static_cast<size_t>(step.op)];
  const Tensor& in = plan.tensors[static_cast<size_t>(op.inputs[0])];
  const Tensor& out = plan.tensors[static_cast<size_t>(op.output)];
  const kernels::SpikeMap input = arena_.Spikes(op.inputs[0]);
  const size_t pixel = static_cast<size_t>(input.channels);
  const int largest = facts.largest[static_cast<size_t>(op.inputs[0])];
  ready->input = op.inputs[0];
  ready->input_channels = in.channels;
  ready->on_spikes = in.kind == TensorKind::kSpike;
  ready->fan = FanOf(op, out);
  PackedConv& packed = ready->conv;
  const bool binary = options_.form == Form::kBinary && ready->on_spikes;
  const std::string error =
      binary ? PackBinary(op, in.channels, out.channels, budget, &packed)
             : PackConv(op, in.channels, out.channels, input.row, pixel, largest, table_, budget, &packed);
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
    const Rule rule = RuleOf(neuron, Steps(plan, step.spikes));
    after.firing = rule.firing;
    after.levels = neuron.levels;
    after.constant = rule.constant;
    const bool alone = step.real < 0 && step.residuals.empty();
    if (rule.firing == Firing::kScaled && alone && ScaleBefore(rule.constant, &packed))
      after.firing = Firing::kOnce;
  }

  const uint8_t* first =
      input.data - static_cast<size_t>(op.pad_top) * input.row - static_cast<size_t>(op.pad_left) * pixel;
  const size_t input_pixel = pixel * static_cast<size_t>(op.stride_x);
  const size_t input_row = input.row * static_cast<size_t>(op.stride_y);
  const int steps = Steps(plan, op.output);
  ready->blocks = packed.blocks;
  const int columns = (out.width - 1) * op.stride_x + op.kernel_width;
  if (!binary) {
    ready->inputs = {first, input.row, input.step, columns * input.channels, op.kernel_height, op.stride_y};
    ready->silent = {out.width, channels, steps, after};
  }
  if (!binary && !packed.depthwise && options_.form != Form::kDense) {
    PackedSparse& sparse = ready->packed_sparse;
    PackSparse(op, in.channels, out.channels, columns, input.channels, largest, table_, budget, &sparse);
    if (sparse.usable) {
      ready->sparse = {first,
                       input_row,
                       input.step,
                       input.row,
                       input.channels,
                       columns,
                       op.kernel_height,
                       op.stride_y,
                       op.stride_x,
                       sparse.window,
                       sparse.reach,
                       sparse.weights.data(),
                       sparse.entry_bytes,
                       sparse.block_bytes,
                       sparse.sums,
                       sparse.blocks,
                       sparse.limit,
                       table_.lanes * table_.vectors,
                       out.width,
                       channels,
                       steps,
                       after};
      const int lanes = (sparse.wide ? table_.sparse16_form : table_.sparse8_form).lanes;
      const size_t lists = kernels::ListSpace(ready->sparse).bytes();
      if (lists > kMostLists) {
        *budget += sparse.weights.bytes();
        sparse = {};
      }
      scratch_bytes_ = std::max(scratch_bytes_, sparse.usable ? lists : 0);
      ready->sparse_below = SparseBelow(op, in.channels, packed.blocks, lanes, ready->sparse, table_.costs);
    }
  }
  ready->wide = packed.wide;
  if (binary) {
    ready->args = kernels::BinaryConvArgs{input,
                                          largest,
                                          in.channels,
                                          op.groups,
                                          ready->fan.outputs,
                                          op.kernel_height,
                                          op.kernel_width,
                                          op.stride_y,
                                          op.stride_x,
                                          op.pad_top,
                                          op.pad_left,
                                          reinterpret_cast<const int32_t*>(packed.weights.data()),
                                          nullptr,  // until the largest is known
                                          out.height,
                                          out.width,
                                          channels,
                                          steps,
                                          after,
                                          &operations_};
  } else if (packed.depthwise) {
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

// One buffer for the sums of all binary convolutions.
std::string Network::PrepareSums(size_t* budget) {
  size_t most = 0;
  for (const Ready& ready : steps_) {
    const auto* args = std::get_if<kernels::BinaryConvArgs>(&ready.args);
    if (!args) continue;
    const size_t pixels = static_cast<size_t>(args->height) * static_cast<size_t>(args->width);
    most = std::max(most, pixels * static_cast<size_t>(args->steps) * static_cast<size_t>(args->channels));
  }
  if (most * sizeof(int32_t) > *budget) return "binary sums take more memory than a network may (4 GiB)";
  sums_ = Buffer(most * sizeof(int32_t));
  if (!sums_.data()) return "there is not enough memory for binary sums";
  *budget -= sums_.bytes();
  for (Ready& ready : steps_) {
    auto* args = std::get_if<kernels::BinaryConvArgs>(&ready.args);
    if (args) args->sums = reinterpret_cast<int32_t*>(sums_.data());
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
    const Rule rule = RuleOf(op, steps);
    ready->args =
        kernels::NeuronArgs{in, arena_.Spikes(op.output), steps, rule.firing, op.levels, rule.constant};
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

}  // namespace saccade::engine
