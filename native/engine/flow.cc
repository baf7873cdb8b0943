#include "engine/flow.h"

#include <thread>

#include "engine/spin.h"

namespace saccade::engine {

void Flow::Prepare(const std::vector<uint64_t>& all) {
  all_ = all;
  done_ = std::make_unique<std::atomic<uint64_t>[]>(all.size());
}

void Flow::Begin(int begin, int end) {
  for (int step = begin; step < end; step++)
    done_[static_cast<size_t>(step)].store(0, std::memory_order_relaxed);
  whole_.store(begin, std::memory_order_relaxed);
  end_ = end;
}

void Flow::Await(const Piece& piece) const {
  const auto ready = [&] {
    if (whole_.load(std::memory_order_acquire) >= piece.step) return true;
    if (whole_.load(std::memory_order_acquire) < piece.step - 1) return false;
    const uint64_t done = done_[static_cast<size_t>(piece.step - 1)].load(std::memory_order_acquire);
    return (done & piece.needs) == piece.needs;
  };
  // A thread that lost its core holds a piece: give it the core back.
  while (!SpinUntil(ready)) std::this_thread::yield();
}

void Flow::Done(const Piece& piece) {
  const size_t step = static_cast<size_t>(piece.step);
  // All of this seq_cst: of two threads that end the last pieces of two steps one sees the other's.
  if ((done_[step].fetch_or(piece.bit) | piece.bit) != all_[step]) return;
  for (int whole = whole_.load(); whole < end_ && Whole(whole);) {
    if (whole_.compare_exchange_weak(whole, whole + 1)) whole++;
  }
}

}  // namespace saccade::engine
