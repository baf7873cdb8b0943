#include "events/ecf.h"

#include "events/stream.h"

namespace saccade::events {

namespace {

constexpr uint64_t kMostTime = uint64_t{1} << 53;
constexpr uint32_t kLongDelta = 15, kLongTimeRun = 15, kLongRow = 31, kLongPolarity = 127;

struct Words {
  const uint8_t* next;
  const uint8_t* end;

  template <class Word>
  bool Take(Word* word) {
    if (static_cast<size_t>(end - next) < sizeof *word) return false;
    *word = Load<Word>(next);
    next += sizeof *word;
    return true;
  }
  // A run that may go on in the next word.
  bool Run(uint32_t run, uint32_t full, size_t* count) {
    *count = run;
    if (run != full) return true;
    uint16_t word;
    if (!Take(&word)) return false;
    *count = word;
    return true;
  }
};

bool Times(Words& in, size_t count, double* t) {
  uint64_t now;
  if (!in.Take(&now) || now > kMostTime) return false;
  uint64_t far = 0;
  int shift = 0;
  for (size_t i = 0; i < count;) {
    uint8_t byte;
    if (!in.Take(&byte)) return false;
    const uint32_t delta = byte >> 4, low = byte & 15;
    if (delta == kLongDelta) {
      if (shift > 52) return false;
      far |= uint64_t{low} << shift;
      shift += 4;
      continue;
    }
    now += far + delta;
    far = 0;
    shift = 0;
    size_t run;
    if (now > kMostTime || !in.Run(low, kLongTimeRun, &run) || run > count - i) return false;
    for (const size_t to = i + run; i < to; i++) t[i] = static_cast<double>(now);
  }
  return true;
}

bool Packed(Words& in, size_t count, const EcfEvents& out) {
  for (size_t i = 0; i < count; i += 4) {
    uint32_t a, b, c;
    if (!in.Take(&a) || !in.Take(&b) || !in.Take(&c)) return false;
    const uint32_t values[] = {a >> 8, (a & 0xFF) | b >> 16 << 8, (b & 0xFFFF) | c >> 24 << 16, c & 0xFFFFFF};
    for (size_t k = 0; k < 4 && i + k < count; k++) {
      out.y[i + k] = static_cast<uint16_t>(values[k] >> 12);
      out.x[i + k] = static_cast<uint16_t>(values[k] >> 1 & 0x7FF);
      out.p[i + k] = static_cast<uint8_t>(values[k] & 1);
    }
  }
  return true;
}

bool Rows(Words& in, size_t count, uint16_t* y) {
  for (size_t i = 0; i < count;) {
    uint16_t word;
    size_t run;
    if (!in.Take(&word) || !in.Run(word & 31, kLongRow, &run) || run > count - i) return false;
    for (const size_t to = i + run; i < to; i++) y[i] = static_cast<uint16_t>(word >> 5);
  }
  return true;
}

bool PackedColumns(Words& in, size_t count, uint16_t* x, uint8_t* p) {
  for (size_t i = 0; i < count; i += 4) {
    uint16_t a, b, c;
    if (!in.Take(&a) || !in.Take(&b) || !in.Take(&c)) return false;
    const int values[] = {a >> 4, (a & 15) | b >> 8 << 4, (b & 0xFF) | c >> 12 << 8, c & 0xFFF};
    for (size_t k = 0; k < 4 && i + k < count; k++) {
      x[i + k] = static_cast<uint16_t>(values[k] >> 1);
      p[i + k] = static_cast<uint8_t>(values[k] & 1);
    }
  }
  return true;
}

bool MaskedColumns(Words& in, size_t count, uint16_t* x) {
  for (size_t i = 0; i < count;) {
    uint16_t word;
    if (!in.Take(&word)) return false;
    const uint32_t left = word >> 5;
    x[i++] = static_cast<uint16_t>(left);
    for (uint32_t j = 0; j < 5; j++) {
      if ((word >> (4 - j) & 1) == 0) continue;
      if (i == count) return false;
      x[i++] = static_cast<uint16_t>(left + j + 1);
    }
  }
  return true;
}

bool Polarities(Words& in, size_t count, uint8_t* p) {
  for (size_t i = 0; i < count;) {
    uint8_t byte;
    size_t run;
    if (!in.Take(&byte) || !in.Run(byte & 127, kLongPolarity, &run) || run > count - i) return false;
    for (const size_t to = i + run; i < to; i++) p[i] = byte >> 7;
  }
  return true;
}

}  // namespace

int64_t DecodeEcf(const uint8_t* chunk, size_t size, const EcfEvents& out) {
  Words in{chunk, chunk + size};
  uint32_t head;
  if (!in.Take(&head)) return -1;
  const size_t count = head >> 2;
  if (count > 0xFFFF || count > out.capacity || !Times(in, count, out.t)) return -1;
  const bool read = (head & 2) != 0
                        ? Packed(in, count, out)
                        : Rows(in, count, out.y) && ((head & 1) != 0 ? PackedColumns(in, count, out.x, out.p)
                                                                     : MaskedColumns(in, count, out.x) &&
                                                                           Polarities(in, count, out.p));
  return read ? static_cast<int64_t>(count) : -1;
}

}  // namespace saccade::events
