#include <algorithm>
#include <cstring>

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

}  // namespace saccade::hostile
