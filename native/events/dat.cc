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

// Records that are tried at a time: of a sensor of known size, near in time, as nearly all are.
constexpr uint32_t kBlock = 16;

// Writes the records behind the packet's last event when all of them may stay there; false, with nothing
// changed, when one may not. The packet is not empty and has room.
template <DatKind kKind>
inline bool TakeBlock(DatDecoder& decoder, const uint8_t* bytes, Packet& packet) {
  StampClock& clock = decoder.state.clock;
  // Raw stamps from `low` to `high` need no new epoch and lie in the packet.
  const int64_t first = packet.t0 - clock.epoch, last = clock.last, quarter = int64_t{1} << 30;
  const int64_t low = std::max({first, last - quarter, int64_t{0}});
  const int64_t high = std::min({first + int64_t{0xFFFFFFFF}, last + quarter, int64_t{0xFFFFFFFF}});
  if (low > high) return false;
  const uint32_t base = static_cast<uint32_t>(low), span = static_cast<uint32_t>(high - low);
  const uint32_t offset = static_cast<uint32_t>(-first);
  const uint32_t right = decoder.sensor.width == 0 ? 0x3FFF : decoder.sensor.width - 1;
  const uint32_t bottom = decoder.sensor.height == 0 ? 0x3FFF : decoder.sensor.height - 1;
  uint32_t words[2 * kBlock];
  std::memcpy(words, bytes, sizeof words);
  uint32_t* __restrict t = packet.t + packet.length;
  uint16_t* __restrict x = packet.x + packet.length;
  uint16_t* __restrict y = packet.y + packet.length;
  uint8_t* __restrict p = packet.p + packet.length;
  uint32_t wrong = 0;
  for (uint32_t k = 0; k < kBlock; k++) {
    const uint32_t raw = words[2 * k];
    const Pixel pixel = Unpack<kKind>(words[2 * k + 1]);
    wrong |= (right - pixel.x) | (bottom - pixel.y);
    wrong |= raw - base > span ? 0x80000000u : 0;
    t[k] = raw + offset;
    x[k] = pixel.x;
    y[k] = pixel.y;
    p[k] = pixel.p;
  }
  if (wrong >> 31) return false;
  packet.length += kBlock;
  clock.last = words[2 * kBlock - 2];
  return true;
}

template <DatKind kKind>
size_t RunKind(DatDecoder& decoder, const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const int64_t position = decoder.state.position;
  size_t i = 0;
  for (;;) {
    if constexpr (kKind != DatKind::kTriggers) {
      while (packet.length > 0 && count - i >= kBlock && packet.capacity - packet.length >= kBlock &&
             TakeBlock<kKind>(decoder, bytes + i * kDatRecord, packet)) {
        i += kBlock;
      }
    }
    // One by one as far as the block that did not pass, or the rest.
    const size_t end = std::min(count, i + kBlock);
    if (i == end) break;
    while (i < end && Take<kKind>(decoder, bytes + i * kDatRecord,
                                  position + static_cast<int64_t>(i * kDatRecord), packet, report)) {
      i++;
    }
    if (i < end) break;
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
