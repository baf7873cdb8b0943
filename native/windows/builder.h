// Events into frames: u8 [T, C, H, W]. A builder keeps the windows that are open at the same time (duration /
// hop of them, rounded up), each in a slot with a frame that belongs to the caller. All memory is taken by
// the constructor.
//
//   count          value = min(events of that polarity, bin and pixel, clip); channel = 2 * bin + polarity
//   within a step binary         the same channels, 1 where there was an event polarity-last  one picture per
//   step on a grid of the sensor's size: 127, and 255 or 0 where the last event was ON or
//                  OFF; resized into the model's size when the window is finished, padded, in three equal
//                  channels
#pragma once

#include <memory>
#include <vector>

#include "events/packet.h"
#include "windows/bilinear.h"

namespace saccade::windows {

enum class Kind { kCount, kBinary, kPolarityLast };

struct Spec {
  Kind kind = Kind::kCount;
  int64_t duration = 0;  // µs
  int64_t hop = 0;       // µs
  int steps = 1;
  int bins = 1;  // a multiple of steps
  int clip = 255;
  int width = 0;  // of the model
  int height = 0;
  bool newest_first = false;
  // Sensor column -> target column and sensor row -> target row, -1 for what is not looked at. The target is
  // the model's frame, or for polarity-last the grid.
  std::vector<int32_t> columns;
  std::vector<int32_t> rows;
  // polarity-last only: size of the grid, and where its resized picture lies in the model's frame.
  int grid_width = 0;
  int grid_height = 0;
  int picture_width = 0;
  int picture_height = 0;
  int picture_left = 0;
  int picture_top = 0;
  int pad = 0;
};

// Windows that may be open at the same time.
constexpr size_t kMaxSlots = 64;

// False for what would write outside memory; sentences for users are the wrapper's.
bool Sound(const Spec& spec);

class Builder {
 public:
  // The spec must be sound.
  explicit Builder(Spec spec);

  size_t slots() const { return slots_.size(); }
  size_t frame_bytes() const { return frame_bytes_; }
  bool open(size_t slot) const { return slots_[slot].open; }
  uint64_t events(size_t slot) const { return slots_[slot].events; }

  // Opens the slot for the window [t_start, t_start + duration) and clears its frame.
  void Attach(size_t slot, uint8_t* frame, int64_t t_start);
  // Where the slot's frame lies now; to be said before each Push.
  void Place(size_t slot, uint8_t* frame);
  // Puts events from index `from` into every open window they belong to. Returns the index of the first one
  // at or after the end of the oldest open window (not consumed), or packet.length. Without an open window
  // nothing is consumed.
  uint32_t Push(const events::Packet& packet, uint32_t from);
  // Completes the frame and closes the slot.
  void Finish(size_t slot, uint8_t* frame);

  uint64_t accepted = 0;  // events put into at least one window
  uint64_t late = 0;      // before the oldest open window
  uint64_t outside = 0;   // outside the sensor, the region looked at or the model's frame
  uint64_t between = 0;   // in the pause between windows, when the hop is longer than the duration

 private:
  struct Slot {
    bool open = false;
    int64_t start = 0;
    uint64_t events = 0;
    uint8_t* target = nullptr;  // the frame, or the slot's grid
    std::vector<uint8_t> grid;  // polarity-last: one picture per step
  };

  template <Kind kKind>
  uint32_t PushKind(const events::Packet& packet, uint32_t from);

  Spec spec_;
  int64_t bin_us_;
  size_t frame_bytes_;
  std::vector<size_t> plane_offsets_;  // per bin
  std::vector<Slot> slots_;
  std::unique_ptr<Bilinear> bilinear_;
};

}  // namespace saccade::windows
