#include "events/edvs.h"

#include <algorithm>
#include <cstring>

namespace saccade::events {

namespace {

// An event cannot come before it happened; this is left for the jitter of the arrivals that tell when it did.
// Of all losses of a byte in a busy scene, 4096 in 65536 leave a wrong event that passes.
constexpr int64_t kJitter = 4096;
// The camera's oscillator differs from the host's by up to 200 µs per second: so fast the offset may grow.
constexpr int64_t kDriftDivisor = 5000;

inline bool IsStart(uint8_t byte) {
  return (byte & 0x80) != 0;
}

constexpr uint32_t kNoRecord = ~0u;

// Length of the record that begins here; 0 when more bytes must tell, kNoRecord when none can.
inline uint32_t RecordBytes(const uint8_t* bytes, size_t size, int stamp_bytes) {
  if (size == 0) return 0;
  if (!IsStart(bytes[0])) return kNoRecord;
  if (stamp_bytes != kEdvsSteps) {
    const uint32_t length = 2 + static_cast<uint32_t>(stamp_bytes);
    return size < length ? 0 : length;
  }
  for (uint32_t length = 3; length <= kEdvsLongest; length++) {
    if (size < length) return 0;
    if ((bytes[length - 1] & 0x80) != 0) return length;
  }
  return kNoRecord;
}

inline int64_t Wrap(int stamp_bytes) {
  return int64_t{1} << (stamp_bytes == kEdvsSteps ? 28 : 8 * stamp_bytes);
}

// The stamp of a record; of a step, the sum with those before it.
inline uint32_t Stamp(const uint8_t* record, int stamp_bytes, uint32_t before) {
  uint32_t stamp = 0;
  if (stamp_bytes != kEdvsSteps) {
    for (int i = 0; i < stamp_bytes; i++) stamp = stamp << 8 | record[2 + i];
    return stamp;
  }
  for (int i = 2; i < static_cast<int>(kEdvsLongest); i++) {
    stamp = stamp << 7 | (record[i] & 0x7F);
    if ((record[i] & 0x80) != 0) break;
  }
  return (before + stamp) & static_cast<uint32_t>(Wrap(kEdvsSteps) - 1);
}

// From one stamp forward to the next.
inline int64_t Step(uint32_t from, uint32_t to, int stamp_bytes) {
  return static_cast<int64_t>((to - from) & static_cast<uint32_t>(Wrap(stamp_bytes) - 1));
}

// Step from the record before, for a record in a row of them, all of one length.
inline int64_t StepInto(const uint8_t* record, int stamp_bytes) {
  const uint32_t before = Stamp(record - 2 - stamp_bytes, stamp_bytes, 0);
  return Step(before, Stamp(record, stamp_bytes, 0), stamp_bytes);
}

// The time of a record; without a stamp, or without one before it, that of its arrival.
int64_t TimeOf(const EdvsDecoder& d, uint32_t raw, Arrival arrival) {
  if (!d.started || d.stamp_bytes == 0) return std::max(arrival.now, d.t);
  const int64_t wrap = Wrap(d.stamp_bytes);
  const int64_t t = d.t + Step(d.raw, raw, d.stamp_bytes);
  const int64_t missing = arrival.sent_after - d.offset - wrap / 2 - t;
  return missing <= 0 ? t : t + (missing + wrap - 1) / wrap * wrap;
}

// By how much an event would come before it happened.
int64_t Ahead(const EdvsDecoder& d, int64_t t, Arrival arrival) {
  return d.started && d.stamp_bytes > 0 ? t - (arrival.now - d.offset) : 0;
}

// The least delay seen is the truth; it ages, because the clocks drift apart.
void FollowOffset(EdvsDecoder& d, Arrival arrival) {
  const int64_t offset = arrival.now - d.t;
  if (!d.started || offset <= d.offset) {
    d.offset = offset;
    d.offset_at = arrival.now;
    return;
  }
  const int64_t most = (arrival.now - d.offset_at) / kDriftDivisor;
  if (most <= 0) return;
  d.offset += std::min(offset - d.offset, most);
  d.offset_at = arrival.now;
}

enum class Outcome { kTaken, kFull, kBroken };

Outcome Take(EdvsDecoder& d, const uint8_t* record, Arrival arrival, Packet& packet) {
  const uint32_t raw = Stamp(record, d.stamp_bytes, d.raw);
  int64_t t = TimeOf(d, raw, arrival);
  const int64_t ahead = Ahead(d, t, arrival);
  if (!d.fresh && ahead > kJitter) return Outcome::kBroken;
  // A wrong event passed before the loss, with too late a stamp.
  if (d.rejoin && ahead > Wrap(d.stamp_bytes) / 2) t -= Wrap(d.stamp_bytes);
  if (!Fits(packet, t)) return Outcome::kFull;
  Append(packet, t, record[1] & 0x7F, record[0] & 0x7F, (record[1] & 0x80) == 0);
  d.raw = raw;
  d.t = t;
  d.rejoin = false;
  FollowOffset(d, arrival);
  d.started = true;
  return Outcome::kTaken;
}

void Distrust(EdvsDecoder& d) {
  d.trusted = false;
  d.fresh = true;
  d.rejoin = true;
  d.suspect = true;
}

void Forget(EdvsDecoder& d, uint32_t count) {
  d.held -= count;
  std::memmove(d.bytes, d.bytes + count, d.held);
  std::memmove(d.arrivals, d.arrivals + count, d.held * sizeof(Arrival));
}

// A stamp that was only read later than others is asked again and found in step: that is no loss.
void Skip(EdvsDecoder& d) {
  if (d.suspect) d.resyncs++;
  d.suspect = false;
  Forget(d, 1);
  d.skipped_bytes++;
}

// How many whole records what is held can be from its first byte on: high bits in place, and stamps that
// together advance no more than the host's clock did. A wrap is left for delays: 7 wrong stamps advance by
// 3.5 of them. kNoRecord when it cannot be.
uint32_t AlignedRecords(const EdvsDecoder& d) {
  const int64_t most =
      (d.stamp_bytes == kEdvsSteps ? Wrap(2) : Wrap(d.stamp_bytes)) - d.arrivals[0].sent_after;
  int64_t span = 0;
  uint32_t raw = 0, records = 0;
  for (uint32_t at = 0;;) {
    const uint32_t length = RecordBytes(d.bytes + at, d.held - at, d.stamp_bytes);
    if (length == kNoRecord) return kNoRecord;
    if (length == 0) return records;
    const uint32_t next = Stamp(d.bytes + at, d.stamp_bytes, raw);
    if (records > 0) span += Step(raw, next, d.stamp_bytes);
    if (span > d.arrivals[at + length - 1].now + most) return kNoRecord;
    raw = next;
    at += length;
    records++;
  }
}

// Whether enough is held to be trusted; skips what cannot be.
bool Trust(EdvsDecoder& d) {
  while (d.stamp_bytes == kEdvsUnknown) {
    if (d.held < kEdvsProbe) return false;
    d.stamp_bytes = DetectStampBytes(d.bytes, d.held, d.may_be_steps);
    if (d.stamp_bytes == kEdvsUnknown) Skip(d);
  }
  uint32_t records = AlignedRecords(d);
  for (; records == kNoRecord; records = AlignedRecords(d)) Skip(d);
  d.trusted = records >= kEdvsTrust;
  if (d.trusted) d.suspect = false;
  return d.trusted;
}

// Takes what is held, as far as it can be trusted. False when the packet takes no more.
bool Settle(EdvsDecoder& d, Packet& packet) {
  while (d.trusted || Trust(d)) {
    const uint32_t length = RecordBytes(d.bytes, d.held, d.stamp_bytes);
    if (length == 0) {
      d.fresh = false;
      return true;
    }
    const Outcome outcome =
        length == kNoRecord ? Outcome::kBroken : Take(d, d.bytes, d.arrivals[length - 1], packet);
    if (outcome == Outcome::kFull) return false;
    if (outcome == Outcome::kBroken) {
      Distrust(d);
      continue;
    }
    Forget(d, length);
  }
  return true;
}

// Whole records straight from the input, up to the first that cannot be taken so.
size_t TakeWhole(EdvsDecoder& d, const uint8_t* bytes, size_t size, Arrival arrival, Packet& packet) {
  size_t used = 0;
  for (;;) {
    const uint32_t length = RecordBytes(bytes + used, size - used, d.stamp_bytes);
    if (length == 0 || length == kNoRecord) return used;
    if (Take(d, bytes + used, arrival, packet) != Outcome::kTaken) return used;
    used += length;
  }
}

// Records of one kind from a phase on. With `running`, their stamps run forward, by less than half a wrap.
bool AreRecords(const uint8_t* bytes, size_t size, int stamp_bytes, size_t phase, bool running) {
  const size_t period = 2 + static_cast<size_t>(stamp_bytes);
  for (size_t at = phase; at + period <= size; at += period) {
    if (!IsStart(bytes[at])) return false;
    if (!running || at == phase) continue;
    if (StepInto(bytes + at, stamp_bytes) >= Wrap(stamp_bytes) / 2) return false;
  }
  return true;
}

bool AreRecords(const uint8_t* bytes, size_t size, int stamp_bytes, bool running) {
  for (size_t phase = 0; phase < 2 + static_cast<size_t>(stamp_bytes); phase++) {
    if (AreRecords(bytes, size, stamp_bytes, phase, running)) return true;
  }
  return false;
}

// Steps from some phase on, to the end.
bool AreSteps(const uint8_t* bytes, size_t size) {
  for (size_t phase = 0; phase < kEdvsLongest; phase++) {
    size_t at = phase;
    uint32_t length;
    do {
      length = RecordBytes(bytes + at, size - at, kEdvsSteps);
      at += length == kNoRecord ? 0 : length;
    } while (length != kNoRecord && length != 0);
    if (length == 0) return true;
  }
  return false;
}

}  // namespace

size_t Decode(EdvsDecoder& d, const uint8_t* bytes, size_t size, Arrival arrival, Packet& packet) {
  size_t used = 0;
  for (;;) {
    if (!Settle(d, packet)) return used;
    if (d.trusted && d.held == 0) used += TakeWhole(d, bytes + used, size - used, arrival, packet);
    if (used == size) return used;
    d.bytes[d.held] = bytes[used++];
    d.arrivals[d.held++] = arrival;
  }
}

int DetectStampBytes(const uint8_t* bytes, size_t size, bool may_be_steps) {
  if (size < kEdvsProbe) return kEdvsUnknown;
  // Before the others: of 16-bit stamps, which old firmware sends for `!E1`, the bytes fit no 17 times.
  if (may_be_steps && AreSteps(bytes, size)) return kEdvsSteps;
  // In a busy scene the high byte of the stamp stands still, and where its own bit 7 is set shorter records
  // fit as well: the longest wins whose stamps run forward, which pixels read as stamps do not 15 times.
  for (const int stamp_bytes : {4, 3, 2}) {
    if (AreRecords(bytes, size, stamp_bytes, true)) return stamp_bytes;
  }
  // In a still scene 16-bit stamps wrap between events, but then no byte of theirs keeps its bit 7.
  for (const int stamp_bytes : {0, 2}) {
    if (AreRecords(bytes, size, stamp_bytes, false)) return stamp_bytes;
  }
  return kEdvsUnknown;
}

}  // namespace saccade::events
