// Events of one instant and row: the set bits of a mask, as EVT2.1 words and EVT3 vectors have them.
#pragma once

#include <array>
#include <bit>

#include "events/packet.h"

namespace saccade::events {

namespace columns {

// For each byte the places of its set bits, lowest first; the rest of the eight is written over by what
// follows.
struct Table {
  uint16_t places[256][8] = {};
  uint8_t count[256] = {};
};

constexpr Table MakeTable() {
  Table table;
  for (int byte = 0; byte < 256; byte++) {
    for (uint16_t bit = 0; bit < 8; bit++) {
      if (byte >> bit & 1) table.places[byte][table.count[byte]++] = bit;
    }
  }
  return table;
}

inline constexpr Table kTable = MakeTable();

}  // namespace columns

// Room that PutMask needs behind the packet's last event: it writes whole rows of eight.
constexpr uint32_t kMaskRoom = 40;

// Appends an event at x + i for each set bit i of the mask, lowest first, with the offset `t` from the
// packet's t0. Written so that a compiler makes five stores of eight events of it, and no branch.
inline void PutMask(Packet& packet, uint32_t mask, uint32_t x, uint32_t y, uint32_t t, uint8_t p) {
  uint32_t n = packet.length;
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    const uint32_t byte = mask >> shift & 0xFF;
    const uint16_t* __restrict places = columns::kTable.places[byte];
    uint32_t* __restrict ts = packet.t + n;
    uint16_t* __restrict xs = packet.x + n;
    uint16_t* __restrict ys = packet.y + n;
    uint8_t* __restrict ps = packet.p + n;
    const uint16_t left = static_cast<uint16_t>(x + shift);
    for (int k = 0; k < 8; k++) xs[k] = static_cast<uint16_t>(left + places[k]);
    for (int k = 0; k < 8; k++) ys[k] = static_cast<uint16_t>(y);
    for (int k = 0; k < 8; k++) ts[k] = t;
    for (int k = 0; k < 8; k++) ps[k] = p;
    n += columns::kTable.count[byte];
  }
  packet.length = n;
}

// The same one by one, as far as there is room; returns the bits that found none.
inline uint32_t PutMaskSlowly(Packet& packet, uint32_t mask, uint32_t x, uint32_t y, uint32_t t, uint8_t p) {
  for (; mask != 0 && packet.length < packet.capacity; mask &= mask - 1) {
    const uint32_t i = packet.length++;
    packet.t[i] = t;
    packet.x[i] = static_cast<uint16_t>(x + static_cast<uint32_t>(std::countr_zero(mask)));
    packet.y[i] = static_cast<uint16_t>(y);
    packet.p[i] = p;
  }
  return mask;
}

// The lowest `count` bits.
inline uint32_t LowBits(uint32_t count) {
  return count >= 32 ? 0xFFFFFFFFu : (1u << count) - 1;
}

}  // namespace saccade::events
