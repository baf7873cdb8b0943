// N-MNIST and N-Caltech101 (.bin): 5 bytes, x, y, then big-endian ON (1 bit) and t (23 bits, µs). A record
// with y = 240 is none: it adds 2^13 µs to all that follow.
#pragma once

#include "events/stream.h"

namespace saccade::events {

constexpr size_t kNmnistRecord = 5;

struct NmnistDecoder {
  Sensor sensor;
  struct State {
    Cut<kNmnistRecord> cut;
    int64_t position = 0;
    int64_t epoch = 0;
  } state;

  bool Sound() const { return state.epoch >= 0 && state.epoch <= (int64_t{1} << 53); }
  size_t Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report);
  void Follow(int64_t) {}
};

}  // namespace saccade::events
