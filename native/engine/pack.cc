#include "engine/pack.h"

#include <algorithm>
#include <cstring>

namespace saccade::engine {

namespace {

constexpr int kNarrowMax = 32767;  // of a 16-bit sum; -32768 is the least
constexpr size_t kPadding = 64;    // constants are loaded by whole vectors

size_t RoundUp(size_t value, size_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::string Take(size_t bytes, size_t* budget, Buffer* buffer) {
  if (bytes > *budget) return "its weights take more memory than a network may (4 GiB)";
  *budget -= bytes;
  *buffer = Buffer(bytes);
  return buffer->data() ? "" : "there is not enough memory for its weights";
}

// Blocks of output channels, the padding channels of the map included: they must hold zeros.
int Blocks(int channels, int block) {
  return static_cast<int>((RoundUp(static_cast<size_t>(channels), 4) + static_cast<size_t>(block) - 1) /
                          static_cast<size_t>(block));
}

int Weight(const Op& op, size_t index) {
  return op.weight8 ? op.weight8[index] : op.weight16[index];
}

// Bounds of the sum in one 16-bit lane over any stretch of its taps: inputs are 0..largest, so the largest
// sum takes all positive weights and the least all negative ones.
struct Bound {
  int64_t high = 0, low = 0;
  void Add(int weight, int largest) { (weight > 0 ? high : low) += static_cast<int64_t>(weight) * largest; }
  bool Fits() const { return high <= kNarrowMax && low >= -kNarrowMax - 1; }
};

// The weights of a dense convolution as the kernels see its input: [output channel][ky][run], a run being one
// kernel row of all channels, padded with zeros to whole groups of 4. Groups other than 1 become zeros.
class Dense {
 public:
  Dense(const Op& op, int in_channels, int out_channels, size_t pixel)
      : height_(op.kernel_height), out_channels_(out_channels) {
    // The input's channels may be padded (pixel > in_channels); a run ends with its last real tap.
    const size_t run = static_cast<size_t>(op.kernel_width - 1) * pixel + static_cast<size_t>(in_channels);
    groups_ = static_cast<int>((run + 3) / 4);
  }

  int groups() const { return groups_; }
  size_t bytes() const { return static_cast<size_t>(out_channels_) * Channel() * sizeof(int16_t); }

  void Fill(const Op& op, int in_channels, size_t pixel, int16_t* runs) {
    runs_ = runs;
    const size_t inputs = static_cast<size_t>(in_channels / op.groups);
    const size_t outputs = static_cast<size_t>(out_channels_ / op.groups);
    size_t next = 0;
    for (size_t channel = 0; channel < static_cast<size_t>(out_channels_); channel++) {
      for (size_t i = 0; i < inputs; i++) {
        for (size_t ky = 0; ky < static_cast<size_t>(op.kernel_height); ky++) {
          int16_t* row = runs + channel * Channel() + ky * Run() + channel / outputs * inputs + i;
          for (size_t kx = 0; kx < static_cast<size_t>(op.kernel_width); kx++) {
            row[kx * pixel] = static_cast<int16_t>(Weight(op, next++));
          }
        }
      }
    }
  }

  // 4 taps of group g in kernel row ky; zeros for the channels that fill a block up.
  const int16_t* Taps(int channel, int ky, int g) const {
    static constexpr int16_t kNone[4] = {};
    if (channel >= out_channels_) return kNone;
    return runs_ + static_cast<size_t>(channel) * Channel() + static_cast<size_t>(ky) * Run() +
           static_cast<size_t>(g) * 4;
  }

  // The fewest widenings that keep every 16-bit sum exact whatever the input: every `rows` kernel rows, or
  // within a row every `length` groups. `sums` of them share the 4 taps of a group. False when even single
  // groups of taps may overflow.
  bool Split(int sums, int largest, int* rows, int* length) const {
    *length = groups_;
    for (*rows = height_; *rows > 1; --*rows) {
      if (Fits(sums, *rows, *length, largest)) return true;
    }
    for (int parts = 1; parts <= groups_; parts++) {
      *length = (groups_ + parts - 1) / parts;
      if (Fits(sums, *rows, *length, largest)) return true;
    }
    return false;
  }

 private:
  size_t Run() const { return static_cast<size_t>(groups_) * 4; }
  size_t Channel() const { return static_cast<size_t>(height_) * Run(); }

  bool Fits(int sums, int rows, int length, int largest) const {
    for (int channel = 0; channel < out_channels_; channel++) {
      Bound lanes[2];
      for (int ky = 0; ky < height_; ky++) {
        for (int g = 0; g < groups_; g++) {
          if (rows == 1 ? g % length == 0 : g == 0 && ky % rows == 0) lanes[0] = lanes[1] = Bound{};
          const int16_t* taps = Taps(channel, ky, g);
          for (int tap = 0; tap < 4; tap++) lanes[tap * sums / 4].Add(taps[tap], largest);
          if (!lanes[0].Fits() || !lanes[1].Fits()) return false;
        }
      }
    }
    return true;
  }

  const int height_, out_channels_;
  int groups_;
  const int16_t* runs_ = nullptr;
};

// Segments that widen after every `rows` kernel rows and, within a row, after every `length` groups.
std::vector<kernels::Segment> Segments(int height, int groups, size_t row_bytes, int rows, int length) {
  std::vector<kernels::Segment> segments;
  for (int ky = 0; ky < height; ky++) {
    for (int g = 0; g < groups; g += length) {
      const size_t offset = static_cast<size_t>(ky) * row_bytes + static_cast<size_t>(g) * 4;
      const bool widen = (ky + 1) % rows == 0 || ky + 1 == height;
      segments.push_back({static_cast<int32_t>(offset), std::min(length, groups - g), widen});
    }
  }
  return segments;
}

void PackBlock(const Dense& dense, int height, bool wide, bool by_tap, int channels, int channel,
               uint8_t* to) {
  auto* to8 = reinterpret_cast<int8_t*>(to);
  auto* to16 = reinterpret_cast<int16_t*>(to);
  for (int ky = 0; ky < height; ky++) {
    for (int g = 0; g < dense.groups(); g++) {
      if (by_tap) {
        for (int tap = 0; tap < 4; tap++) {
          for (int i = 0; i < channels; i++) {
            const int16_t weight = dense.Taps(channel + i, ky, g)[tap];
            if (wide) {
              *to16++ = weight;
            } else {
              *to8++ = static_cast<int8_t>(weight);
            }
          }
        }
        continue;
      }
      for (int half = 0; half < (wide ? 2 : 1); half++) {
        for (int i = 0; i < channels; i++) {
          const int16_t* taps = dense.Taps(channel + i, ky, g);
          if (wide) {
            *to16++ = taps[half];
            *to16++ = taps[half + 2];
          } else {
            for (int tap = 0; tap < 4; tap++) *to8++ = static_cast<int8_t>(taps[tap]);
          }
        }
      }
    }
  }
}

std::string PackDense(const Op& op, int in_channels, int out_channels, size_t row, size_t pixel, int largest,
                      const kernels::Table& table, size_t* budget, PackedConv* packed) {
  Dense dense(op, in_channels, out_channels, pixel);
  size_t scratch_budget = *budget;
  Buffer runs;
  std::string error = Take(dense.bytes(), &scratch_budget, &runs);
  if (!error.empty()) return error;
  dense.Fill(op, in_channels, pixel, reinterpret_cast<int16_t*>(runs.data()));

  int rows = op.kernel_height, length = dense.groups();
  packed->wide = op.weight16 != nullptr || largest > table.largest ||
                 (table.narrow && !dense.Split(table.narrow, largest, &rows, &length));
  if (packed->wide) rows = op.kernel_height, length = dense.groups();
  packed->segments = Segments(op.kernel_height, dense.groups(), row, rows, length);

  const int block = table.lanes * table.vectors;
  packed->blocks = Blocks(out_channels, block);
  packed->block_bytes = static_cast<size_t>(op.kernel_height) * static_cast<size_t>(dense.groups()) * 4 *
                        static_cast<size_t>(block) * (packed->wide ? 2 : 1);
  error = Take(packed->block_bytes * static_cast<size_t>(packed->blocks), budget, &packed->weights);
  if (!error.empty()) return error;
  for (int b = 0; b < packed->blocks; b++) {
    const int channel = b * block;
    // A last block that needs only one vector is packed, and run, as one.
    const int channels = out_channels - channel > table.lanes ? block : table.lanes;
    PackBlock(dense, op.kernel_height, packed->wide, packed->wide ? table.by_tap : table.by_tap8, channels,
              channel, packed->weights.data() + static_cast<size_t>(b) * packed->block_bytes);
  }
  return "";
}

// Kernel rows, whole pairs, after which paired sums are widened; 0 when they may overflow even within a pair.
int WidenRows(const Op& op, int channels, int largest) {
  const auto fits = [&](int rows) {
    for (int c = 0; c < channels; c++) {
      Bound bound;
      for (int ky = 0; ky < op.kernel_height; ky++) {
        if (ky % rows == 0) bound = Bound{};
        for (int kx = 0; kx < op.kernel_width; kx++) {
          bound.Add(Weight(op, static_cast<size_t>((c * op.kernel_height + ky) * op.kernel_width + kx)),
                    largest);
        }
        if (!bound.Fits()) return false;
      }
    }
    return true;
  };
  for (int rows = (op.kernel_height + 1) / 2 * 2; rows > 0; rows -= 2) {
    if (fits(rows)) return rows;
  }
  return 0;
}

int DepthwiseWeight(const Op& op, int channels, int channel, int ky, int kx) {
  if (channel >= channels || ky >= op.kernel_height) return 0;
  return Weight(op, static_cast<size_t>((channel * op.kernel_height + ky) * op.kernel_width + kx));
}

// The order of the channels is that of x86's interleaves: 8 of the low half of each 16, then 8 of the high
// half; by tap it is that of the map.
void PackPairs(const Op& op, int channels, int first, int block, bool by_tap, int8_t* to) {
  for (int ky = 0; ky < op.kernel_height; ky += 2) {
    for (int kx = 0; kx < op.kernel_width; kx++) {
      if (by_tap) {
        for (int tap = 0; tap < 2; tap++) {
          for (int i = 0; i < block; i++) {
            *to++ = static_cast<int8_t>(DepthwiseWeight(op, channels, first + i, ky + tap, kx));
          }
        }
        continue;
      }
      for (int half = 0; half < 2; half++) {
        for (int i = 0; i < block / 2; i++) {
          const int channel = first + i / 8 * 16 + half * 8 + i % 8;
          *to++ = static_cast<int8_t>(DepthwiseWeight(op, channels, channel, ky, kx));
          *to++ = static_cast<int8_t>(DepthwiseWeight(op, channels, channel, ky + 1, kx));
        }
      }
    }
  }
}

void PackSingle(const Op& op, int channels, int first, int block, int32_t* to) {
  for (int ky = 0; ky < op.kernel_height; ky++) {
    for (int kx = 0; kx < op.kernel_width; kx++) {
      for (int lane = 0; lane < block; lane++) *to++ = DepthwiseWeight(op, channels, first + lane, ky, kx);
    }
  }
}

std::string PackDepthwise(const Op& op, int channels, int largest, const kernels::Table& table,
                          size_t* budget, PackedConv* packed) {
  const bool paired_width = op.kernel_width == 3 || op.kernel_width == 5 || op.kernel_width == 7;
  const bool can_pair =
      table.paired && paired_width && op.stride_x == 1 && op.weight8 && largest <= table.largest;
  packed->widen_rows = can_pair ? WidenRows(op, channels, largest) : 0;
  packed->pairs = packed->widen_rows > 0;
  const int block = packed->pairs ? table.paired : table.lanes;
  packed->blocks = Blocks(channels, block);
  const size_t columns = static_cast<size_t>(op.kernel_width) * static_cast<size_t>(block);
  packed->block_bytes = packed->pairs ? static_cast<size_t>((op.kernel_height + 1) / 2) * columns * 2
                                      : static_cast<size_t>(op.kernel_height) * columns * 4;
  const std::string error =
      Take(packed->block_bytes * static_cast<size_t>(packed->blocks), budget, &packed->weights);
  if (!error.empty()) return error;
  for (int b = 0; b < packed->blocks; b++) {
    uint8_t* to = packed->weights.data() + static_cast<size_t>(b) * packed->block_bytes;
    if (packed->pairs) {
      PackPairs(op, channels, b * block, block, table.by_tap, reinterpret_cast<int8_t*>(to));
    } else {
      PackSingle(op, channels, b * block, block, reinterpret_cast<int32_t*>(to));
    }
  }
  return "";
}

std::string PackConstants(const Op& op, int out_channels, size_t* budget, PackedConv* packed) {
  packed->padded = RoundUp(static_cast<size_t>(out_channels), kPadding);
  const std::string error = Take(2 * packed->padded * sizeof(float), budget, &packed->constants);
  if (!error.empty()) return error;
  auto* constants = reinterpret_cast<float*>(packed->constants.data());
  std::copy_n(op.scale, op.scales, constants);
  std::copy_n(op.bias, op.biases, constants + packed->padded);
  return "";
}

}  // namespace

std::string PackConv(const Op& op, int in_channels, int out_channels, size_t row, size_t pixel, int largest,
                     const kernels::Table& table, size_t* budget, PackedConv* packed) {
  packed->depthwise = op.groups > 1 && op.groups == in_channels && op.groups == out_channels;
  const std::string error =
      packed->depthwise
          ? PackDepthwise(op, out_channels, largest, table, budget, packed)
          : PackDense(op, in_channels, out_channels, row, pixel, largest, table, budget, packed);
  return error.empty() ? PackConstants(op, out_channels, budget, packed) : error;
}

std::string PackBinary(const Op& op, int in_channels, int out_channels, size_t* budget, PackedConv* packed) {
  std::string error = Take(op.weights * sizeof(int32_t), budget, &packed->weights);
  if (!error.empty()) return error;
  auto* to = reinterpret_cast<int32_t*>(packed->weights.data());
  const size_t taps = static_cast<size_t>(op.kernel_height) * static_cast<size_t>(op.kernel_width);
  const size_t inputs = static_cast<size_t>(in_channels / op.groups);
  const size_t outputs = static_cast<size_t>(out_channels / op.groups);
  for (size_t tap = 0; tap < taps; tap++) {
    for (size_t input = 0; input < static_cast<size_t>(in_channels); input++) {
      for (size_t output = 0; output < outputs; output++) {
        const size_t channel = input / inputs * outputs + output;
        *to++ = Weight(op, (channel * inputs + input % inputs) * taps + tap);
      }
    }
  }
  packed->blocks = 1;
  return PackConstants(op, out_channels, budget, packed);
}

std::string PackRealConv(const Op& op, int in_channels, int out_channels, size_t* budget,
                         PackedRealConv* packed) {
  packed->depthwise = op.groups == in_channels && op.groups == out_channels;
  const size_t padded = RoundUp(static_cast<size_t>(out_channels), kPadding);
  const size_t kernel = static_cast<size_t>(op.kernel_height) * static_cast<size_t>(op.kernel_width);
  const size_t inputs = static_cast<size_t>(in_channels / op.groups);
  const size_t outputs = static_cast<size_t>(out_channels / op.groups);
  const size_t row = packed->depthwise ? RoundUp(static_cast<size_t>(out_channels), 4) : outputs;
  const size_t rows = packed->depthwise ? kernel : static_cast<size_t>(op.groups) * inputs * kernel;
  std::string error = Take(rows * row * sizeof(float), budget, &packed->weights);
  if (error.empty()) error = Take(padded * sizeof(float), budget, &packed->bias);
  if (!error.empty()) return error;
  auto* weights = reinterpret_cast<float*>(packed->weights.data());
  for (size_t channel = 0; channel < static_cast<size_t>(out_channels); channel++) {
    const size_t group = channel / outputs;
    for (size_t i = 0; i < inputs; i++) {
      for (size_t tap = 0; tap < kernel; tap++) {
        const float weight = op.weight32[(channel * inputs + i) * kernel + tap];
        if (packed->depthwise) {
          weights[tap * row + channel] = weight;
        } else {
          weights[((group * inputs + i) * kernel + tap) * row + channel % outputs] = weight;
        }
      }
    }
  }
  std::copy_n(op.bias, op.biases, reinterpret_cast<float*>(packed->bias.data()));
  return "";
}

}  // namespace saccade::engine
