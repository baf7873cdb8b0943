// Hostile input for the code that meets it first, for a build with sanitizers: decoders, encoders, codecs,
// filters, windows and head decoding get random bytes, sizes, cuts and values in buffers without a byte to
// spare, and must keep their promises.
//   hostile [seconds per part, default 2] [seed, default 1]; HOSTILE_TRACE=1 prints every input's seed
#include "hostile/hostile.h"

#include <chrono>

using namespace saccade::hostile;

namespace {

void Repeat(const char* name, const char* what, double seconds, uint32_t seed, size_t (*part)()) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  size_t inputs = 0, made = 0;
  while (Clock::now() < end) {
    // Each input has its own seed; the last one printed is that of the failure.
    random_engine.seed(seed + static_cast<uint32_t>(inputs));
    if (std::getenv("HOSTILE_TRACE")) std::fprintf(stderr, "%s %zu\n", name, seed + inputs);
    made += part();
    inputs++;
  }
  std::printf("%s: %zu inputs, %zu %s\n", name, inputs, made, what);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const uint32_t seed = argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 1;
  Repeat("decoders", "events", seconds, seed, Decoders);
  Repeat("encoders", "events", seconds, seed, Encoders);
  Repeat("edvs", "events", seconds, seed, Edvs);
  Repeat("libcaer", "events", seconds, seed, Caer);
  Repeat("ecf", "events", seconds, seed, Ecf);
  Repeat("lz4", "bytes", seconds, seed, Lz4);
  Repeat("filters", "events", seconds, seed, Filters);
  Repeat("rate limits", "events", seconds, seed, RateLimits);
  Repeat("windows", "events", seconds, seed, Windows);
  Repeat("heads", "boxes", seconds, seed, Heads);
  return 0;
}
