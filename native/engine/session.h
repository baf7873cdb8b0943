// A network with its own thread: one run at a time, told when it is over.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "detect/detector.h"
#include "engine/network.h"
#include "engine/thread.h"

namespace saccade::engine {

// Everything of one run belongs to the caller and stays where it is until `done` was called.
struct Job {
  const uint8_t* frame;  // frame_bytes()
  float* rows;           // RowFloats() of the detector
  const Probe* probe;    // or null
};

struct Result {
  Outcome outcome;
  int boxes;
};

class Session {
 public:
  // `done` is called on the session's thread, once per Start.
  using Done = void (*)(void* context, const Result& result);

  // `strides` holds one per output of the plan. Null and one sentence when the plan is not usable.
  static std::unique_ptr<Session> Open(const Plan& plan, const detect::Settings& settings,
                                       const std::vector<float>& strides, const kernels::Table& table,
                                       const LoadOptions& options, Done done, void* context,
                                       std::string* error);
  // Stops a run between two steps and waits for the thread.
  ~Session();

  // Starts the session's thread and threads - 1 that help it; once, before the first Start. False when the
  // system refused one: the session is of no use then.
  bool StartThreads(int threads);
  // The run before must be over.
  void Start(const Job& job);
  // Stops the current run between two steps; `done` is still called.
  void Abort() { abort_.store(true, std::memory_order_relaxed); }

  const Network& network() const { return *network_; }
  const detect::Detector& detector() const { return detector_; }

 private:
  Session(std::unique_ptr<Network> network, Done done, void* context);
  void Loop();
  Result RunJob();

  std::unique_ptr<Network> network_;
  detect::Detector detector_;
  std::vector<detect::HeadMap> heads_;
  const Done done_;
  void* const context_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Job job_{};
  bool waiting_ = false;  // a job is there
  bool stop_ = false;
  std::atomic<bool> abort_{false};
  Thread thread_;
};

}  // namespace saccade::engine
