#include "windows/builder.h"

#include <cstring>
#include <utility>

namespace saccade::windows {

namespace {

constexpr int kPictureChannels = 3;
constexpr uint8_t kNoEvent = 127;

}  // namespace

Builder::Builder(Spec spec) : spec_(std::move(spec)), bin_us_(spec_.duration / spec_.bins) {
  const bool picture = spec_.kind == Kind::kPolarityLast;
  const int bins_per_step = spec_.bins / spec_.steps;
  const size_t plane = static_cast<size_t>(spec_.width) * spec_.height;
  const int channels = picture ? kPictureChannels : 2 * bins_per_step;
  const size_t grid = static_cast<size_t>(spec_.grid_width) * spec_.grid_height;
  frame_bytes_ = plane * channels * spec_.steps;
  polarity_stride_ = plane;
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
  slot.bin_start = slot.start;
  slot.plane = slot.target + plane_offsets_[0];
}

template <Kind kKind>
inline void Builder::Put(Slot& slot, int64_t t, int32_t at, uint8_t p) {
  if (static_cast<uint64_t>(t - slot.bin_start) >= static_cast<uint64_t>(bin_us_)) {
    const int64_t bin = (t - slot.start) / bin_us_;
    slot.bin_start = slot.start + bin * bin_us_;
    slot.plane = slot.target + plane_offsets_[bin];
  }
  slot.events++;
  if constexpr (kKind == Kind::kPolarityLast) {
    slot.plane[at] = p ? 255 : 0;
  } else {
    uint8_t& value = slot.plane[at + (p ? polarity_stride_ : 0)];
    if constexpr (kKind == Kind::kBinary) {
      value = 1;
    } else {
      value = static_cast<uint8_t>(value + (value < spec_.clip));
    }
  }
}

template <Kind kKind>
uint32_t Builder::PushKind(const events::Packet& packet, uint32_t from, const Slot& oldest) {
  const int64_t start = oldest.start;
  const int64_t end = oldest.start + spec_.duration;
  const uint32_t width = static_cast<uint32_t>(spec_.columns.size());
  const uint32_t height = static_cast<uint32_t>(spec_.rows.size());
  uint32_t i = from;
  for (; i < packet.length; i++) {
    const int64_t t = packet.t0 + packet.t[i];
    if (t >= end) break;
    if (t < start) {
      (t % spec_.hop >= spec_.duration ? between : late)++;
      continue;
    }
    const uint16_t x = packet.x[i];
    const uint16_t y = packet.y[i];
    if (x >= width || y >= height || (spec_.columns[x] | spec_.rows[y]) < 0) {
      outside++;
      continue;
    }
    accepted++;
    const int32_t at = spec_.columns[x] + spec_.rows[y];
    for (Slot& slot : slots_) {
      if (slot.open && t >= slot.start && t - slot.start < spec_.duration) {
        Put<kKind>(slot, t, at, packet.p[i]);
      }
    }
  }
  return i;
}

uint32_t Builder::Push(const events::Packet& packet, uint32_t from) {
  const Slot* oldest = nullptr;
  for (const Slot& slot : slots_) {
    if (slot.open && (oldest == nullptr || slot.start < oldest->start)) oldest = &slot;
  }
  if (oldest == nullptr) return from;
  switch (spec_.kind) {
    case Kind::kCount:
      return PushKind<Kind::kCount>(packet, from, *oldest);
    case Kind::kBinary:
      return PushKind<Kind::kBinary>(packet, from, *oldest);
    default:
      return PushKind<Kind::kPolarityLast>(packet, from, *oldest);
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
