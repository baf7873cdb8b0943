#include <algorithm>
#include <cstring>
#include <vector>

#include "events/ecf.h"
#include "events/lz4.h"
#include "hostile.h"

namespace saccade::hostile {

// What repeats now and then, as packed events do; what is packed comes out again, and damage gives bytes or a
// refusal.
size_t Lz4() {
  Bytes plain(static_cast<size_t>(OneIn(20) ? Random(0, 300000) : Random(0, 3000)));
  const int period = Random(1, OneIn(9) ? 70000 : 40), sameness = Random(1, 30);
  for (size_t i = 0; i < plain.size; i++) {
    const bool repeats = i >= static_cast<size_t>(period) && !OneIn(sameness);
    plain.data[i] = repeats ? plain.data[i - static_cast<size_t>(period)] : static_cast<uint8_t>(Random());
  }
  Bytes room(plain.size + plain.size / 255 + 16);
  const size_t packed = events::PackLz4(plain.data.get(), plain.size, room.data.get(), room.size);
  Expect(packed > 0, "a block always fits in its bound");
  Bytes exact(packed), less(packed - 1);
  Expect(events::PackLz4(plain.data.get(), plain.size, exact.data.get(), exact.size) <= packed,
         "no more room");
  Expect(events::PackLz4(plain.data.get(), plain.size, less.data.get(), less.size) < packed,
         "too little room");
  std::memcpy(exact.data.get(), room.data.get(), packed);
  // Blocks before it stand in front, and must stay.
  const size_t at = static_cast<size_t>(OneIn(2) ? 0 : Random(0, 50));
  Bytes out(at + plain.size);
  std::memset(out.data.get(), 7, at);
  const auto unpack = [&](size_t most) {
    return events::UnpackLz4(exact.data.get(), exact.size, out.data.get(), at, most);
  };
  Expect(unpack(plain.size) == static_cast<int64_t>(plain.size), "a block unpacks to its length");
  Expect(std::equal(plain.data.get(), plain.data.get() + plain.size, out.data.get() + at),
         "and to its bytes");
  if (plain.size > 0) Expect(unpack(plain.size - 1) == -1, "a block that holds more is refused");
  for (int i = Random(1, 8); i > 0; i--) {
    exact.data[Random() % packed] = static_cast<uint8_t>(OneIn(3) ? 0xFF : Random());
  }
  const int64_t held = unpack(plain.size);
  Expect(held >= -1 && held <= static_cast<int64_t>(plain.size),
         "damage gives no more than there is room for");
  Expect(std::count(out.data.get(), out.data.get() + at, 7) == static_cast<std::ptrdiff_t>(at),
         "what lies before stays");
  return plain.size;
}

// Chunks whose sections are mostly of their kinds, cut and damaged: a count that is there, or a refusal.
size_t Ecf() {
  const size_t count = static_cast<size_t>(OneIn(30) ? Random(0, 70000) : Random(0, 300));
  const uint32_t mode = Random() & 3;
  std::vector<uint8_t> bytes;
  const auto put = [&](uint64_t word, int size) {
    for (int i = 0; i < size; i++) bytes.push_back(static_cast<uint8_t>(word >> 8 * i));
  };
  put(count << 2 | mode, 4);
  put(OneIn(9) ? uint64_t{Random()} << Random(0, 32) : Random(), 8);
  // A section of runs: (head, bits of the run, bytes of a word) until `count` events have one.
  const auto runs = [&](int bits, int size) {
    const size_t full = (size_t{1} << bits) - 1;
    for (size_t i = 0; i < count;) {
      const size_t most = std::min<size_t>(count - i, 0xFFFF);
      const size_t run = OneIn(50) ? most : std::min<size_t>(most, static_cast<size_t>(Random(0, 40)));
      const uint64_t head = Random() % (bits == 4 ? 15 : 1u << (8 * size - bits));
      for (int k = OneIn(30) ? Random(1, 14) : 0; bits == 4 && k > 0; k--) put(0xF0 | (Random() & 15), 1);
      put(head << bits | std::min(run, full), size);
      if (run >= full) put(run, 2);
      i += run;
    }
  };
  runs(4, 1);
  if ((mode & 2) == 0) runs(5, 2);
  const size_t rest = (mode & 2) != 0   ? (count + 3) / 4 * 12
                      : (mode & 1) != 0 ? (count + 3) / 4 * 6
                                        : 2 * count;
  for (size_t i = 0; i < rest; i++)
    bytes.push_back(static_cast<uint8_t>((mode & 3) == 0 && i % 2 == 0 ? 0 : Random()));
  if ((mode & 3) == 0) runs(7, 1);
  for (int i = OneIn(3) ? Random(1, 6) : 0; i > 0; i--)
    bytes[Random() % bytes.size()] = static_cast<uint8_t>(Random());
  if (OneIn(4)) bytes.resize(Random() % bytes.size());
  Bytes chunk(bytes.size());
  std::copy(bytes.begin(), bytes.end(), chunk.data.get());
  const size_t room = OneIn(5) ? static_cast<size_t>(Random(0, 300)) : 65535;
  std::vector<double> t(room);
  std::vector<uint16_t> x(room), y(room);
  std::vector<uint8_t> p(room);
  const int64_t got =
      events::DecodeEcf(chunk.data.get(), chunk.size, {t.data(), x.data(), y.data(), p.data(), room});
  Expect(got >= -1 && got <= static_cast<int64_t>(room), "no more events than there is room for");
  for (int64_t i = 0; i < got; i++) {
    const size_t k = static_cast<size_t>(i);
    Expect(p[k] < 2 && x[k] < 4096 && y[k] < 4096, "pixels have 12 bits");
    Expect(k == 0 || t[k] >= t[k - 1], "stamps do not fall");
  }
  return got > 0 ? static_cast<size_t>(got) : 0;
}

}  // namespace saccade::hostile
