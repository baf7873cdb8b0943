// A view of an EventPacket's arrays (pipeline/events/packet.ts): one allocation of 9 bytes per event, arrays
// one after the other in the order t, x, y, p.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saccade::events {

struct Packet {
  uint32_t* t;  // offsets from t0, µs
  uint16_t* x;
  uint16_t* y;
  uint8_t* p;  // 0 OFF, 1 ON
  uint32_t capacity;
  uint32_t length;
  int64_t t0;  // absolute µs
};

constexpr size_t kBytesPerEvent = 9;

// `length` and `t0` are the caller's to set.
inline Packet ViewOf(uint8_t* data, size_t bytes) {
  const size_t capacity = bytes / kBytesPerEvent;
  Packet packet;
  packet.t = reinterpret_cast<uint32_t*>(data);
  packet.x = reinterpret_cast<uint16_t*>(data + capacity * 4);
  packet.y = reinterpret_cast<uint16_t*>(data + capacity * 6);
  packet.p = data + capacity * 8;
  packet.capacity = static_cast<uint32_t>(capacity);
  packet.length = 0;
  packet.t0 = 0;
  return packet;
}

// Room for an event with stamp t: the packet is not full and t lies in [t0, t0 + 2^32). An empty packet takes
// any.
inline bool Fits(const Packet& packet, int64_t t) {
  if (packet.length == packet.capacity) return false;
  if (packet.length == 0) return true;
  return t >= packet.t0 && t - packet.t0 <= 0xFFFFFFFFll;
}

inline void Append(Packet& packet, int64_t t, uint16_t x, uint16_t y, uint8_t p) {
  if (packet.length == 0) packet.t0 = t;
  const uint32_t i = packet.length++;
  packet.t[i] = static_cast<uint32_t>(t - packet.t0);
  packet.x[i] = x;
  packet.y[i] = y;
  packet.p[i] = p;
}

}  // namespace saccade::events
