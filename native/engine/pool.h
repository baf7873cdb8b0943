// Threads that share the chunks of one job at a time. The caller works too; with one thread there is no
// other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/thread.h"

namespace saccade::engine {

class Pool {
 public:
  Pool() = default;
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Starts threads - 1 workers; once. False when the system refused one: those that it gave work on.
  bool Start(int threads);

  using Work = void (*)(void* context, int chunk, int thread);

  // Calls work(context, 0..chunks-1, thread), each chunk once, and returns when all are done; `thread` is
  // 0..threads()-1, the caller's 0. chunks < 2^20.
  void Run(int chunks, Work work, void* context);

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

 private:
  void Worker();
  bool Claim(uint64_t ticket, int thread);
  void WakeParked();
  void KeepAway();

  // generation << 40 | chunks << 20 | next chunk. Everything that decides a claim is in the one word that the
  // claim exchanges, so a worker that comes late cannot take a chunk of a newer job.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<int> remaining_{0};
  std::atomic<Work> work_{nullptr};
  std::atomic<void*> context_{nullptr};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int> next_thread_{1};
  std::atomic<int> parked_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Thread>> workers_;
#if defined(__linux__)
  cpu_set_t processors_{};  // that the process may use; none where that is not known
#endif
  int avoided_ = -1;  // processor of the caller when workers were last moved
};

}  // namespace saccade::engine
