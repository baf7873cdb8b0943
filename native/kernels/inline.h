// Tools of the kernel headers. Kernel units must not emit weak symbols (a linker keeps one copy for the whole
// program, possibly one with instructions this machine lacks), so everything in a kernel header lives in an
// unnamed namespace and nothing of std:: with a body out of line is used.
#pragma once

#include <utility>

#define SACCADE_INLINE inline __attribute__((always_inline))
#define SACCADE_LAMBDA __attribute__((always_inline))

namespace saccade::kernels {
namespace {

template <int N>
struct Index {
  static constexpr int value = N;
  constexpr operator int() const { return N; }
};

// Calls f(Index<0>), f(Index<1>), ... Unrolled in the front end: gcc 12 unrolls counted loops after it has
// split arrays into registers, and accumulators would then live in memory.
template <class F, int... i>
SACCADE_INLINE void UnrollOver(F&& f, std::integer_sequence<int, i...>) {
  (f(Index<i>{}), ...);
}
template <int N, class F>
SACCADE_INLINE void Unroll(F&& f) {
  UnrollOver(f, std::make_integer_sequence<int, N>{});
}

}  // namespace
}  // namespace saccade::kernels
