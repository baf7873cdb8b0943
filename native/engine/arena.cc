#include "engine/arena.h"

#include <algorithm>
#include <cstring>

namespace saccade::engine {

namespace {

// Kernels load whole vectors at the end of a map.
constexpr size_t kSlack = 64;
// Offsets inside a map are 32-bit.
constexpr size_t kLargestMap = (size_t{1} << 31) - 1;

size_t RoundUp(size_t value, size_t unit) {
  return (value + unit - 1) / unit * unit;
}

// First step that touches a tensor and the one behind the last: pieces of the last may still run in it
// (flow.h).
struct Life {
  int begin = 0, end = -1;
};

std::vector<Life> Lives(const Plan& plan, const PlanFacts& facts, const std::vector<Step>& steps) {
  const int count = static_cast<int>(steps.size());
  std::vector<Life> lives(plan.tensors.size());
  lives[static_cast<size_t>(facts.input)] = {-1, 0};
  for (int i = 0; i < count; i++) {
    for (int tensor : steps[static_cast<size_t>(i)].writes) lives[static_cast<size_t>(tensor)] = {i, i + 1};
    for (int tensor : steps[static_cast<size_t>(i)].reads) lives[static_cast<size_t>(tensor)].end = i + 1;
  }
  for (int output : plan.outputs) lives[static_cast<size_t>(output)].end = count;
  return lives;
}

// Zeros that the consumers of a u8 map read outside the picture.
void WidenBorder(const Op& op, const Tensor& in, const Tensor& out, Layout* layout) {
  const int bottom = (out.height - 1) * op.stride_y + op.kernel_height - op.pad_top - in.height;
  const int right = (out.width - 1) * op.stride_x + op.kernel_width - op.pad_left - in.width;
  layout->top = std::max(layout->top, op.pad_top);
  layout->left = std::max(layout->left, op.pad_left);
  layout->bottom = std::max(layout->bottom, bottom);
  layout->right = std::max(layout->right, right);
}

}  // namespace

std::string Arena::Build(const Plan& plan, const PlanFacts& facts, const std::vector<Step>& steps) {
  layouts_.assign(plan.tensors.size(), Layout{});
  auto store = [&](int tensor) { layouts_[static_cast<size_t>(tensor)].stored = true; };
  store(facts.input);
  for (const Step& step : steps) std::for_each(step.writes.begin(), step.writes.end(), store);

  std::vector<int> order;
  for (size_t i = 0; i < layouts_.size(); i++) {
    Layout& layout = layouts_[i];
    if (!layout.stored) continue;
    const Tensor& tensor = plan.tensors[i];
    layout.bytes_map = tensor.kind != TensorKind::kReal;
    layout.channels = tensor.kind == TensorKind::kInput
                          ? tensor.channels
                          : static_cast<int>(RoundUp(static_cast<size_t>(tensor.channels), 4));
    layout.height = tensor.height;
    layout.width = tensor.width;
    layout.steps = Steps(plan, static_cast<int>(i));
    if (layout.bytes_map) {
      for (int consumer : facts.consumers[i]) {
        const Op& op = plan.ops[static_cast<size_t>(consumer)];
        WidenBorder(op, tensor, plan.tensors[static_cast<size_t>(op.output)], &layout);
      }
    }
    const size_t bytes =
        layout.Step() * static_cast<size_t>(layout.steps) * (layout.bytes_map ? 1 : sizeof(float));
    if (bytes > kLargestMap) return "tensor " + std::to_string(i) + " takes more than 2 GiB";
    layout.bytes = RoundUp(bytes, 64) + kSlack;
    order.push_back(static_cast<int>(i));
  }

  // Largest first, each at the lowest place where no map lies that is alive at the same time.
  const std::vector<Life> lives = Lives(plan, facts, steps);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return At(a).bytes > At(b).bytes; });
  std::vector<int> placed;  // by rising offset
  size_t total = 0;
  for (int tensor : order) {
    Layout& layout = layouts_[static_cast<size_t>(tensor)];
    const Life life = lives[static_cast<size_t>(tensor)];
    size_t offset = 0;
    for (int other : placed) {
      const Life theirs = lives[static_cast<size_t>(other)];
      if (theirs.end < life.begin || life.end < theirs.begin) continue;
      if (offset + layout.bytes <= At(other).offset) break;
      offset = std::max(offset, At(other).offset + At(other).bytes);
    }
    layout.offset = offset;
    total = std::max(total, offset + layout.bytes);
    if (total > kLimit) return "the network's maps take more than 4 GiB";
    const auto after = std::upper_bound(placed.begin(), placed.end(), offset,
                                        [&](size_t value, int other) { return value < At(other).offset; });
    placed.insert(after, tensor);
  }
  memory_ = Buffer(total);
  return memory_.data()
             ? ""
             : "there is not enough memory for the network's maps (" + std::to_string(total) + " bytes)";
}

kernels::RealMap Arena::Real(int tensor) const {
  const Layout& layout = At(tensor);
  return {reinterpret_cast<float*>(memory_.data() + layout.offset), layout.channels, layout.height,
          layout.width};
}

kernels::SpikeMap Arena::Spikes(int tensor) const {
  const Layout& layout = At(tensor);
  uint8_t* inside = memory_.data() + layout.offset + static_cast<size_t>(layout.top) * layout.Row() +
                    static_cast<size_t>(layout.left) * static_cast<size_t>(layout.channels);
  return {inside, layout.channels, layout.height, layout.width, layout.Row(), layout.Step()};
}

void Arena::ClearBorder(int tensor, int row_begin, int row_end) const {
  const Layout& layout = At(tensor);
  if (!(layout.top | layout.left | layout.bottom | layout.right)) return;
  const size_t row = layout.Row();
  const size_t left = static_cast<size_t>(layout.left) * static_cast<size_t>(layout.channels);
  const size_t right = static_cast<size_t>(layout.right) * static_cast<size_t>(layout.channels);
  for (int t = 0; t < layout.steps; t++) {
    uint8_t* const top = memory_.data() + layout.offset + static_cast<size_t>(t) * layout.Step();
    uint8_t* at = top + static_cast<size_t>(layout.top + row_begin) * row;
    if (row_begin == 0) std::memset(top, 0, static_cast<size_t>(layout.top) * row);
    for (int y = row_begin; y < row_end; y++) {
      std::memset(at, 0, left);
      at += row;
      std::memset(at - right, 0, right);
    }
    if (row_end == layout.height) std::memset(at, 0, static_cast<size_t>(layout.bottom) * row);
  }
}

}  // namespace saccade::engine
