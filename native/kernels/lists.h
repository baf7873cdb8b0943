// Lists of what is not 0 in the rows of a u8 map: the place of every such value in its row and the value,
// plus where the values of each pixel begin.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// Positions of the set bits of a byte, first ones first: compresses 8 values by one shuffle.
struct Orders {
  alignas(64) uint8_t of[256][8];
};
constexpr Orders MakeOrders() {
  Orders orders{};
  for (int mask = 0; mask < 256; mask++) {
    int next = 0;
    for (int bit = 0; bit < 8; bit++) {
      if (mask >> bit & 1) orders.of[mask][next++] = static_cast<uint8_t>(bit);
    }
  }
  return orders;
}
constexpr Orders kOrders = MakeOrders();

// Lists are copied and written 16 entries at a time.
constexpr int kListSlack = 32;
constexpr int kMostKernelRows = 31;
// Runs of at most so many bytes are compressed into the merged list whenever they are needed; longer ones
// once, into the list of their row, from which a merged list copies. 3x3, 48 channels: 123 instead of 234
// instructions per column; 16 channels: as many.
constexpr int kDirectRun = 32;

// What is not 0: by its place, a number of 16 bits, and its value.
struct List {
  uint16_t* start;  // where the entries of each part begin, and the end
  uint16_t* place;
  uint8_t* value;
};

SACCADE_INLINE bool IsDirect(const SparseArgs& args) {
  // Only short runs may pass the end of the row: the map's slack covers them.
  const bool inside = (args.width + args.reach - 2) * args.stride_x + args.window <= args.columns;
  return args.window * args.pixel <= kDirectRun || (args.kernel_height == 1 && inside);
}

// Where the lists of a part lie in its thread's scratch memory: the merged ones, one after the other, of a
// group of output rows and all their time steps; and those of the kernel rows of every time step. A group is
// one row where all weights are one block. Of more blocks each is used for the whole group before the next:
// 440 KB of weights would else come from the third-level cache for every row.
class ListSpace {
 public:
  static constexpr int kMostLists = 64;  // a plan has no more time steps (engine/check.cc)

  explicit ListSpace(const SparseArgs& args)
      : height_(args.kernel_height),
        steps_(static_cast<size_t>(args.width + args.reach - 1)),
        times_(static_cast<size_t>(args.steps)),
        lists_(args.blocks > 1 && args.steps < kMostLists ? kMostLists : args.steps),
        // Every step may end with an entry that makes its number even.
        merged_(steps_ * (static_cast<size_t>(height_) * static_cast<size_t>(args.window * args.pixel) + 1)),
        entries_(merged_ * times_ + (args.blocks > 1 ? kGroupEntries : 0)),
        columns_(steps_ * static_cast<size_t>(args.stride_x) + static_cast<size_t>(args.window)),
        row_(IsDirect(args) ? 0 : static_cast<size_t>(args.columns) * static_cast<size_t>(args.pixel)),
        rows_(IsDirect(args) ? 0 : args.steps * height_) {}

  // Whether behind `lists` merged lists of `entries` entries those of another output row can lie.
  bool Fits(int lists, size_t entries) const {
    return lists + static_cast<int>(times_) <= lists_ && entries + merged_ * times_ <= entries_;
  }
  List Merged(uint8_t* scratch, int list, size_t entries) const {
    List first = At(scratch, entries_);
    return {first.start + static_cast<size_t>(list) * (steps_ + 1), first.place + entries,
            first.value + entries};
  }
  // Kernel row `index`, counted modulo the kernel's height, of a time step.
  List Row(uint8_t* scratch, int step, int index) const {
    const size_t at = static_cast<size_t>(step * height_ + index % height_);
    return At(scratch + MergedBytes() + at * Bytes(row_, columns_), row_);
  }
  size_t bytes() const { return MergedBytes() + static_cast<size_t>(rows_) * Bytes(row_, columns_); }

 private:
  static constexpr size_t kGroupEntries = size_t{1} << 15;
  static size_t Round(size_t bytes) { return (bytes + 63) / 64 * 64; }
  static size_t Values(size_t values) { return Round(values + kListSlack); }
  static size_t Bytes(size_t values, size_t starts) { return 3 * Values(values) + Round(2 * (starts + 1)); }
  size_t MergedBytes() const { return Bytes(entries_, static_cast<size_t>(lists_) * (steps_ + 1)); }
  static List At(uint8_t* at, size_t values) {
    return {reinterpret_cast<uint16_t*>(at + 3 * Values(values)), reinterpret_cast<uint16_t*>(at),
            at + 2 * Values(values)};
  }
  const int height_;
  const size_t steps_, times_;
  const int lists_;
  const size_t merged_, entries_, columns_, row_;
  const int rows_;
};

// Writes a list. (Its pointers are locals of whoever uses it: byte stores may alias everything else.)
struct Writer {
  uint16_t* place;
  uint8_t* value;
  int count;
};

// Whether any of 16 bytes and more, whole sixteens, is not 0.
SACCADE_INLINE bool AnyNonzero(const uint8_t* run, int length) {
  uint64_t any = 0;
  for (; length > 0; length -= 16, run += 16) {
    uint64_t two[2];
    __builtin_memcpy(two, run, 16);
    any |= two[0] | two[1];
  }
  return any != 0;
}

// A run of `length` bytes whose first has place `place`; reads up to 15 bytes behind it. Without a test of
// every mask: what a list costs are mispredicted branches, 16 cycles for 16 bytes on a Zen 3 instead of 5.
template <class V>
SACCADE_INLINE void ListRun(const uint8_t* run, int length, int place, Writer& writer) {
  uint16_t* const places = writer.place;
  uint8_t* const values = writer.value;
  int count = writer.count;
  for (; length > 0; length -= 16, run += 16, place += 16) {
    unsigned mask = V::NonzeroSixteen(run);
    if (length < 16) mask &= (1u << length) - 1;
    const unsigned low = mask & 0xff, high = mask >> 8;
    V::Compress(run, kOrders.of[low], place, places + count, values + count);
    count += __builtin_popcount(low);
    V::Compress(run + 8, kOrders.of[high], place + 8, places + count, values + count);
    count += __builtin_popcount(high);
  }
  writer.count = count;
}

// One row of `columns` pixels; parts up to `parts` are empty.
template <class V>
__attribute__((noinline)) void ListRow(const uint8_t* row, int columns, int parts, int channels, List list) {
  Writer writer{list.place, list.value, 0};
  uint16_t* const start = list.start;
  for (int x = 0; x < columns; x++) {
    start[x] = static_cast<uint16_t>(writer.count);
    if (AnyNonzero(row, channels)) ListRun<V>(row, channels, x * channels, writer);
    row += channels;
  }
  for (int x = columns; x <= parts; x++) start[x] = static_cast<uint16_t>(writer.count);
}

// Ends a step of a merged list: an even number of entries, the last of which may count 0.
SACCADE_INLINE void EndStep(Writer& writer) {
  writer.place[writer.count] = 0;
  writer.value[writer.count] = 0;
  writer.count = (writer.count + 1) & ~1;
}

// The entries of every step of an output row, kernel rows one after the other: place is that of the weights.
// From the lists of the kernel rows:
[[maybe_unused]] __attribute__((noinline)) void MergeRows(const SparseArgs& args, const List* rows, int steps,
                                                          List merged) {
  using Places = uint16_t __attribute__((vector_size(16), aligned(2), may_alias));
  using Values = uint8_t __attribute__((vector_size(16), aligned(1), may_alias));
  const int height = args.kernel_height, window = args.window, stride = args.stride_x;
  const uint16_t run = static_cast<uint16_t>(window * args.pixel);
  const uint16_t across = static_cast<uint16_t>(stride * args.pixel);
  uint16_t first = 0;  // minus the place of the step's first column
  Writer writer{merged.place, merged.value, 0};
  uint16_t* const start = merged.start;
  for (int step = 0; step < steps; step++, first = static_cast<uint16_t>(first - across)) {
    start[step] = static_cast<uint16_t>(writer.count);
    uint16_t offset = first;
    for (int ky = 0; ky < height; ky++, offset = static_cast<uint16_t>(offset + run)) {
      const uint16_t* const begin = rows[ky].start + step * stride;
      const int count = begin[window] - begin[0];
      const uint16_t* const from = rows[ky].place + begin[0];
      const uint8_t* const values = rows[ky].value + begin[0];
      uint16_t* const place = writer.place + writer.count;
      uint8_t* const value = writer.value + writer.count;
      for (int i = 0; i < count; i += 16) {
        *reinterpret_cast<Places*>(place + i) = *reinterpret_cast<const Places*>(from + i) + offset;
        *reinterpret_cast<Places*>(place + i + 8) = *reinterpret_cast<const Places*>(from + i + 8) + offset;
        *reinterpret_cast<Values*>(value + i) = *reinterpret_cast<const Values*>(values + i);
      }
      writer.count += count;
    }
    EndStep(writer);
  }
  start[steps] = static_cast<uint16_t>(writer.count);
}

// From the map itself, for short runs; kRun is their length or 0. The last step may read into the next row;
// its weights there are 0.
template <class V, int kRun>
__attribute__((noinline)) void MergeRuns(const SparseArgs& args, const uint8_t* first, int steps,
                                         List merged) {
  const int height = args.kernel_height, run = kRun ? kRun : args.window * args.pixel;
  const size_t across = static_cast<size_t>(args.stride_x * args.pixel), row = args.tap_row;
  Writer writer{merged.place, merged.value, 0};
  uint16_t* const start = merged.start;
  for (int step = 0; step < steps; step++, first += across) {
    start[step] = static_cast<uint16_t>(writer.count);
    bool any = false;
    const uint8_t* at = first;
    for (int ky = 0; ky < height; ky++, at += row) any |= AnyNonzero(at, run);
    if (!any) continue;
    at = first;
    for (int ky = 0; ky < height; ky++, at += row) ListRun<V>(at, run, ky * run, writer);
    EndStep(writer);
  }
  start[steps] = static_cast<uint16_t>(writer.count);
}

// Bytes that are not 0 in rows of `length` bytes, `row` apart.
SACCADE_INLINE size_t CountNonzeros(const uint8_t* from, size_t row, int rows, int length) {
  using Bytes = uint8_t __attribute__((vector_size(32), aligned(1), may_alias));
  constexpr int kMost = 255;  // rounds that a sum of 8 bits takes
  size_t zeros = 0;
  for (int y = 0; y < rows; y++, from += row) {
    int i = 0;
    while (i + 32 <= length) {
      Bytes sums{};
      for (int round = 0; round < kMost && i + 32 <= length; round++, i += 32)
        sums -= static_cast<Bytes>(*reinterpret_cast<const Bytes*>(from + i) == 0);
      for (int lane = 0; lane < 32; lane++) zeros += sums[lane];
    }
    for (; i < length; i++) zeros += from[i] == 0;
  }
  return static_cast<size_t>(rows) * static_cast<size_t>(length) - zeros;
}

}  // namespace
}  // namespace saccade::kernels
