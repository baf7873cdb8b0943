// Rows, events, low times and whole groups of vectors, nearly all of any stream: words are taken eight at a
// time, with a branch only where a group begins or something else comes. Included by evt3.cc in a namespace
// for each set of instructions. No include guard.

#if defined(__x86_64__)
static inline Lanes Shuffle(Lanes lanes, Lanes shuffle) {
  return (Lanes)_mm_shuffle_epi8((__m128i)lanes, (__m128i)shuffle);
}
// `a` where the top bit of a lane of `sign` is set.
static inline Lanes Blend(Lanes sign, Lanes a, Lanes b) {
  return (Lanes)_mm_blendv_epi8((__m128i)b, (__m128i)a, (__m128i)sign);
}
// How far each lane lies above the limit, 0 when it does not.
static inline Lanes Above(Lanes lanes, Lanes limit) {
  return (Lanes)_mm_subs_epu16((__m128i)lanes, (__m128i)limit);
}
static inline bool Any(Lanes lanes) {
  return !_mm_testz_si128((__m128i)lanes, (__m128i)lanes);
}
static inline void StoreTimes(uint32_t* to, Lanes lanes, uint32_t offset) {
#if defined(SACCADE_AVX2)
  const __m256i wide = _mm256_cvtepu16_epi32((__m128i)lanes);
  _mm256_storeu_si256((__m256i*)to, _mm256_add_epi32(wide, _mm256_set1_epi32(static_cast<int>(offset))));
#else
  const __m128i add = _mm_set1_epi32(static_cast<int>(offset)), upper = _mm_srli_si128((__m128i)lanes, 8);
  _mm_storeu_si128((__m128i*)to, _mm_add_epi32(_mm_cvtepu16_epi32((__m128i)lanes), add));
  _mm_storeu_si128((__m128i*)to + 1, _mm_add_epi32(_mm_cvtepu16_epi32(upper), add));
#endif
}
static inline void StoreBytes(uint8_t* to, Lanes lanes) {
  _mm_storel_epi64((__m128i*)to, _mm_packus_epi16((__m128i)lanes, (__m128i)lanes));
}
#else
static inline Lanes Shuffle(Lanes lanes, Lanes shuffle) {
  return (Lanes)vqtbl1q_u8((uint8x16_t)lanes, (uint8x16_t)shuffle);
}
static inline Lanes Blend(Lanes sign, Lanes a, Lanes b) {
  return (Lanes)vbslq_u16(vcltzq_s16((int16x8_t)sign), (uint16x8_t)a, (uint16x8_t)b);
}
static inline Lanes Above(Lanes lanes, Lanes limit) {
  return (Lanes)vqsubq_u16((uint16x8_t)lanes, (uint16x8_t)limit);
}
static inline bool Any(Lanes lanes) {
  return vmaxvq_u16((uint16x8_t)lanes) != 0;
}
static inline void StoreTimes(uint32_t* to, Lanes lanes, uint32_t offset) {
  const uint32x4_t add = vdupq_n_u32(offset);
  vst1q_u32(to, vaddw_u16(add, vget_low_u16((uint16x8_t)lanes)));
  vst1q_u32(to + 4, vaddw_high_u16(add, (uint16x8_t)lanes));
}
static inline void StoreBytes(uint8_t* to, Lanes lanes) {
  vst1_u8(to, vmovn_u16((uint16x8_t)lanes));
}
#endif

// The few events of a group in a scene of real density (2.1 on a drive): one store for each x instead of rows
// of eight for each byte of the mask.
static inline void PutFew(Packet& packet, uint32_t mask, uint32_t count, uint32_t x, uint32_t y, uint32_t t,
                          uint8_t p) {
  const uint32_t n = packet.length;
  const Lanes ys = Splat(static_cast<uint16_t>(y));
  std::memcpy(packet.y + n, &ys, sizeof(uint16_t) * kFew);
  for (uint32_t k = 0; k < kFew; k++) {
    // Behind the last it is 32: written over by what follows.
    packet.x[n + k] = static_cast<uint16_t>(x + static_cast<uint32_t>(std::countr_zero(mask)));
    packet.t[n + k] = t;
    packet.p[n + k] = p;
    mask &= mask - 1;
  }
  packet.length = n + count;
}

// A base and the whole groups that follow it; returns what is behind them, `at` when there are none that fit.
static inline const uint8_t* TakeGroups(const uint8_t* at, Bulk& bulk, Packet& packet, uint32_t y,
                                        uint32_t t) {
  if (bulk.end - at < 8) return at;
  const uint64_t first = Load<uint64_t>(at);
  uint32_t base = first & 0x7FF;
  if ((first & kGroupTypes) != kBaseAndGroup || y > bulk.bottom || base + 32 > bulk.right + 1u) return at;
  const uint8_t p = first >> 11 & 1;
  // The words of a group and the one before it, whatever that is.
  for (uint64_t words = first;;) {
    const uint32_t mask = static_cast<uint32_t>((words >> 16 & 0xFFF) | (words >> 32 & 0xFFF) << 12 |
                                                (words >> 48 & 0xFF) << 24);
    const uint32_t count = static_cast<uint32_t>(std::popcount(mask));
    if (count <= kFew) {
      PutFew(packet, mask, count, base, y, t, p);
    } else {
      PutMask(packet, mask, base, y, t, p);
    }
    base += 32;
    at += 3 * kEvt3Word;
    if (bulk.end - at < 8 || packet.capacity - packet.length < kMaskRoom || base + 32 > bulk.right + 1u)
      break;
    words = Load<uint64_t>(at);
    if ((words & kGroupTypes & ~uint64_t{0xFFFF}) != (kBaseAndGroup & ~uint64_t{0xFFFF})) break;
  }
  bulk.base = base;
  bulk.polarity = p;
  bulk.grouped = true;
  return at + kEvt3Word;
}

// Goes on until a word of another kind, a place outside the sensor, or the end of the words or the room.
static void BulkWords(Bulk& bulk) {
  const Lanes high = Splat(bulk.high), right = Splat(bulk.right), bottom = Splat(bulk.bottom);
  const Lanes last = Splat(FromLane(kLanes - 1));
  // Times are kept as the words that said them, with their type, which the offset takes off again.
  constexpr uint32_t kLowType = kTimeLow << 12;
  Lanes row = Splat(bulk.y), low = Splat(static_cast<uint16_t>(kLowType | bulk.low));
  const uint32_t offset = bulk.offset - kLowType;
  // Locals, since a store of bytes could change any member.
  Packet packet = bulk.packet;
  const uint8_t* at = bulk.at;
  const uint8_t* const end = bulk.end;
  while (end - at >= static_cast<ptrdiff_t>(sizeof(Lanes)) && packet.capacity - packet.length >= kMaskRoom) {
    const Lanes word = LoadLanes(at);
    const Lanes type = word >> 12, value = word & 0x7FF;
    const Lanes is_y = (Lanes)(type == Splat(kAddrY)), is_x = (Lanes)(type == Splat(kAddrX));
    const Lanes is_low = (Lanes)(type == Splat(kTimeLow));
    // A TIME_HIGH that says what is known comes every few words.
    const Lanes known = is_y | is_x | is_low | (Lanes)(word == high);
    uint32_t places = MasksOf(is_y, is_x), others = MasksOf(is_low, known), taken = kLanes;
    if (others < 0xFF00) {
      // What stands behind the word that stops has no say.
      taken = static_cast<uint32_t>(std::countr_one(others >> 8));
      const uint32_t before = (1u << taken) - 1;
      places &= before * 0x0101;
      others &= before;
    }
    const uint32_t events = places >> 8;
    const Lanes row_fill = LoadLanes(kFills.lanes[places & 0xFF]);
    const Lanes low_fill = LoadLanes(kFills.lanes[others & 0xFF]);
    const Lanes rows = Blend(row_fill, row, Shuffle(value, row_fill));
    const Lanes lows = Blend(low_fill, low, Shuffle(word, low_fill));
    if (Any(is_x & (Above(value, right) | Above(rows, bottom)))) break;
    row = Shuffle(rows, last);
    low = Shuffle(lows, last);
    const Lanes compression = LoadLanes(kCompressions.lanes[events]);
    const Lanes pixel = Shuffle(word, compression), y = Shuffle(rows, compression);
    const Lanes x = pixel & 0x7FF;
    const uint32_t n = packet.length;
    StoreTimes(packet.t + n, Shuffle(lows, compression), offset);
    std::memcpy(packet.x + n, &x, sizeof x);
    std::memcpy(packet.y + n, &y, sizeof y);
    StoreBytes(packet.p + n, pixel << 4 >> 15);
    packet.length = n + static_cast<uint32_t>(std::popcount(events));
    at += taken * kEvt3Word;
    if (taken == kLanes) continue;
    const uint8_t* const stop = at;
    at = TakeGroups(stop, bulk, packet, row[0], offset + low[0]);
    if (at == stop) break;
  }
  bulk.at = at;
  bulk.packet = packet;
  bulk.y = row[0];
  bulk.low = low[0] & 0xFFF;
}
