#include "events/dat.h"

namespace saccade::events {

namespace {

struct Pixel {
  uint16_t x, y;
  uint8_t p;
};

template <DatKind kKind>
inline Pixel Unpack(uint32_t word) {
  if constexpr (kKind == DatKind::kV1) {
    return {static_cast<uint16_t>(word & 0x1FF), static_cast<uint16_t>(word >> 9 & 0xFF),
            static_cast<uint8_t>(word >> 17 & 1)};
  } else {
    return {static_cast<uint16_t>(word & 0x3FFF), static_cast<uint16_t>(word >> 14 & 0x3FFF),
            static_cast<uint8_t>(word >> 28 & 1)};
  }
}

// One record. False, with the decoder as it was, when the packet has no room for it.
template <DatKind kKind>
inline bool Take(DatDecoder& decoder, const uint8_t* record, int64_t position, Packet& packet,
                 Report& report) {
  StampClock clock = decoder.state.clock;
  const int64_t t = clock.Next(Load<uint32_t>(record));
  const uint32_t word = Load<uint32_t>(record + 4);
  if constexpr (kKind == DatKind::kTriggers) {
    if (!report.Add({t, word >> 26, word & 1})) return false;
  } else {
    const Pixel pixel = Unpack<kKind>(word);
    if (decoder.sensor.width != 0 && (pixel.x >= decoder.sensor.width || pixel.y >= decoder.sensor.height)) {
      report.Count(Fault::kOutOfRange, position);
    } else {
      if (!Fits(packet, t)) return false;
      Append(packet, t, pixel.x, pixel.y, pixel.p);
    }
  }
  decoder.state.clock = clock;
  return true;
}

template <DatKind kKind>
size_t RunKind(DatDecoder& decoder, const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const int64_t position = decoder.state.position;
  size_t i = 0;
  while (i < count && Take<kKind>(decoder, bytes + i * kDatRecord,
                                  position + static_cast<int64_t>(i * kDatRecord), packet, report)) {
    i++;
  }
  decoder.state.position = position + static_cast<int64_t>(i * kDatRecord);
  return i;
}

}  // namespace

size_t DatDecoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  switch (kind) {
    case DatKind::kV1:
      return RunKind<DatKind::kV1>(*this, bytes, count, packet, report);
    case DatKind::kTriggers:
      return RunKind<DatKind::kTriggers>(*this, bytes, count, packet, report);
    default:
      return RunKind<DatKind::kV2>(*this, bytes, count, packet, report);
  }
}

Encoded DatEncoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  for (; *at < to; ++*at) {
    if (out.room() < kDatRecord) return Encoded::kFull;
    const uint32_t i = *at;
    if (!Inside(packet.x[i], packet.y[i])) return Encoded::kCoordinate;
    const int64_t t = packet.t0 + packet.t[i] - origin_;
    StampClock clock = clock_;
    const uint32_t raw = static_cast<uint32_t>(t);
    if (clock.Next(raw) != t) return Encoded::kStamp;
    clock_ = clock;
    out.Put(raw);
    out.Put(packet.x[i] | static_cast<uint32_t>(packet.y[i]) << 14 |
            static_cast<uint32_t>(packet.p[i] != 0) << 28);
  }
  return Encoded::kAll;
}

}  // namespace saccade::events
