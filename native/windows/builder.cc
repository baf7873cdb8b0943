#include "windows/builder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace saccade::windows {

namespace {

constexpr int kPictureChannels = 3;
constexpr uint8_t kNoEvent = 127;

bool AllBelow(const std::vector<int32_t>& map, int limit) {
  for (int32_t value : map) {
    if (value < -1 || value >= limit) return false;
  }
  return true;
}

}  // namespace

bool Sound(const Spec& s) {
  constexpr int kMaxSide = 16384;  // so that a pixel's offset in a plane stays below 2^31
  const bool picture = s.kind == Kind::kPolarityLast;
  if (s.duration < 1 || s.hop < 1 || s.steps < 1 || s.bins < 1 || s.bins % s.steps != 0) return false;
  if ((s.duration - 1) / s.hop >= static_cast<int64_t>(kMaxSlots)) return false;
  if (s.duration % s.bins != 0 || s.width < 1 || s.height < 1 || s.clip < 1 || s.clip > 255) return false;
  if (s.width > kMaxSide || s.height > kMaxSide || s.pad < 0 || s.pad > 255) return false;
  if (!picture) return AllBelow(s.columns, s.width) && AllBelow(s.rows, s.height);
  return s.bins == s.steps && s.grid_width >= 1 && s.grid_height >= 1 && s.grid_width <= kMaxSide &&
         s.grid_height <= kMaxSide && s.picture_width >= 1 && s.picture_height >= 1 && s.picture_left >= 0 &&
         s.picture_top >= 0 && s.picture_left <= s.width - s.picture_width &&
         s.picture_top <= s.height - s.picture_height && AllBelow(s.columns, s.grid_width) &&
         AllBelow(s.rows, s.grid_height);
}

Builder::Builder(Spec spec) : spec_(std::move(spec)), bin_us_(spec_.duration / spec_.bins) {
  const bool picture = spec_.kind == Kind::kPolarityLast;
  const int bins_per_step = spec_.bins / spec_.steps;
  const size_t plane = static_cast<size_t>(spec_.width) * spec_.height;
  const int channels = picture ? kPictureChannels : 2 * bins_per_step;
  const size_t grid = static_cast<size_t>(spec_.grid_width) * spec_.grid_height;
  frame_bytes_ = plane * channels * spec_.steps;
  for (int bin = 0; bin < spec_.bins; bin++) {
    const int step = spec_.newest_first ? spec_.steps - 1 - bin / bins_per_step : bin / bins_per_step;
    plane_offsets_.push_back(picture ? step * grid : plane * (step * channels + bin % bins_per_step * 2));
  }
  // Rows become offsets, so that a pixel is one sum.
  const int stride = picture ? spec_.grid_width : spec_.width;
  for (int32_t& row : spec_.rows) {
    if (row >= 0) row *= stride;
  }
  slots_.resize(static_cast<size_t>((spec_.duration + spec_.hop - 1) / spec_.hop));
  if (!picture) return;
  for (Slot& slot : slots_) slot.grid.resize(grid * spec_.steps);
  bilinear_ = std::make_unique<Bilinear>(spec_.grid_width, spec_.grid_height, spec_.picture_width,
                                         spec_.picture_height);
}

void Builder::Attach(size_t index, uint8_t* frame, int64_t t_start) {
  Slot& slot = slots_[index];
  slot.open = true;
  slot.start = t_start;
  slot.events = 0;
  if (spec_.kind == Kind::kPolarityLast) {
    std::memset(slot.grid.data(), kNoEvent, slot.grid.size());
  } else {
    std::memset(frame, 0, frame_bytes_);
  }
}

void Builder::Place(size_t index, uint8_t* frame) {
  Slot& slot = slots_[index];
  slot.target = spec_.kind == Kind::kPolarityLast ? slot.grid.data() : frame;
}

namespace {

// An open window during one Push.
struct Cursor {
  int64_t start;
  uint8_t* target;
  uint64_t events;
};

// Events in a row that go to the same bins: all stamps from `low` to `low` + `span`.
struct Stretch {
  uint32_t low, span;  // from the packet's t0
  size_t planes;
  uint8_t* plane[kMaxSlots];
  size_t window[kMaxSlots];  // whose plane it is
};

// What the events of one packet are put by; copied, since a store into a frame may change any member.
struct Map {
  uint32_t width, height;
  const int32_t* columns;
  const int32_t* rows;
  size_t on;  // from an OFF pixel to its ON one
  uint32_t clip;
};

template <Kind kKind>
inline void Set(uint8_t* value, uint8_t p, uint32_t clip) {
  if constexpr (kKind == Kind::kPolarityLast) {
    *value = p ? 255 : 0;
  } else if constexpr (kKind == Kind::kBinary) {
    *value = 1;
  } else {
    const uint32_t count = *value;
    *value = static_cast<uint8_t>(count + (count < clip));
  }
}

// The first event from `from` on that lies outside the stretch. Sixteen at a time, without a branch for each.
uint32_t EndOf(const Stretch& stretch, const uint32_t* t, uint32_t from, uint32_t length) {
  const uint32_t low = stretch.low, span = stretch.span;
  uint32_t i = from;
  for (; length - i >= 16; i += 16) {
    uint32_t outside = 0;
    for (uint32_t k = 0; k < 16; k++) outside |= t[i + k] - low > span;
    if (outside) break;
  }
  while (i < length && t[i] - low <= span) i++;
  return i;
}

// Puts events [from, to) into the planes; returns how many had no pixel there. `kPlanes` 0: any number. Not
// inline: beside the loop around it gcc 12 kept counts and pointers in memory (15 instead of 6 cycles an
// event).
template <Kind kKind, size_t kPlanes>
__attribute__((noinline)) uint32_t Put(const events::Packet& packet, uint32_t from, uint32_t to,
                                       const Stretch& stretch, const Map& map) {
  const uint16_t* const xs = packet.x;
  const uint16_t* const ys = packet.y;
  const uint8_t* const ps = packet.p;
  const uint32_t width = map.width, height = map.height;
  const int32_t* const columns = map.columns;
  const int32_t* const rows = map.rows;
  const size_t on = map.on;
  const uint32_t clip = map.clip;
  uint8_t* const first = stretch.plane[0];
  uint32_t lost = 0;
  for (uint32_t i = from; i < to; i++) {
    const uint32_t x = xs[i], y = ys[i];
    if (x >= width || y >= height || (columns[x] | rows[y]) < 0) {
      lost++;
      continue;
    }
    const uint8_t p = ps[i];
    // Without a branch, which would be wrong for every other event.
    const size_t pixel = static_cast<uint32_t>(columns[x] + rows[y]) + (on & (size_t{0} - (p != 0)));
    Set<kKind>(first + pixel, p, clip);
    if constexpr (kPlanes == 0) {
      for (size_t k = 1; k < stretch.planes; k++) Set<kKind>(stretch.plane[k] + pixel, p, clip);
    }
  }
  return lost;
}

}  // namespace

template <Kind kKind>
uint32_t Builder::PushKind(const events::Packet& packet, uint32_t from) {
  Cursor cursors[kMaxSlots];
  size_t open = 0;
  int64_t start = std::numeric_limits<int64_t>::max();  // of the oldest
  for (const Slot& slot : slots_) {
    if (!slot.open) continue;
    cursors[open++] = {slot.start, slot.target, 0};
    start = std::min(start, slot.start);
  }
  if (open == 0) return from;
  const int64_t end = start + spec_.duration;
  const Map map{static_cast<uint32_t>(spec_.columns.size()),
                static_cast<uint32_t>(spec_.rows.size()),
                spec_.columns.data(),
                spec_.rows.data(),
                kKind == Kind::kPolarityLast ? 0 : static_cast<size_t>(spec_.width) * spec_.height,
                static_cast<uint32_t>(spec_.clip)};
  uint32_t i = from;
  while (i < packet.length) {
    const int64_t t = packet.t0 + packet.t[i];
    if (t >= end) break;
    if (t < start) {
      (t % spec_.hop >= spec_.duration ? between : late)++;
      i++;
      continue;
    }
    // From here on as long as no window begins, ends or comes to its next bin.
    int64_t low = std::max(start, packet.t0), high = std::min(end, packet.t0 + (int64_t{1} << 32));
    Stretch stretch;
    stretch.planes = 0;
    for (size_t k = 0; k < open; k++) {
      const Cursor& cursor = cursors[k];
      if (t < cursor.start) {
        high = std::min(high, cursor.start);
      } else if (t - cursor.start >= spec_.duration) {
        low = std::max(low, cursor.start + spec_.duration);
      } else {
        const int64_t bin = (t - cursor.start) / bin_us_, begin = cursor.start + bin * bin_us_;
        low = std::max(low, begin);
        high = std::min(high, begin + bin_us_);
        stretch.window[stretch.planes] = k;
        stretch.plane[stretch.planes++] = cursor.target + plane_offsets_[static_cast<size_t>(bin)];
      }
    }
    stretch.low = static_cast<uint32_t>(low - packet.t0);
    stretch.span = static_cast<uint32_t>(high - 1 - low);
    const uint32_t to = EndOf(stretch, packet.t, i + 1, packet.length);
    const uint32_t lost = stretch.planes == 1 ? Put<kKind, 1>(packet, i, to, stretch, map)
                                              : Put<kKind, 0>(packet, i, to, stretch, map);
    // The oldest window holds all of them.
    const uint32_t taken = to - i - lost;
    for (size_t k = 0; k < stretch.planes; k++) cursors[stretch.window[k]].events += taken;
    accepted += taken;
    outside += lost;
    i = to;
  }
  size_t k = 0;
  for (Slot& slot : slots_) {
    if (slot.open) slot.events += cursors[k++].events;
  }
  return i;
}

uint32_t Builder::Push(const events::Packet& packet, uint32_t from) {
  switch (spec_.kind) {
    case Kind::kCount:
      return PushKind<Kind::kCount>(packet, from);
    case Kind::kBinary:
      return PushKind<Kind::kBinary>(packet, from);
    default:
      return PushKind<Kind::kPolarityLast>(packet, from);
  }
}

void Builder::Finish(size_t index, uint8_t* frame) {
  Slot& slot = slots_[index];
  slot.open = false;
  if (spec_.kind != Kind::kPolarityLast) return;
  const size_t plane = static_cast<size_t>(spec_.width) * spec_.height;
  const size_t grid = static_cast<size_t>(spec_.grid_width) * spec_.grid_height;
  const size_t corner = static_cast<size_t>(spec_.picture_top) * spec_.width + spec_.picture_left;
  for (int step = 0; step < spec_.steps; step++) {
    uint8_t* first = frame + step * plane * kPictureChannels;
    std::memset(first, spec_.pad, plane);
    bilinear_->Resize(slot.grid.data() + step * grid, first + corner, spec_.width);
    for (int channel = 1; channel < kPictureChannels; channel++) {
      std::memcpy(first + channel * plane, first, plane);
    }
  }
}

}  // namespace saccade::windows
