#include "engine/pool.h"

#include <thread>

#include "engine/spin.h"

namespace saccade::engine {

namespace {

constexpr uint64_t kMostChunks = 0xfffff;

uint32_t Generation(uint64_t ticket) {
  return static_cast<uint32_t>(ticket >> 40);
}
int Chunks(uint64_t ticket) {
  return static_cast<int>(ticket >> 20 & kMostChunks);
}
int Next(uint64_t ticket) {
  return static_cast<int>(ticket & kMostChunks);
}

}  // namespace

bool Pool::Start(int threads) {
#if defined(__linux__)
  if (sched_getaffinity(0, sizeof processors_, &processors_) != 0) CPU_ZERO(&processors_);
#endif
  for (int i = 1; i < threads; i++) {
    auto worker = std::make_unique<Thread>();
    if (!worker->Start<Pool, &Pool::Worker>(this)) return false;
    workers_.push_back(std::move(worker));
  }
  return true;
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  for (const auto& worker : workers_) worker->Join();
}

void Pool::Run(int chunks, Work work, void* context) {
  if (workers_.empty() || chunks < 2) {
    for (int i = 0; i < chunks; i++) work(context, i, 0);
    return;
  }
  work_.store(work, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  remaining_.store(chunks, std::memory_order_relaxed);
  const uint64_t generation = Generation(ticket_.load(std::memory_order_relaxed)) + uint64_t{1};
  // seq_cst against parked_: either this sees a parked worker or that worker sees this ticket.
  ticket_.store((generation << 40) | (static_cast<uint64_t>(chunks) << 20));
  if (parked_.load() > 0) WakeParked();

  while (Claim(ticket_.load(std::memory_order_acquire), 0)) {
  }
  const auto done = [this] { return remaining_.load(std::memory_order_acquire) == 0; };
  // A worker that lost its core holds a chunk: give it the core back.
  while (!SpinUntil(done)) std::this_thread::yield();
}

// Takes and does one chunk of the job in `ticket`. False when none is left.
bool Pool::Claim(uint64_t ticket, int thread) {
  while (Next(ticket) < Chunks(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) continue;
    // The job cannot change before this chunk is counted off.
    work_.load(std::memory_order_relaxed)(context_.load(std::memory_order_relaxed), Next(ticket), thread);
    remaining_.fetch_sub(1, std::memory_order_acq_rel);
    return true;
  }
  return false;
}

// Workers may run anywhere but on the caller's processor. A virtual machine's idle processors count as taken,
// and Linux wakes a thread beside its waker then, where it waits for the waker's time to be over: two threads
// took as long as one whenever they had been parked (1.0 to 1.2 times as fast; with this 1.9).
void Pool::KeepAway() {
#if defined(__linux__)
  const int caller = sched_getcpu();
  if (caller < 0 || caller == avoided_ || CPU_COUNT(&processors_) < 2) return;
  cpu_set_t others = processors_;
  CPU_CLR(static_cast<size_t>(caller), &others);
  for (const auto& worker : workers_) worker->MoveTo(others);
  avoided_ = caller;
#endif
}

void Pool::WakeParked() {
  KeepAway();
  std::lock_guard lock(mutex_);
  wake_.notify_all();
}

void Pool::Worker() {
  const int thread = next_thread_.fetch_add(1);
  const auto work_is_there = [this] {
    const uint64_t ticket = ticket_.load(std::memory_order_acquire);
    return Next(ticket) < Chunks(ticket) || stop_.load(std::memory_order_relaxed);
  };
  while (!stop_.load()) {
    if (Claim(ticket_.load(std::memory_order_acquire), thread)) continue;
    if (SpinUntil(work_is_there)) continue;
    std::unique_lock lock(mutex_);
    parked_.fetch_add(1);
    wake_.wait(lock, [this] {
      const uint64_t ticket = ticket_.load();
      return Next(ticket) < Chunks(ticket) || stop_.load();
    });
    parked_.fetch_sub(1);
  }
}

}  // namespace saccade::engine
