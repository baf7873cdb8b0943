// ECF, the packing of chunks of events in Prophesee's HDF5 files (filter 36559). A chunk is
//   uint32       count << 2 | yxp_packed << 1 | xp_packed, count at most 65,535
//   uint64       t, the first stamp less its first delta, µs
//   time runs    byte delta << 4 | run: run events that much later; run 15 is in the next uint16. Delta 15
//   means that its run
//                is a nibble of a long delta, lowest first; the first byte with another delta ends it, adds
//                its own and has a run
//   packed       groups of four events in three uint32 of 24-bit values y << 12 | x << 1 | p
//   otherwise    runs of rows, uint16 y << 5 | run, 31 in the next uint16; then either groups of four events
//   in three uint16 of
//                12-bit values x << 1 | p, or uint16 x << 5 | five bits of neighbours to the right, and runs
//                of polarity, byte p << 7 | run, 127 in the next uint16
// The last group of four is padded. Words are little-endian and lie at any byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saccade::events {

// Where decoded events go: absolute µs, and pixels of at most 12 bits.
struct EcfEvents {
  double* t;
  uint16_t* x;
  uint16_t* y;
  uint8_t* p;
  size_t capacity;
};

// Returns the number of events, -1 when the chunk is broken or holds more than there is room for.
int64_t DecodeEcf(const uint8_t* chunk, size_t size, const EcfEvents& out);

}  // namespace saccade::events
