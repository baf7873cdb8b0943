// Weights for kernels/sparse.h.
#include <algorithm>
#include <cstdlib>

#include "engine/pack.h"
#include "kernels/lists.h"

namespace saccade::engine {

namespace {

constexpr int kNarrowMax = 32767;     // of a 16-bit sum
constexpr int kNoLimit = 1 << 24;     // more entries than any list has
constexpr int kLongestList = 0xffff;  // places are 16-bit

// Entries that a 16-bit sum of any output channel can take, whatever they are: every tap comes once, so the
// worst are the channel's largest weights of one sign. (By the largest weight alone a layer of 96 channels
// would be widened four times as often.) Even, since entries are taken in pairs; 0 when not even one pair
// fits.
int Limit(const Op& op, int out_channels, int largest) {
  const size_t taps = op.weights / static_cast<size_t>(out_channels);
  const int room = kNarrowMax / largest;
  int fewest = kNoLimit;
  for (size_t channel = 0; channel < static_cast<size_t>(out_channels); channel++) {
    int of[2][129] = {};  // weights by sign and size
    for (size_t i = 0; i < taps; i++) {
      const int weight = op.weight8[channel * taps + i];
      of[weight < 0][std::abs(weight)]++;
    }
    for (const int* sizes : of) {
      int entries = 0, left = room;
      for (int size = 128; size > 0; size--) {
        const int fit = std::min(sizes[size], left / size);
        entries += fit;
        left -= fit * size;
        if (fit < sizes[size]) {
          fewest = std::min(fewest, entries);
          break;
        }
      }
    }
  }
  return fewest / 2 * 2;
}

}  // namespace

void PackSparse(const Op& op, int in_channels, int out_channels, int columns, int pixel, int largest,
                const kernels::Table& table, size_t* budget, PackedSparse* packed) {
  packed->wide = op.weight16 != nullptr;
  const kernels::SparseForm& form = packed->wide ? table.sparse16_form : table.sparse8_form;
  if (!form.sums || op.groups != 1 || (!packed->wide && largest > table.largest)) return;
  packed->limit = packed->wide ? kNoLimit : Limit(op, out_channels, largest);
  // Column by column (by as many as the stride has) where at most 3 outputs are under way at a time, as in
  // 3x3 of stride 1; else output by output.
  const int reach = (op.kernel_width + op.stride_x - 1) / op.stride_x;
  const bool by_column = reach == 3 || (reach == 2 && op.stride_x > 1);
  packed->reach = by_column ? reach : 1;
  packed->window = by_column ? op.stride_x : op.kernel_width;
  const int64_t merged = int64_t{op.kernel_height} * packed->window * pixel;
  const int64_t steps = (int64_t{columns} - op.kernel_width) / op.stride_x + packed->reach;
  if (packed->limit == 0 || int64_t{columns} * pixel > kLongestList || steps * (merged + 1) > kLongestList)
    return;

  const int lanes = form.lanes;
  const int vectors = ((out_channels + 3) / 4 * 4 + lanes - 1) / lanes;
  const int most = form.sums / packed->reach;
  packed->blocks = (vectors + most - 1) / most;
  packed->sums = (vectors + packed->blocks - 1) / packed->blocks;
  packed->blocks = (vectors + packed->sums - 1) / packed->sums;

  const int size = packed->wide ? 2 : 1;
  const int piece = 8 / size;  // weights of one vector of sums in 8 bytes
  const int units = (packed->sums * packed->reach + 1) / 2;
  const size_t unit_bytes = static_cast<size_t>(2 * lanes * size);
  packed->entry_bytes = static_cast<size_t>(units) * unit_bytes;
  packed->block_bytes = static_cast<size_t>(merged) * packed->entry_bytes;
  const size_t bytes = packed->block_bytes * static_cast<size_t>(packed->blocks);
  if (bytes > *budget) return;
  packed->weights = Buffer(bytes);
  if (!packed->weights.data()) return;
  *budget -= bytes;

  const size_t kernel_width = static_cast<size_t>(op.kernel_width);
  const size_t taps = static_cast<size_t>(op.kernel_height) * kernel_width;
  for (int channel = 0; channel < out_channels; channel++) {
    const int vector = channel / lanes, lane = channel % lanes;
    uint8_t* const block =
        packed->weights.data() + static_cast<size_t>(vector / packed->sums) * packed->block_bytes;
    for (size_t ky = 0; ky < static_cast<size_t>(op.kernel_height); ky++) {
      for (size_t kx = 0; kx < kernel_width; kx++) {
        // Of the pixels that a step takes, and the outputs that it reaches.
        const size_t window = packed->reach == 1 ? kx : kx % static_cast<size_t>(op.stride_x);
        const int output = packed->reach == 1 ? 0 : static_cast<int>(kx) / op.stride_x;
        const int sum = output * packed->sums + vector % packed->sums;
        // A unit holds two vectors of sums, 8 bytes of one and 8 of the other in turn.
        const size_t at = static_cast<size_t>(sum / 2) * unit_bytes + static_cast<size_t>(lane / piece) * 16 +
                          static_cast<size_t>(sum % 2) * 8 + static_cast<size_t>(lane % piece * size);
        for (size_t i = 0; i < static_cast<size_t>(in_channels); i++) {
          const size_t entry =
              (ky * static_cast<size_t>(packed->window) + window) * static_cast<size_t>(pixel) + i;
          uint8_t* const to = block + entry * packed->entry_bytes + at;
          const size_t from = (static_cast<size_t>(channel) * static_cast<size_t>(in_channels) + i) * taps +
                              ky * kernel_width + kx;
          if (packed->wide) {
            reinterpret_cast<int16_t*>(to)[0] = op.weight16[from];
          } else {
            *to = static_cast<uint8_t>(op.weight8[from]);
          }
        }
      }
    }
  }
  packed->usable = true;
}

}  // namespace saccade::engine
