// The serial stream of an eDVS: byte 1 = 1yyyyyyy, byte 2 = pxxxxxxx (p 0 = ON), then 0, 2, 3 or 4 bytes of
// stamp in µs, most significant first. How many depends on the firmware and is read off the stream.
//
// Asked for `!E1`, newer firmware sends steps instead: 1 to 4 bytes of 7 bits, most significant first, and
// bit 7 set in the last one alone. Such records differ in length, so that a lost byte may pass for longer:
// where all events are OFF and close together every byte has its bit 7 set. The first ON event then tells.
//
// A pure function (state, bytes, host times) -> (state, events); the state is a small copyable record, so the
// input may be cut at any byte.
//
// Alignment. Only bit 7 of byte 1 marks a record and all other bytes take any value, so after a lost byte a
// few records may look aligned that are not. A record is trusted when 8 in a row are aligned and their stamps
// advance no more than the host's clock did; until then bytes are held back, and skipped one by one.
//
// Time. A 16-bit stamp wraps every 65.5 ms, so a silence longer than that takes the host's clock: whole wraps
// are added until the event lies after the time before which it cannot have been sent. Stamps out are µs of
// the host's clock at the start, and run with the camera's from there. They run backwards only after bytes of
// two events passed as one.
#pragma once

#include "events/packet.h"

namespace saccade::events {

// When bytes were read, in µs of a clock that never runs backwards.
struct Arrival {
  int64_t now = 0;
  int64_t sent_after = 0;  // all that was sent before this time has been read before
};

constexpr uint32_t kEdvsTrust = 8;  // aligned records in a row
constexpr uint32_t kEdvsLongest = 6;
// Bytes from which the kind of record is told: 16 of the longest kind, at any phase.
constexpr uint32_t kEdvsProbe = 17 * kEdvsLongest;
constexpr int kEdvsUnknown = -1;
constexpr int kEdvsSteps = 1;  // in the place of a number of stamp bytes: steps of 1 to 4 bytes

struct EdvsDecoder {
  int stamp_bytes = kEdvsUnknown;
  bool may_be_steps = false;  // `!E1` was asked for: the stream may hold steps
  bool trusted = false;
  bool fresh = true;     // what is held has just been trusted, and is not asked again
  bool suspect = false;  // alignment is in doubt, and no byte was skipped yet
  bool rejoin = false;   // the next event is the first after a loss of alignment
  bool started = false;  // raw, t and offset are known
  uint32_t raw = 0;      // the last stamp as sent, or the sum of the steps
  int64_t t = 0;         // what became of it; before the first event, the least time that it may have
  int64_t offset = 0;    // host clock - t, for events that came without delay
  int64_t offset_at = 0;
  uint32_t held = 0;  // bytes held back, and their arrival
  uint8_t bytes[kEdvsProbe] = {};
  Arrival arrivals[kEdvsProbe] = {};
  uint64_t resyncs = 0;        // losses of alignment
  uint64_t skipped_bytes = 0;  // bytes that are in no event
};

// Appends events and returns how many bytes were used. When that is fewer than `size`, or the packet is full,
// hand it on and call again with the rest (be it nothing) and an empty packet.
size_t Decode(EdvsDecoder& decoder, const uint8_t* bytes, size_t size, Arrival arrival, Packet& packet);

// Stamp bytes per record, told by the period of the high bits and by what the stamps between them do;
// kEdvsUnknown when the bytes are no such records, or fewer than kEdvsProbe. Steps are only looked for when
// they may be there.
int DetectStampBytes(const uint8_t* bytes, size_t size, bool may_be_steps = false);

}  // namespace saccade::events
