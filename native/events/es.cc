#include "events/es.h"

namespace saccade::events {

namespace {

constexpr int64_t kMostTime = int64_t{1} << 53;
// 71 minutes, 34 MB of overflows.
constexpr int64_t kLongestSilence = int64_t{1} << 32;
constexpr uint32_t kDvsOverflow = 127, kAtisOverflow = 63, kColorOverflow = 254;

struct First {
  uint32_t delta;  // µs
  bool event;      // false: an overflow or a reset, of one byte
  bool change;     // false: an exposure measurement
  uint8_t p;
};

template <EsKind kKind>
inline First Read(uint32_t byte) {
  if constexpr (kKind == EsKind::kDvs) {
    if (byte >= 0xFE) return {byte == 0xFF ? kDvsOverflow : 0, false, false, 0};
    return {byte >> 1, true, true, static_cast<uint8_t>(byte & 1)};
  } else if constexpr (kKind == EsKind::kAtis) {
    if (byte >= 0xFC) return {kAtisOverflow * (byte & 3), false, false, 0};
    return {byte >> 2, true, (byte & 1) == 0, static_cast<uint8_t>(byte >> 1 & 1)};
  } else {
    if (byte >= 0xFE) return {byte == 0xFF ? kColorOverflow : 0, false, false, 0};
    return {byte, true, true, 0};
  }
}

// Whole records; stops before one that is cut or finds no room, and only in the first case with fewer bytes
// left than it has.
template <EsKind kKind>
size_t Run(EsDecoder& decoder, const uint8_t* bytes, size_t size, Packet& packet, Report& report) {
  constexpr size_t kSize = kKind == EsKind::kColor ? kEsColor : kEsEvent;
  const bool sized = decoder.sensor.width != 0;
  const uint32_t right = sized ? decoder.sensor.width - 1 : 0xFFFF;
  const uint32_t bottom = sized ? decoder.sensor.height - 1 : 0xFFFF;
  // A copy: stores of p could change the packet as far as the compiler knows.
  Packet out = packet;
  int64_t t = decoder.state.t;
  size_t i = 0;
  while (i < size) {
    const First first = Read<kKind>(bytes[i]);
    if (!first.event) {
      t += first.delta;
      i++;
      continue;
    }
    if (size - i < kSize) break;
    const int64_t now = t + first.delta;
    const uint16_t x = Load<uint16_t>(bytes + i + 1), y = Load<uint16_t>(bytes + i + 3);
    if (!first.change) {
      report.Count(Fault::kOther, decoder.state.position + static_cast<int64_t>(i));
    } else if (x > right || y > bottom) {
      report.Count(Fault::kOutOfRange, decoder.state.position + static_cast<int64_t>(i));
    } else {
      if (!Fits(out, now)) break;
      Append(out, now, x, y, first.p);
    }
    t = now;
    i += kSize;
  }
  packet.length = out.length;
  packet.t0 = out.t0;
  decoder.state.t = t;
  decoder.state.position += static_cast<int64_t>(i);
  return i;
}

size_t RunKind(EsDecoder& decoder, const uint8_t* bytes, size_t size, Packet& packet, Report& report) {
  switch (decoder.kind) {
    case EsKind::kAtis:
      return Run<EsKind::kAtis>(decoder, bytes, size, packet, report);
    case EsKind::kColor:
      return Run<EsKind::kColor>(decoder, bytes, size, packet, report);
    default:
      return Run<EsKind::kDvs>(decoder, bytes, size, packet, report);
  }
}

size_t RecordBytes(EsKind kind) {
  return kind == EsKind::kColor ? kEsColor : kEsEvent;
}

}  // namespace

bool EsDecoder::Sound() const {
  return state.t >= 0 && state.t <= kMostTime && state.cut.length < RecordBytes(kind);
}

size_t EsDecoder::Decode(const uint8_t* bytes, size_t size, Packet& packet, Report& report) {
  Cut<kEsColor>& cut = state.cut;
  const size_t record = RecordBytes(kind);
  size_t used = 0;
  if (cut.length > 0) {
    // What was cut begins with the first byte of an event: all others are whole by themselves.
    const size_t taken = std::min(size, record - cut.length);
    std::memcpy(cut.bytes + cut.length, bytes, taken);
    if (cut.length + taken < record) {
      cut.length += static_cast<uint32_t>(taken);
      return size;
    }
    if (RunKind(*this, cut.bytes, record, packet, report) == 0) return 0;
    cut.length = 0;
    used = taken;
  }
  used += RunKind(*this, bytes + used, size - used, packet, report);
  const size_t left = size - used;
  if (left >= record) return used;
  cut.length = static_cast<uint32_t>(left);
  if (left > 0) std::memcpy(cut.bytes, bytes + used, left);
  return size;
}

Encoded EsEncoder::Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) {
  for (; *at < to; ++*at) {
    const uint32_t i = *at;
    if (!Inside(packet.x[i], packet.y[i])) return Encoded::kCoordinate;
    const int64_t t = packet.t0 + packet.t[i] - origin_;
    if (t < last_) return Encoded::kStamp;
    if (t - last_ > kLongestSilence) return Encoded::kSilence;
    while (t - last_ >= kDvsOverflow) {
      if (out.room() == 0) return Encoded::kFull;
      out.Put(uint8_t{0xFF});
      last_ += kDvsOverflow;
    }
    if (out.room() < kEsEvent) return Encoded::kFull;
    out.Put(static_cast<uint8_t>((t - last_) << 1 | (packet.p[i] != 0)));
    out.Put(packet.x[i]);
    out.Put(packet.y[i]);
    last_ = t;
  }
  return Encoded::kAll;
}

}  // namespace saccade::events
