// A convolution on u8 as sums over what is not 0. A step walks one merged list of all kernel rows: the
// entries of one input column, each of which adds to the kernel_width outputs that it reaches (3x3, stride 1:
// the lists are read a third as often), or the entries of the whole kernel for one output (any kernel and
// stride). The sums of all outputs under way stay in registers. How an entry is added is the instruction
// set's: x86 interleaves the weights of two entries and multiplies them with both counts at once (maddubs),
// 1.4 times as fast as 16-bit products of one; NEON has SMLAL.
#pragma once

#include "kernels/args.h"
#include "kernels/epilogue.h"
#include "kernels/inline.h"
#include "kernels/lists.h"
#include "kernels/table.h"

namespace saccade::kernels {
namespace {

// Sums of a tile: 8 KiB, so that they, the lists and most of the weights stay in the first-level cache.
constexpr int kSparseSums = 2048;

struct SparseTile {
  List merged;
  const uint8_t* weights;
  size_t entry_bytes;
  int limit;
  int x, pixels;
  int32_t* sums;  // [vector of sums][pixel][lane], for the epilogue
  // Or, when all that follows is one neuron without memory, its spikes: 16 KiB less in the first-level cache.
  uint8_t* spikes;  // or null
  size_t spike_pixel;
  const float* scale;
  const float* bias;
  float levels;
};

// acc[i] += counts x weights for every entry.
template <class Form, int kSums>
SACCADE_INLINE void AddEntries(typename Form::Sum* acc, const uint8_t* weights, size_t entry_bytes,
                               const uint16_t* places, const uint8_t* values, int count) {
  constexpr int kUnits = (kSums + 1) / 2;
  if constexpr (Form::kPairs) {
    for (int i = 0; i < count; i += 2) {
      const uint8_t* const first = weights + places[i] * entry_bytes;
      const uint8_t* const second = weights + places[i + 1] * entry_bytes;
      const auto counts = Form::Counts(values + i);
      Unroll<kUnits>([&](auto u) SACCADE_LAMBDA {
        auto a = Form::Load(first, u), b = Form::Load(second, u);
        Form::Keep(a, b);
        Form::Step(acc[2 * u], counts, Form::Low(a, b));
        if constexpr (2 * u + 1 < kSums) Form::Step(acc[2 * u + 1], counts, Form::High(a, b));
      });
    }
  } else {
    for (int i = 0; i < count; i++) {
      const uint8_t* const first = weights + places[i] * entry_bytes;
      const auto counts = Form::Counts(values + i);
      Unroll<kUnits>([&](auto u) SACCADE_LAMBDA {
        const auto a = Form::Load(first, u);
        Form::StepLow(acc[2 * u], counts, a);
        if constexpr (2 * u + 1 < kSums) Form::StepHigh(acc[2 * u + 1], counts, a);
      });
    }
  }
}

// Adds narrow sums to wide ones.
template <class V, class Form, int kSums>
__attribute__((noinline)) void WidenSums(const typename Form::Sum* acc, int32_t* wide, bool add) {
  constexpr int kVectors = Form::kLanes / V::kLanes;
  for (int i = 0; i < kSums; i++) {
    typename V::Int parts[kVectors];
    Form::Widen(acc[i], parts);
    for (int q = 0; q < kVectors; q++, wide += V::kLanes)
      V::StoreInt(wide, add ? V::AddInt(parts[q], V::LoadInt(wide)) : parts[q]);
  }
}

// Wide sums move on by one output of kOutput vectors.
template <class V, int kVectors, int kOutput>
__attribute__((noinline)) void ShiftSums(int32_t* wide) {
  for (int i = kVectors - 1; i >= kOutput; i--)
    V::StoreInt(wide + i * V::kLanes, V::LoadInt(wide + (i - kOutput) * V::kLanes));
  for (int i = 0; i < kOutput; i++) V::StoreInt(wide + i * V::kLanes, typename V::Int{});
}

template <class V, bool kWide, int L, int G>
void SumSparse(const SparseTile& tile) {
  using Form = typename V::template Sparse<kWide>;
  using Sum = typename Form::Sum;
  using I = typename V::Int;
  using F = typename V::Float;
  constexpr int kSums = L * G;
  constexpr int kLanes = Form::kLanes;
  constexpr int kWideVectors = kLanes / V::kLanes;
  const uint8_t* const weights = tile.weights;
  const size_t entry_bytes = tile.entry_bytes, plane = static_cast<size_t>(tile.pixels) * kLanes;
  const uint16_t* start = tile.merged.start + tile.x;
  const int limit = tile.limit;
  int32_t* sums = tile.sums;
  uint8_t* spikes = tile.spikes;
  const size_t spike_pixel = tile.spike_pixel;
  Sum acc[kSums];
  Unroll<kSums>([&](auto i) SACCADE_LAMBDA { acc[i] = Sum{}; });
  // What narrow sums were widened into before they could overflow: still needed in the next `widened`
  // outputs. `live`: entries since then in the oldest sums.
  alignas(64) int32_t wide[kWide ? 1 : kSums * kLanes];
  int widened = 0;
  int live[L] = {};
  const int steps = tile.pixels + L - 1;
  for (int step = 0; step < steps; step++) {
    const uint16_t* const places = tile.merged.place + start[0];
    const uint8_t* const values = tile.merged.value + start[0];
    const int count = start[1] - start[0];
    start++;
    if constexpr (kWide) {
      AddEntries<Form, kSums>(acc, weights, entry_bytes, places, values, count);
    } else {
      // One loop, written once: with a second copy of it for what must be widened, gcc 12 stores every sum at
      // every entry.
      int from = 0, room = limit - live[L - 1];
      for (;;) {
        const int now = count - from <= room ? count - from : room;
        AddEntries<Form, kSums>(acc, weights, entry_bytes, places + from, values + from, now);
        from += now;
        if (__builtin_expect(from == count, 1)) break;
        // Rarely: dense stretches of many channels.
        // By copies: a function that sees `acc` itself would keep it in memory.
        Sum copy[kSums];
        Unroll<kSums>([&](auto i) SACCADE_LAMBDA {
          copy[i] = acc[i];
          acc[i] = Sum{};
        });
        WidenSums<V, Form, kSums>(copy, wide, widened > 0);
        widened = L;
        room = limit;
        Unroll<L>([&](auto j) SACCADE_LAMBDA { live[j] = -from; });
      }
      Unroll<L>([&](auto j) SACCADE_LAMBDA { live[j] += count; });
    }
    if (step >= L - 1) {
      // (Written out once: through a lambda that two places call, gcc 12 keeps the sums in memory.)
      Unroll<G>([&](auto g) SACCADE_LAMBDA {
        constexpr int i = (L - 1) * G + g;
        I parts[kWideVectors];
        Form::Widen(acc[i], parts);
        if constexpr (!kWide) {
          if (__builtin_expect(widened, 0)) {
            Unroll<kWideVectors>([&](auto q) SACCADE_LAMBDA {
              parts[q] = V::AddInt(parts[q], V::LoadInt(wide + (i * kWideVectors + q) * V::kLanes));
            });
          }
        }
        if (spikes) {
          // The same operations in the same order as epilogue.h.
          const F levels = V::Broadcast(tile.levels), zero = V::Broadcast(0.0f);
          Unroll<kWideVectors>([&](auto q) SACCADE_LAMBDA {
            constexpr int at = g * kLanes + q * V::kLanes;
            const F y = V::Add(V::Mul(V::ToFloat(parts[q]), V::LoadFloat(tile.scale + at)),
                               V::LoadFloat(tile.bias + at));
            parts[q] = V::Round(V::Min(V::Max(y, zero), levels));
          });
          if constexpr (kWideVectors == 2) {
            V::StoreBytes(spikes + g * kLanes, parts[0], parts[1]);
          } else {
            V::StoreBytes(spikes + g * kLanes, parts[0], kLanes);
          }
        } else {
          Unroll<kWideVectors>(
              [&](auto q) SACCADE_LAMBDA { V::StoreInt(sums + g * plane + q * V::kLanes, parts[q]); });
        }
      });
      sums += kLanes;
      if (spikes) spikes += spike_pixel;
    }
    Unroll<(L - 1) * G>([&](auto i) SACCADE_LAMBDA { acc[kSums - 1 - i] = acc[kSums - 1 - i - G]; });
    Unroll<G>([&](auto g) SACCADE_LAMBDA { acc[g] = Sum{}; });
    if constexpr (!kWide) {
      Unroll<L - 1>([&](auto j) SACCADE_LAMBDA { live[L - 1 - j] = live[L - 2 - j]; });
      live[0] = 0;
      if (__builtin_expect(widened, 0)) {
        widened--;
        ShiftSums<V, kSums * kWideVectors, G * kWideVectors>(wide);
      }
    }
  }
}

using SparseFunction = void (*)(const SparseTile&);

template <class V, bool kWide, int L, int... i>
SACCADE_INLINE SparseFunction ChooseSums(int sums, std::integer_sequence<int, i...>) {
  static constexpr SparseFunction kFunctions[] = {SumSparse<V, kWide, L, i + 1>...};
  return kFunctions[sums - 1];
}

template <class V, bool kWide>
SparseFunction ChooseSparse(int reach, int sums) {
  constexpr int kMost = V::template Sparse<kWide>::kMost;
  if (reach == 2) return ChooseSums<V, kWide, 2>(sums, std::make_integer_sequence<int, kMost / 2>{});
  if (reach == 3) return ChooseSums<V, kWide, 3>(sums, std::make_integer_sequence<int, kMost / 3>{});
  return ChooseSums<V, kWide, 1>(sums, std::make_integer_sequence<int, kMost>{});
}

template <class V, bool kWide>
constexpr SparseForm FormOf() {
  using Form = typename V::template Sparse<kWide>;
  return {Form::kMost, Form::kLanes};
}

// The merged lists of output row y and time step t, `merged`. Those of the kernel rows are made as the rows
// come, and are still in the first-level cache when they are used; `listed`: input rows before it have
// theirs.
template <class V>
void MergeRow(const SparseArgs& args, const ListSpace& space, uint8_t* scratch, int y, int t, int listed,
              List merged) {
  const int first = y * args.stride_y, steps = args.width + args.reach - 1;
  const uint8_t* const input = args.input + static_cast<size_t>(t) * args.input_step;
  if (IsDirect(args)) {
    const uint8_t* row = input + static_cast<size_t>(first) * args.tap_row;
    switch (args.window * args.pixel) {
      case 16:
        return MergeRuns<V, 16>(args, row, steps, merged);
      case 32:
        return MergeRuns<V, 32>(args, row, steps, merged);
      default:
        return MergeRuns<V, 0>(args, row, steps, merged);
    }
  }
  const int parts = steps * args.stride_x + args.window;
  List rows[kMostKernelRows];
  for (int ky = 0; ky < args.kernel_height; ky++) {
    const int index = first + ky;
    rows[ky] = space.Row(scratch, t, index);
    if (index < listed) continue;
    ListRow<V>(input + static_cast<size_t>(index) * args.tap_row, args.columns, parts, args.pixel, rows[ky]);
  }
  MergeRows(args, rows, steps, merged);
}

// One block of output channels of one output row, whose merged lists are `lists`, one per time step.
template <class V, bool kWide>
void SumRow(const SparseArgs& args, const List* lists, int y, int block, SparseFunction sum,
            FinishFunction<V> finish) {
  constexpr int kLanes = V::template Sparse<kWide>::kLanes;
  alignas(64) int32_t sums[kSparseSums];
  alignas(64) float state[kSparseSums];
  const Epilogue& out = args.out;
  const bool fires = out.firing == Firing::kOnce && !out.real && !out.residuals;
  const int width = args.width, channel = block * args.sums * kLanes;
  const bool direct = fires && channel + args.sums * kLanes <= args.channels;
  const int most = kSparseSums / (args.sums * kLanes);
  const int tiles = (width + most - 1) / most;
  SparseTile tile{};
  tile.entry_bytes = args.entry_bytes;
  tile.limit = args.limit;
  tile.sums = sums;
  tile.weights = static_cast<const uint8_t*>(args.weights) + static_cast<size_t>(block) * args.block_bytes;
  tile.spike_pixel = out.spike_pixel;
  tile.scale = out.scale + channel;
  tile.bias = out.bias + channel;
  tile.levels = out.levels;
  for (int i = 0; i < tiles; i++) {
    tile.x = static_cast<int>(static_cast<int64_t>(width) * i / tiles);
    tile.pixels = static_cast<int>(static_cast<int64_t>(width) * (i + 1) / tiles) - tile.x;
    const size_t plane = static_cast<size_t>(tile.pixels) * kLanes;
    if (Remembers(out.firing)) {
      for (size_t j = 0; j < plane * static_cast<size_t>(args.sums); j++) state[j] = 0.0f;
    }
    for (int t = 0; t < args.steps; t++) {
      tile.merged = lists[t];
      if (direct) {
        tile.spikes = out.spikes + static_cast<size_t>(t) * out.spike_step +
                      static_cast<size_t>(y) * out.spike_row + static_cast<size_t>(tile.x) * out.spike_pixel +
                      static_cast<size_t>(channel);
        sum(tile);
        continue;
      }
      sum(tile);
      for (int g = 0; g < args.sums && channel + g * kLanes < args.channels; g++) {
        finish(out, args.channels, Place{tile.x, y, t, channel + g * kLanes}, tile.pixels,
               sums + static_cast<size_t>(g) * plane, state + static_cast<size_t>(g) * plane);
      }
    }
  }
}

// A block of output channels belongs to the part that has its first channel.
template <class V, bool kWide>
void SparseConv(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  using Form = typename V::template Sparse<kWide>;
  const FinishFunction<V> finish = ChooseFinish<V, Form::kLanes / V::kLanes>(args.out);
  const SparseFunction sum = ChooseSparse<V, kWide>(args.reach, args.sums);
  const ListSpace space(args);
  const int block_channels = args.sums * Form::kLanes;
  List lists[ListSpace::kMostLists];
  int listed = 0;
  for (int y = part.row_begin; y < part.row_end;) {
    // Lists of as many rows as fit, then their sums.
    const int begin = y;
    int count = 0;
    size_t entries = 0;
    do {
      for (int t = 0; t < args.steps; t++) {
        List& list = lists[count] = space.Merged(scratch, count, entries);
        MergeRow<V>(args, space, scratch, y, t, listed, list);
        entries += list.start[args.width + args.reach - 1];
        count++;
      }
      listed = y * args.stride_y + args.kernel_height;
      y++;
    } while (y < part.row_end && space.Fits(count, entries));
    for (int block = 0; block < args.blocks; block++) {
      const int channel = block * block_channels;
      if (channel < part.block_begin * args.part_channels || channel >= part.block_end * args.part_channels)
        continue;
      for (int row = begin; row < y; row++)
        SumRow<V, kWide>(args, lists + (row - begin) * args.steps, row, block, sum, finish);
    }
  }
}

}  // namespace
}  // namespace saccade::kernels
