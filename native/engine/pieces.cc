#include "engine/pieces.h"

#include <algorithm>

#include "engine/ready.h"

namespace saccade::engine {

using kernels::Part;

namespace {

constexpr int kSmallMap = 20;                     // rows
constexpr size_t kCoreWeights = size_t{1} << 18;  // what a core's own cache keeps beside the maps

uint64_t FirstBits(int count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

// Rows [begin, end) of the step before that rows of this one read.
struct Rows {
  int begin, end;
};
Rows RowsRead(const Previous& previous, const Part& part) {
  Rows rows{previous.rows, 0};
  const auto include = [&](int begin, int end) {
    rows.begin = std::max(0, std::min(rows.begin, begin));
    rows.end = std::min(previous.rows, std::max(rows.end, end));
  };
  if (previous.beside) include(part.row_begin, part.row_end);
  if (previous.input) {
    const int top = part.row_begin * previous.stride - previous.pad;
    const int last = (part.row_end - 1) * previous.stride - previous.pad + previous.kernel - 1;
    include(top / previous.factor, last / previous.factor + 1);
  }
  return rows;
}

}  // namespace

Split SplitRows(int threads, int rows) {
  // About two pieces per thread even out what threads lose to other work, and pictures that are busy in
  // places.
  const int wanted = threads == 1 ? 1 : std::min(std::max(4, 2 * threads), Flow::kMostPieces);
  return {std::min(rows, wanted), false};
}

Split SplitWork(int threads, int rows, int blocks, size_t weight_bytes) {
  const Split split = SplitRows(threads, rows);
  if (threads == 1 || rows > kSmallMap || blocks < threads || weight_bytes <= kCoreWeights) return split;
  return {std::min(blocks, std::max(split.pieces, std::min(2 * threads, Flow::kMostPieces))), true};
}

Part PartOf(const Split& split, int index, int rows, int blocks) {
  const auto cut = [&](int total, int i) {
    return static_cast<int>(static_cast<int64_t>(total) * i / split.pieces);
  };
  if (split.by_blocks) return {0, rows, cut(blocks, index), cut(blocks, index + 1)};
  return {cut(rows, index), cut(rows, index + 1), 0, blocks};
}

void Network::CutPieces() {
  counts_.assign(arena_.tensors(), {});
  CountIn(input_);
  std::vector<uint64_t> all;
  Split before{0, true};
  pieces_.clear();
  first_piece_ = {0};
  for (size_t i = 0; i < steps_.size(); i++) {
    const Ready& ready = steps_[i];
    const Split split = SplitWork(pool_.threads(), ready.rows, ready.blocks, ready.conv.weights.bytes());
    for (int index = 0; index < split.pieces; index++) {
      const Part part = PartOf(split, index, ready.rows, ready.blocks);
      uint64_t needs = 0;
      // Sums of binary convolutions share one buffer: those steps follow each other.
      if (options_.form == Form::kBinary ||
          (before.by_blocks && (ready.previous.input || ready.previous.beside))) {
        needs = FirstBits(before.pieces);
      } else {
        const Rows rows = RowsRead(ready.previous, part);
        for (int piece = 0; piece < before.pieces; piece++) {
          const Part other = PartOf(before, piece, ready.previous.rows, 1);
          if (other.row_begin < rows.end && rows.begin < other.row_end) needs |= uint64_t{1} << piece;
        }
      }
      pieces_.push_back({static_cast<int>(i), uint64_t{1} << index, needs, part});
    }
    // Pieces of channels see no whole row.
    if (ready.spikes >= 0 && !split.by_blocks) CountIn(ready.spikes);
    first_piece_.push_back(pieces_.size());
    all.push_back(FirstBits(split.pieces));
    before = split;
  }
  flow_.Prepare(all);
}

void Network::CountIn(int tensor) {
  if (options_.form != Form::kAuto || !table_.nonzeros) return;
  const Layout& layout = arena_.At(tensor);
  counts_[static_cast<size_t>(tensor)].assign(static_cast<size_t>(layout.steps * layout.height), 0);
}

}  // namespace saccade::engine
