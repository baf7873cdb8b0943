#include "events/dat.h"

#include <optional>

#include "events/dat_blocks.h"

namespace saccade::events {

namespace {

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

// Coordinates have 14 bits at most.
uint32_t LastPixel(uint32_t side) {
  return side == 0 ? 0x3FFF : std::min(side, 0x4000u) - 1;
}

// None when no stamp near the last one lies in the packet, which must not be empty. Two stamps of a window
// this narrow are no wrap apart, so it holds for as many records as lie in it.
std::optional<Limits> LimitsOf(const DatDecoder& decoder, const Packet& packet) {
  const StampClock& clock = decoder.state.clock;
  const int64_t first = packet.t0 - clock.epoch, last = clock.last, quarter = int64_t{1} << 30;
  const int64_t low = std::max({first, last - quarter, int64_t{0}});
  const int64_t high = std::min({first + int64_t{0xFFFFFFFF}, last + quarter, int64_t{0xFFFFFFFF}});
  if (!clock.started || low > high) return std::nullopt;
  return Limits{static_cast<uint32_t>(low), static_cast<uint32_t>(high - low), static_cast<uint32_t>(-first),
                LastPixel(decoder.sensor.width), LastPixel(decoder.sensor.height)};
}

// Whole blocks, as far as they go.
template <DatKind kKind>
size_t TakeBlocks(DatDecoder& decoder, const uint8_t* bytes, size_t count, Packet& packet) {
  const size_t blocks = std::min<size_t>(count, packet.capacity - packet.length) / kBlock;
  if (packet.length == 0 || blocks == 0) return 0;
  const std::optional<Limits> limits = LimitsOf(decoder, packet);
  if (!limits) return 0;
  const size_t taken = kBlock * Blocks<kKind>(bytes, blocks, *limits, packet);
  if (taken == 0) return 0;
  packet.length += static_cast<uint32_t>(taken);
  decoder.state.clock.last = Load<uint32_t>(bytes + (taken - 1) * kDatRecord);
  return taken;
}

template <DatKind kKind>
size_t RunKind(DatDecoder& decoder, const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const int64_t position = decoder.state.position;
  size_t i = 0;
  for (;;) {
    if constexpr (kKind != DatKind::kTriggers) {
      i += TakeBlocks<kKind>(decoder, bytes + i * kDatRecord, count - i, packet);
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
