// Waiting for another thread without leaving the core.
#pragma once

#include <chrono>

namespace saccade::engine {

// Waking a parked thread takes 20..75 us, a spinning one 1 us, a layer some 100 us: spin through a frame,
// park between frames.
constexpr std::chrono::microseconds kSpin{50};

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Calls ready() until it is true or the spinning time is over; false then.
template <class Ready>
bool SpinUntil(Ready ready) {
  if (ready()) return true;
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; i++) {
      if (ready()) return true;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

}  // namespace saccade::engine
