// Which way rows run, dense, sparse or not at all: by how much of their input is not 0. Whoever writes a row
// of spikes counts it, in the first-level cache; it is then known to all readers, whatever rows they need.
#include <algorithm>

#include "engine/ready.h"

namespace saccade::engine {

using kernels::Part;

namespace {

constexpr int kBand = 6;  // rows that are dense or sparse together

}  // namespace

// `alike`: all pixels of these rows hold the same.
void Network::CountRows(int tensor, int row_begin, int row_end, bool alike) {
  std::vector<int32_t>& counts = counts_[static_cast<size_t>(tensor)];
  if (counts.empty()) return;
  const kernels::SpikeMap map = arena_.Spikes(tensor);
  const size_t height = static_cast<size_t>(map.height);
  const int length = map.width * map.channels;
  for (size_t t = 0; t < counts.size() / height; t++) {
    const uint8_t* row = map.data + t * map.step + static_cast<size_t>(row_begin) * map.row;
    int32_t* const to = counts.data() + t * height;
    if (alike) {
      const size_t count = table_.nonzeros(row, 0, 1, map.channels) * static_cast<size_t>(map.width);
      std::fill(to + row_begin, to + row_end, static_cast<int32_t>(count));
      continue;
    }
    for (int y = row_begin; y < row_end; y++, row += map.row)
      to[y] = static_cast<int32_t>(table_.nonzeros(row, 0, 1, length));
  }
}

// What is not 0 in the input rows that these rows read.
size_t Network::Nonzeros(const Ready& ready, int row_begin, int row_end) const {
  const Inputs& in = ready.inputs;
  const int rows = (row_end - row_begin - 1) * in.stride_y + in.kernel_height;
  const std::vector<int32_t>& counts = counts_[static_cast<size_t>(ready.input)];
  size_t nonzeros = 0;
  if (counts.empty()) {
    for (int t = 0; t < ready.silent.steps; t++) {
      const uint8_t* first =
          in.first + static_cast<size_t>(t) * in.step + static_cast<size_t>(row_begin * in.stride_y) * in.row;
      nonzeros += table_.nonzeros(first, in.row, rows, in.length);
    }
    return nonzeros;
  }
  const int height = arena_.At(ready.input).height;
  const int top = row_begin * in.stride_y - ready.fan.pad_top;
  for (int t = 0; t < ready.silent.steps; t++) {
    const int32_t* const from = counts.data() + static_cast<size_t>(t) * static_cast<size_t>(height);
    for (int y = std::max(top, 0); y < std::min(top + rows, height); y++)
      nonzeros += static_cast<size_t>(from[y]);
  }
  return nonzeros;
}

Network::Way Network::WayOf(const Ready& ready, int row_begin, int row_end) const {
  const Inputs& in = ready.inputs;
  if (options_.form == Form::kDense || !in.first || !table_.nonzeros) return Way::kDense;
  const bool sparse = ready.packed_sparse.usable;
  if (sparse && options_.form == Form::kSparse) return Way::kSparse;
  const size_t nonzeros = Nonzeros(ready, row_begin, row_end);
  if (nonzeros == 0) return Way::kSilent;
  const int rows = (row_end - row_begin - 1) * in.stride_y + in.kernel_height;
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

}  // namespace saccade::engine
