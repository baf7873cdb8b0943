// A thread that the system may refuse. std::thread would throw, which ends a process that is built without
// exceptions.
#pragma once

#include <pthread.h>
#include <sched.h>

namespace saccade::engine {

class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() { Join(); }

  // Calls function(context) on a new thread; once. False when the system gives none: a limit on threads or
  // memory (EAGAIN).
  template <class Context, void (Context::*kFunction)()>
  bool Start(Context* context) {
    const auto enter = [](void* object) -> void* {
      (static_cast<Context*>(object)->*kFunction)();
      return nullptr;
    };
    started_ = pthread_create(&thread_, nullptr, enter, context) == 0;
    return started_;
  }

  // Waits for its end; nothing where it was not started.
  void Join() {
    if (started_) pthread_join(thread_, nullptr);
    started_ = false;
  }
  bool started() const { return started_; }

#if defined(__linux__)
  // Where it may run from now on.
  void MoveTo(const cpu_set_t& processors) {
    pthread_setaffinity_np(thread_, sizeof processors, &processors);
  }
#endif

 private:
  pthread_t thread_{};
  bool started_ = false;
};

}  // namespace saccade::engine
