#include "events/lz4.h"

#include <algorithm>
#include <bit>

#include "events/stream.h"

namespace saccade::events {

namespace {

constexpr size_t kLeastMatch = 4;
constexpr uint32_t kLong = 15;
// The format's own rules of where a match may be: readers copy ahead in steps and count on it.
constexpr size_t kLastMatchStart = 12, kLastLiterals = 5;
constexpr size_t kFarthest = 0xFFFF;
constexpr uint32_t kHashBits = 14;
// Bytes that are copied at once where there is room for all of them on both sides.
constexpr size_t kStep = 16;

struct Reader {
  const uint8_t* next;
  const uint8_t* end;
  size_t left() const { return static_cast<size_t>(end - next); }

  // The rest of a length whose first four bits are 15; false at the end of the block.
  bool Long(size_t* length) {
    for (;;) {
      if (next == end) return false;
      const uint8_t byte = *next++;
      *length += byte;
      if (byte != 0xFF) return true;
    }
  }
};

inline void CopyStep(uint8_t* to, const uint8_t* from) {
  std::memcpy(to, from, kStep);
}

// A match may overlap what it makes: its period is the distance.
inline void CopyMatch(uint8_t* to, size_t distance, size_t length, size_t room) {
  const uint8_t* from = to - distance;
  if (distance >= kStep && length + kStep <= room) {
    for (size_t i = 0; i < length; i += kStep) CopyStep(to + i, from + i);
    return;
  }
  for (size_t i = 0; i < length; i++) to[i] = from[i];
}

class Writer {
 public:
  Writer(uint8_t* out, size_t room) : out_(out), room_(room) {}
  size_t size() const { return size_; }

  // A sequence; `distance` 0 is the last one. False when there is no room.
  bool Put(const uint8_t* literals, size_t count, size_t distance, size_t length) {
    const size_t rest = distance == 0 ? 0 : length - kLeastMatch;
    if (room_ - size_ < count + count / 255 + rest / 255 + 5) return false;
    out_[size_++] = static_cast<uint8_t>(std::min<size_t>(count, kLong) << 4 | std::min<size_t>(rest, kLong));
    Long(count);
    std::memcpy(out_ + size_, literals, count);
    size_ += count;
    if (distance == 0) return true;
    out_[size_++] = static_cast<uint8_t>(distance);
    out_[size_++] = static_cast<uint8_t>(distance >> 8);
    Long(rest);
    return true;
  }

 private:
  void Long(size_t value) {
    if (value < kLong) return;
    for (value -= kLong; value >= 0xFF; value -= 0xFF) out_[size_++] = 0xFF;
    out_[size_++] = static_cast<uint8_t>(value);
  }

  uint8_t* out_;
  size_t room_;
  size_t size_ = 0;
};

size_t MatchLength(const uint8_t* a, const uint8_t* b, const uint8_t* end) {
  const uint8_t* const start = a;
  for (; end - a >= 8; a += 8, b += 8) {
    const uint64_t differ = Load<uint64_t>(a) ^ Load<uint64_t>(b);
    if (differ != 0) return static_cast<size_t>(a - start + (std::countr_zero(differ) >> 3));
  }
  while (a < end && *a == *b) a++, b++;
  return static_cast<size_t>(a - start);
}

}  // namespace

int64_t UnpackLz4(const uint8_t* block, size_t size, uint8_t* out, size_t at, size_t most) {
  Reader in{block, block + size};
  uint8_t* to = out + at;
  uint8_t* const end = to + most;
  while (in.next < in.end) {
    const uint8_t token = *in.next++;
    size_t literals = token >> 4;
    if (literals == kLong && !in.Long(&literals)) return -1;
    const size_t room = static_cast<size_t>(end - to);
    if (literals > in.left() || literals > room) return -1;
    if (literals <= kStep && in.left() >= kStep && room >= kStep) {
      CopyStep(to, in.next);
    } else if (literals > 0) {
      std::memcpy(to, in.next, literals);
    }
    to += literals;
    in.next += literals;
    if (in.next == in.end) return to - (out + at);
    if (in.left() < 2) return -1;
    const size_t distance = Load<uint16_t>(in.next);
    in.next += 2;
    size_t length = token & kLong;
    if (length == kLong && !in.Long(&length)) return -1;
    length += kLeastMatch;
    const size_t left = static_cast<size_t>(end - to);
    if (distance == 0 || distance > static_cast<size_t>(to - out) || length > left) return -1;
    CopyMatch(to, distance, length, left);
    to += length;
  }
  // A block ends behind literals; one of no bytes holds none.
  return size == 0 ? 0 : -1;
}

size_t PackLz4(const uint8_t* bytes, size_t size, uint8_t* out, size_t room) {
  // Where four bytes with this hash last stood, plus one.
  uint32_t places[1u << kHashBits] = {};
  Writer writer(out, room);
  size_t anchor = 0;
  for (size_t i = 0, misses = 0; size >= kLastMatchStart && i <= size - kLastMatchStart;) {
    const uint32_t word = Load<uint32_t>(bytes + i);
    uint32_t& place = places[word * 2654435761u >> (32 - kHashBits)];
    const size_t before = place;
    place = static_cast<uint32_t>(i + 1);
    const size_t distance = i + 1 - before;
    if (before == 0 || distance > kFarthest || Load<uint32_t>(bytes + before - 1) != word) {
      // Where nothing repeats it goes on faster and faster.
      i += 1 + (misses++ >> 6);
      continue;
    }
    misses = 0;
    const uint8_t* const from = bytes + i + kLeastMatch;
    const size_t length = kLeastMatch + MatchLength(from, from - distance, bytes + size - kLastLiterals);
    if (!writer.Put(bytes + anchor, i - anchor, distance, length)) return 0;
    i += length;
    anchor = i;
  }
  return writer.Put(bytes + anchor, size - anchor, 0, 0) ? writer.size() : 0;
}

}  // namespace saccade::events
