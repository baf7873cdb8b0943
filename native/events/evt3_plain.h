// Rows, events and low times, the bulk of a stream without vectors, eight words at a time and without a
// branch that depends on them. Included twice by evt3.cc, in two namespaces: with SACCADE_COMPRESS, which
// moves some lanes to the front in one instruction, and without it. No include guard.

// Goes on until a word of another kind, or the end.
static void PlainWords(PlainRun& run) {
  const Lanes high = Splat(run.high), right = Splat(run.right), bottom = Splat(run.bottom);
  Lanes row = Splat(run.y), low = Splat(run.low), outside = {};
  // Locals, since a store of bytes could change any member.
  Packet& packet = run.packet;
  uint32_t* const ts = packet.t;
  uint16_t* const xs = packet.x;
  uint16_t* const ys = packet.y;
  uint8_t* const ps = packet.p;
  const uint32_t offset = run.offset, capacity = packet.capacity;
  const uint8_t* at = run.at;
  uint32_t n = packet.length, taken = kLanes;
  for (size_t left = run.vectors; left > 0 && taken == kLanes && capacity - n >= kLanes; left--) {
    const Lanes word = LoadLanes(at);
    const Lanes type = word >> 12, value = word & 0x7FF;
    const Lanes is_y = (Lanes)(type == Splat(kAddrY)), is_x = (Lanes)(type == Splat(kAddrX));
    const Lanes is_low = (Lanes)(type == Splat(kTimeLow));
    const Lanes rows = LastValid(value & is_y, is_y, SplatLast(row));
    const Lanes lows = LastValid(word & 0xFFF & is_low, is_low, SplatLast(low));
    const Lanes inside = (Lanes)(value <= right) & (Lanes)(rows <= bottom);
    // A TIME_HIGH that says what is known comes every few words.
    taken = FirstOf(~(is_y | is_x | is_low | (Lanes)(word == high)));
    Lanes events = is_x;
    if (taken == kLanes) {
      row = rows;
      low = lows;
    } else {
      // What stands behind the word that stops has no say.
      const Lanes place = {0, 1, 2, 3, 4, 5, 6, 7};
      const Lanes before = (Lanes)(place < Splat(static_cast<uint16_t>(taken)));
      events &= before;
      row = LastValid(value & is_y & before, is_y & before, SplatLast(row));
      low = LastValid(word & 0xFFF & is_low & before, is_low & before, SplatLast(low));
    }
    outside |= events & ~inside;
    const Lanes on = word >> 11 & 1;
    const uint32_t kept = MaskOf(events & inside);
#ifdef SACCADE_COMPRESS
    const Lanes shuffle = LoadLanes(kCompressions.shuffle[kept]);
    const Lanes x = SACCADE_COMPRESS(value, shuffle), y = SACCADE_COMPRESS(rows, shuffle);
    const WideLanes t = __builtin_convertvector(SACCADE_COMPRESS(lows, shuffle), WideLanes) + offset;
    const ByteLanes p = __builtin_convertvector(SACCADE_COMPRESS(on, shuffle), ByteLanes);
    std::memcpy(ts + n, &t, sizeof t);
    std::memcpy(xs + n, &x, sizeof x);
    std::memcpy(ys + n, &y, sizeof y);
    std::memcpy(ps + n, &p, sizeof p);
    n += kCompressions.count[kept];
#else
    for (uint32_t k = 0; k < kLanes; k++) {
      ts[n] = offset + lows[k];
      xs[n] = value[k];
      ys[n] = rows[k];
      ps[n] = static_cast<uint8_t>(on[k]);
      n += kept >> k & 1;
    }
#endif
    at += taken * kEvt3Word;
  }
  run.at = at;
  packet.length = n;
  run.y = row[7];
  run.low = low[7];
  run.outside = MaskOf(outside) != 0;
}
