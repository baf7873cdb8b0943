// What the parts of the program for hostile input share (../hostile.cc): random numbers, memory without a
// byte to spare, promises. A part makes one random input, checks what becomes of it and returns how much was
// made of it; to add one: a file here, a line below and one in main().
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "events/packet.h"

namespace saccade::hostile {

size_t Decoders();
size_t Encoders();
size_t Edvs();
size_t Caer();
size_t Lz4();
size_t Ecf();
size_t Filters();
size_t RateLimits();
size_t Windows();
size_t Heads();

inline std::mt19937 random_engine;

inline uint32_t Random() {
  return random_engine();
}
inline int Random(int low, int high) {
  return low + static_cast<int>(Random() % static_cast<uint32_t>(high - low + 1));
}
inline bool OneIn(int n) {
  return Random(1, n) == 1;
}

inline void Expect(bool holds, const char* promise) {
  if (holds) return;
  std::printf("broken: %s\n", promise);
  std::exit(1);
}

// Exactly as long as asked for, so that one byte further is an error.
struct Bytes {
  explicit Bytes(size_t bytes) : data(new uint8_t[bytes]), size(bytes) {}
  std::unique_ptr<uint8_t[]> data;
  size_t size;
};

using Event = std::tuple<int64_t, uint16_t, uint16_t, uint8_t>;

struct Taken {
  Bytes memory;
  events::Packet packet;
  std::vector<Event> events;
  explicit Taken(int capacity) : memory(static_cast<size_t>(capacity) * events::kBytesPerEvent) {
    packet = events::ViewOf(memory.data.get(), memory.size);
  }
  void HandOn() {
    for (uint32_t i = 0; i < packet.length; i++) {
      events.emplace_back(packet.t0 + packet.t[i], packet.x[i], packet.y[i], packet.p[i]);
    }
    packet.length = 0;
  }
};

}  // namespace saccade::hostile
