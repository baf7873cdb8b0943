// The order in which pieces of steps may run. Threads do not meet between steps: a piece waits only for the
// rows of the step before that it reads, and for all steps before that one (the arena keeps maps one step
// longer than they are read). A core that is slow for a while thus delays the others by one piece, not once
// per layer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/args.h"

namespace saccade::engine {

// What a thread does at a time.
struct Piece {
  int step;
  uint64_t bit;    // of the step's pieces, this one
  uint64_t needs;  // pieces of the step before
  kernels::Part part;
};

class Flow {
 public:
  static constexpr int kMostPieces = 64;  // of a step

  // Gives every step its set of pieces; `all[i]` has the bits of step i.
  void Prepare(const std::vector<uint64_t>& all);

  // Steps [begin, end) are to be done, those before are. Before any thread asks.
  void Begin(int begin, int end);
  // Returns when the piece may run. Pieces must be taken in the order of the steps: then the first that is
  // not done never waits.
  void Await(const Piece& piece) const;
  void Done(const Piece& piece);

 private:
  bool Whole(int step) const {
    return done_[static_cast<size_t>(step)].load() == all_[static_cast<size_t>(step)];
  }

  std::vector<uint64_t> all_;
  std::unique_ptr<std::atomic<uint64_t>[]> done_;
  std::atomic<int> whole_{0};  // steps at the beginning of which all pieces are done
  int end_ = 0;
};

}  // namespace saccade::engine
