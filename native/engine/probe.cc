#include "engine/probe.h"

namespace saccade::engine {

namespace {

// Calls visit(map index, packed index) for every value, in the order of [T, C, H, W].
template <class Visit>
void ForValues(int steps, int channels, int height, int width, size_t step, size_t row, size_t pixel,
               Visit visit) {
  size_t packed = 0;
  for (int t = 0; t < steps; t++) {
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < height; y++) {
        size_t at = static_cast<size_t>(t) * step + static_cast<size_t>(y) * row + static_cast<size_t>(c);
        for (int x = 0; x < width; x++, at += pixel) visit(at, packed++);
      }
    }
  }
}

template <class Visit>
void ForSpikes(const kernels::SpikeMap& map, int channels, int steps, Visit visit) {
  ForValues(steps, channels, map.height, map.width, map.step, map.row, static_cast<size_t>(map.channels),
            visit);
}

template <class Visit>
void ForReals(const kernels::RealMap& map, int channels, int steps, Visit visit) {
  ForValues(steps, channels, map.height, map.width, map.Step(), map.Row(), static_cast<size_t>(map.channels),
            visit);
}

// Outputs along one axis whose kernel covers each input.
std::vector<int64_t> Reach(int inputs, int outputs, int kernel, int stride, int pad) {
  std::vector<int64_t> reach(static_cast<size_t>(inputs));
  for (int output = 0; output < outputs; output++) {
    for (int tap = 0; tap < kernel; tap++) {
      const int input = output * stride + tap - pad;
      if (input >= 0 && input < inputs) reach[static_cast<size_t>(input)]++;
    }
  }
  return reach;
}

}  // namespace

Fan FanOf(const Op& op, const Tensor& out) {
  return {op.kernel_height, op.kernel_width, op.stride_y,
          op.stride_x,      op.pad_top,      op.pad_left,
          out.height,       out.width,       out.channels / op.groups};
}

Inflow CountInflow(const kernels::SpikeMap& map, int channels, int steps, const Fan& fan) {
  const auto rows = Reach(map.height, fan.height, fan.kernel_height, fan.stride_y, fan.pad_top);
  const auto columns = Reach(map.width, fan.width, fan.kernel_width, fan.stride_x, fan.pad_left);
  Inflow inflow;
  for (int t = 0; t < steps; t++) {
    for (int y = 0; y < map.height; y++) {
      const uint8_t* pixel = map.data + static_cast<size_t>(t) * map.step + static_cast<size_t>(y) * map.row;
      for (int x = 0; x < map.width; x++, pixel += map.channels) {
        int64_t sum = 0;
        for (int c = 0; c < channels; c++) {
          inflow.nonzero += pixel[c] != 0;
          sum += pixel[c];
        }
        inflow.sum += sum;
        inflow.operations += sum * rows[static_cast<size_t>(y)] * columns[static_cast<size_t>(x)];
      }
    }
  }
  inflow.operations *= fan.outputs;
  return inflow;
}

void CopySpikes(const kernels::SpikeMap& map, int channels, int steps, uint8_t* to) {
  ForSpikes(map, channels, steps, [&](size_t at, size_t packed) { to[packed] = map.data[at]; });
}
void CopyReal(const kernels::RealMap& map, int channels, int steps, float* to) {
  ForReals(map, channels, steps, [&](size_t at, size_t packed) { to[packed] = map.data[at]; });
}
void TeachSpikes(const uint8_t* from, int channels, int steps, const kernels::SpikeMap& map) {
  ForSpikes(map, channels, steps, [&](size_t at, size_t packed) { map.data[at] = from[packed]; });
}
void TeachReal(const float* from, int channels, int steps, const kernels::RealMap& map) {
  ForReals(map, channels, steps, [&](size_t at, size_t packed) { map.data[at] = from[packed]; });
}

}  // namespace saccade::engine
