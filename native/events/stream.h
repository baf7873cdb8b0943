// What every decoder of a recording's bytes shares: (state, bytes) -> (state, events, report).
//
// A decoder is a small copyable struct of settings and a `state` that is plain bytes, so that it can be kept
// beside a place in a file and be taken up from there. Input may be cut at any byte: what is left of a record
// waits in the state. To add a format: one file with such a struct and a line in registry.cc; it needs
//
//   struct State { Cut<N> cut; int64_t position; … };   // no bool, no pointer: it is read back from disk
//   State state;
//   bool Sound() const;              // whether a state that came from disk may be used (sizes and indices)
//   size_t Run(bytes, count, packet, report);   // whole records; how many were used, see DecodeCut
//   void Follow(int64_t t);          // as if an event with this stamp had just been decoded; may do nothing
//
// Where records have no fixed size (es.h), `Decode` in the place of Run takes any bytes and minds the cut
// itself.
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "events/packet.h"

namespace saccade::events {

// Sensor size, 0 when it is not known: then every coordinate is taken.
struct Sensor {
  uint32_t width = 0;
  uint32_t height = 0;
};

// An edge on an external trigger input; t in absolute µs.
struct Trigger {
  int64_t t;
  uint32_t id;
  uint32_t value;
};

// What can be wrong in a recording. The first seven are those of OpenEB's robust EVT3 decoder, by its names.
enum class Fault {
  kNonMonotonicTimeHigh,   // the time went back, and did not wrap
  kNonContinuousTimeHigh,  // the time jumped ahead: words were lost
  kPartialVect,            // a 12-12-8 group of vectors that is not whole
  kPartialContinued,       // a 12-12-4 payload that is not whole
  kMissingYAddr,           // events before any row
  kInvalidVectBase,        // a vector whose place is not known
  kOutOfBounds,            // events outside the sensor, in the RAW formats
  kOutOfRange,             // the same, in the others
  kUndated,                // events and triggers before any time
  kReserved,               // words of no known kind
  kOther,  // records of known kinds that hold no change event: frames, exposures, invalid ones
  kCount
};

// Names in pipeline code and reports, in the order of Fault.
constexpr const char* kFaultNames[] = {
    "NonMonotonicTimeHigh",
    "NonContinuousTimeHigh",
    "PartialVect_12_12_8",
    "PartialContinued_12_12_4",
    "MissingYAddr",
    "InvalidVectBase",
    "OutOfBoundsEventCoordinate",
    "out_of_range",
    "undated",
    "reserved_words",
    "other_records",
};
constexpr size_t kFaults = static_cast<size_t>(Fault::kCount);
static_assert(sizeof kFaultNames / sizeof *kFaultNames == kFaults);

// What a decoder tells beside events. The caller takes faults and triggers out after each call.
struct Report {
  static constexpr uint32_t kMostTriggers = 1024;

  uint64_t faults[kFaults] = {};
  int64_t first[kFaults] = {};  // offset of the first of a kind, bytes from the start of the input
  Trigger triggers[kMostTriggers];
  uint32_t trigger_count = 0;

  void Count(Fault fault, int64_t position, uint64_t n = 1) {
    const size_t kind = static_cast<size_t>(fault);
    if (faults[kind] == 0) first[kind] = position;
    faults[kind] += n;
  }
  // False when there is no room: the decoder then stops before the trigger, as before an event.
  bool Add(const Trigger& trigger) {
    if (trigger_count == kMostTriggers) return false;
    triggers[trigger_count++] = trigger;
    return true;
  }
};

// The bytes of a record of N that the end of the last chunk cut.
template <size_t N>
struct Cut {
  uint8_t bytes[N] = {};
  uint32_t length = 0;
  bool Sound() const { return length < N; }
};

template <class T>
inline T Load(const uint8_t* bytes) {
  // Byte order: every supported target is little-endian (x64, arm64).
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Decodes records of N bytes out of chunks that are cut anywhere. decoder.Run(bytes, count, packet, report)
// is given whole records only. It returns how many of them it used and moves state.position past them; fewer
// means that the packet or the list of triggers takes no more: hand them on and come again with the rest. An
// empty packet takes at least one event.
template <size_t N, class Decoder>
size_t DecodeCut(Decoder& decoder, const uint8_t* bytes, size_t size, Packet& packet, Report& report) {
  Cut<N>& cut = decoder.state.cut;
  size_t used = 0;
  if (cut.length > 0) {
    const size_t taken = std::min(size, N - cut.length);
    std::memcpy(cut.bytes + cut.length, bytes, taken);
    if (cut.length + taken < N) {
      cut.length += static_cast<uint32_t>(taken);
      return size;
    }
    if (decoder.Run(cut.bytes, 1, packet, report) == 0) return 0;
    cut.length = 0;
    used = taken;
  }
  const size_t records = (size - used) / N;
  const size_t done = decoder.Run(bytes + used, records, packet, report);
  used += done * N;
  if (done < records) return used;
  cut.length = static_cast<uint32_t>(size - used);
  if (cut.length > 0) std::memcpy(cut.bytes, bytes + used, cut.length);
  return size;
}

// A decoder of any format.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual size_t Decode(const uint8_t* bytes, size_t size, Packet& packet, Report& report) = 0;
  // As new, with the next byte at this offset of the input.
  virtual void Restart(int64_t position) = 0;
  virtual void Follow(int64_t t) = 0;
  // Bytes of a record that is not whole yet.
  virtual uint32_t Held() const = 0;
  virtual size_t StateBytes() const = 0;
  virtual void Save(uint8_t* out) const = 0;
  // False, and nothing is changed, when the bytes are no state of this decoder.
  virtual bool Restore(const uint8_t* bytes, size_t size) = 0;
};

template <class Decoder, size_t N>
class StreamOf final : public Stream {
 public:
  explicit StreamOf(const Decoder& decoder) : decoder_(decoder), fresh_(decoder.state) {}

  size_t Decode(const uint8_t* bytes, size_t size, Packet& packet, Report& report) override {
    if (size == 0) return 0;
    if constexpr (requires { decoder_.Decode(bytes, size, packet, report); }) {
      return decoder_.Decode(bytes, size, packet, report);
    } else {
      return DecodeCut<N>(decoder_, bytes, size, packet, report);
    }
  }
  void Restart(int64_t position) override {
    decoder_.state = fresh_;
    decoder_.state.position = position;
  }
  void Follow(int64_t t) override { decoder_.Follow(t); }
  uint32_t Held() const override { return decoder_.state.cut.length; }
  size_t StateBytes() const override { return sizeof(State); }
  void Save(uint8_t* out) const override { std::memcpy(out, &decoder_.state, sizeof(State)); }
  bool Restore(const uint8_t* bytes, size_t size) override {
    if (size != sizeof(State)) return false;
    Decoder copy = decoder_;
    std::memcpy(&copy.state, bytes, size);
    const int64_t position = copy.state.position;
    if (!copy.state.cut.Sound() || position < 0 || position > (int64_t{1} << 53)) return false;
    if (!copy.Sound()) return false;
    decoder_ = copy;
    return true;
  }

 private:
  using State = typename Decoder::State;
  static_assert(std::is_trivially_copyable_v<Decoder>);
  Decoder decoder_;
  State fresh_;
};

}  // namespace saccade::events
