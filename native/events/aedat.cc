#include "events/aedat.h"

namespace saccade::events {

namespace {

constexpr int64_t kMostTime = int64_t{1} << 53;

struct Word {
  int64_t t;
  uint32_t x, y;
  uint8_t p;
  bool event;
};

inline uint32_t BigEndian(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

template <AedatKind kKind>
inline Word Read(const uint8_t* bytes, const Sensor& sensor, StampClock& clock) {
  if constexpr (kKind == AedatKind::kLibcaer) {
    const uint32_t word = Load<uint32_t>(bytes);
    const int64_t t = clock.Next(Load<uint32_t>(bytes + 4) << 1) >> 1;
    return {t, word >> 17, word >> 2 & 0x7FFF, static_cast<uint8_t>(word >> 1 & 1), (word & 1) != 0};
  } else {
    const uint32_t word = BigEndian(bytes);
    const int64_t t = clock.Next(BigEndian(bytes + 4));
    if constexpr (kKind == AedatKind::kDvs128) {
      return {t, 127 - (word >> 1 & 0x7F), word >> 8 & 0x7F, static_cast<uint8_t>(~word & 1),
              (word & 0x8000) == 0};
    } else {
      const uint32_t up = word >> 22 & 0x1FF;
      // Above the top edge it becomes a row that no sensor has.
      const uint32_t y = sensor.height == 0 ? up : sensor.height - 1 - up;
      return {t, word >> 12 & 0x3FF, y, static_cast<uint8_t>(word >> 11 & 1), (word & 0x80000400) == 0};
    }
  }
}

template <AedatKind kKind>
size_t RunKind(AedatDecoder& decoder, const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const Sensor sensor = decoder.sensor;
  const uint32_t width = sensor.width != 0 ? sensor.width : 0x10000;
  const uint32_t height = sensor.width != 0 ? sensor.height : 0x10000;
  size_t i = 0;
  for (; i < count; i++) {
    StampClock clock = decoder.state.clock;
    const Word word = Read<kKind>(bytes + i * kAedatWord, sensor, clock);
    const int64_t position = decoder.state.position + static_cast<int64_t>(i * kAedatWord);
    if (!word.event) {
      report.Count(Fault::kOther, position);
    } else if (word.x >= width || word.y >= height) {
      report.Count(Fault::kOutOfRange, position);
    } else {
      if (!Fits(packet, word.t)) break;
      Append(packet, word.t, static_cast<uint16_t>(word.x), static_cast<uint16_t>(word.y), word.p);
    }
    decoder.state.clock = clock;
  }
  decoder.state.position += static_cast<int64_t>(i * kAedatWord);
  return i;
}

}  // namespace

size_t Aedat4Decoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  // Negative coordinates are those from 0x8000 on.
  const uint32_t width = sensor.width != 0 ? std::min(sensor.width, 0x8000u) : 0x8000;
  const uint32_t height = sensor.width != 0 ? std::min(sensor.height, 0x8000u) : 0x8000;
  // A copy: stores of p could change the packet as far as the compiler knows.
  Packet out = packet;
  const int64_t origin = state.origin;
  size_t i = 0;
  for (; i < count; i++) {
    const uint8_t* event = bytes + i * kAedat4Event;
    const int64_t raw = Load<int64_t>(event);
    const uint16_t x = Load<uint16_t>(event + 8), y = Load<uint16_t>(event + 10);
    if (x >= width || y >= height || raw < 0 || raw > kMostTime - origin) {
      report.Count(Fault::kOutOfRange, state.position + static_cast<int64_t>(i * kAedat4Event));
      continue;
    }
    const int64_t t = raw + origin;
    if (!Fits(out, t)) break;
    Append(out, t, x, y, event[12] != 0);
  }
  packet.length = out.length;
  packet.t0 = out.t0;
  state.position += static_cast<int64_t>(i * kAedat4Event);
  return i;
}

Encoded Aedat4Encoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  for (; *at < to; ++*at) {
    if (out.room() < kAedat4Event) return Encoded::kFull;
    const uint32_t i = *at;
    if (!Inside(packet.x[i], packet.y[i])) return Encoded::kCoordinate;
    const int64_t t = packet.t0 + packet.t[i] - origin_;
    // Nor what the decoder would take for damage.
    if (t < 0 || t > kMostTime - origin_) return Encoded::kStamp;
    out.Put(t);
    out.Put(packet.x[i]);
    out.Put(packet.y[i]);
    out.Put(uint32_t{packet.p[i] != 0});
  }
  return Encoded::kAll;
}

size_t AedatDecoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  switch (kind) {
    case AedatKind::kDavis:
      return RunKind<AedatKind::kDavis>(*this, bytes, count, packet, report);
    case AedatKind::kLibcaer:
      return RunKind<AedatKind::kLibcaer>(*this, bytes, count, packet, report);
    default:
      return RunKind<AedatKind::kDvs128>(*this, bytes, count, packet, report);
  }
}

}  // namespace saccade::events
