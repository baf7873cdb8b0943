#include "events/dat.h"

#include <cstring>

namespace saccade::events {

namespace {

// Byte order: every supported target is little-endian (x64, arm64), and so is DAT.
inline uint32_t Word(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

struct Pixel {
  uint16_t x, y;
  uint8_t p;
};

template <int kVersion>
inline Pixel Unpack(uint32_t word) {
  if constexpr (kVersion == 1) {
    return {static_cast<uint16_t>(word & 0x1FF), static_cast<uint16_t>(word >> 9 & 0xFF),
            static_cast<uint8_t>(word >> 17 & 1)};
  } else {
    return {static_cast<uint16_t>(word & 0x3FFF), static_cast<uint16_t>(word >> 14 & 0x3FFF),
            static_cast<uint8_t>(word >> 28 & 1)};
  }
}

// One record. False, with the decoder as it was, when the packet has no room for it.
template <int kVersion>
inline bool Take(DatDecoder& decoder, const uint8_t* record, Packet& packet) {
  StampClock clock = decoder.clock;
  const int64_t t = clock.Next(Word(record));
  const Pixel pixel = Unpack<kVersion>(Word(record + 4));
  if (decoder.width != 0 && (pixel.x >= decoder.width || pixel.y >= decoder.height)) {
    decoder.out_of_range++;
  } else {
    if (!Fits(packet, t)) return false;
    Append(packet, t, pixel.x, pixel.y, pixel.p);
  }
  decoder.clock = clock;
  return true;
}

template <int kVersion>
size_t DecodeVersion(DatDecoder& decoder, const uint8_t* bytes, size_t size, Packet& packet) {
  size_t used = 0;
  if (decoder.tail_length > 0) {
    const size_t missing = kDatRecord - decoder.tail_length;
    const size_t taken = size < missing ? size : missing;
    std::memcpy(decoder.tail + decoder.tail_length, bytes, taken);
    if (taken < missing) {
      decoder.tail_length += static_cast<uint32_t>(taken);
      return size;
    }
    if (!Take<kVersion>(decoder, decoder.tail, packet)) return 0;
    decoder.tail_length = 0;
    used = taken;
  }
  for (; size - used >= kDatRecord; used += kDatRecord) {
    if (!Take<kVersion>(decoder, bytes + used, packet)) return used;
  }
  decoder.tail_length = static_cast<uint32_t>(size - used);
  std::memcpy(decoder.tail, bytes + used, decoder.tail_length);
  return size;
}

}  // namespace

size_t Decode(DatDecoder& decoder, const uint8_t* bytes, size_t size, Packet& packet) {
  if (size == 0) return 0;
  return decoder.version == 1 ? DecodeVersion<1>(decoder, bytes, size, packet)
                              : DecodeVersion<2>(decoder, bytes, size, packet);
}

uint32_t Encode(DatEncoder& encoder, const Packet& packet, uint8_t* out, DatError* error) {
  *error = DatError::kNone;
  for (uint32_t i = 0; i < packet.length; i++, out += kDatRecord) {
    const int64_t t = packet.t0 + packet.t[i] - encoder.origin;
    if (packet.x[i] >= encoder.width || packet.y[i] >= encoder.height) {
      *error = DatError::kCoordinate;
      return i;
    }
    StampClock clock = encoder.clock;
    const uint32_t raw = static_cast<uint32_t>(t);
    if (clock.Next(raw) != t) {
      *error = DatError::kStamp;
      return i;
    }
    encoder.clock = clock;
    const uint32_t word = packet.x[i] | static_cast<uint32_t>(packet.y[i]) << 14 |
                          static_cast<uint32_t>(packet.p[i] != 0) << 28;
    std::memcpy(out, &raw, 4);
    std::memcpy(out + 4, &word, 4);
  }
  return packet.length;
}

}  // namespace saccade::events
