// What encoders share: events and triggers to the bytes of a format, in as many calls as the output takes.
// To add one: a class in the format's file and a line in registry.cc.
#pragma once

#include "events/stream.h"

namespace saccade::events {

// Where to write: `size` is what is written so far.
struct Output {
  uint8_t* data;
  size_t capacity;
  size_t size = 0;

  size_t room() const { return capacity - size; }
  template <class Word>
  void Put(Word word) {
    std::memcpy(data + size, &word, sizeof word);
    size += sizeof word;
  }
};

// Why an encoder stopped: it took all, wants more room, or cannot write the next event: for its stamp, for
// the silence before it, that would fill the disk with words of time, or for its place.
enum class Encoded { kAll, kFull, kStamp, kSilence, kCoordinate };

class Encoder {
 public:
  // Room that every encoder makes progress in, bytes.
  static constexpr size_t kLeastRoom = 64;

  Encoder(Sensor sensor, int64_t origin) : sensor_(sensor), origin_(origin) {}
  virtual ~Encoder() = default;

  // Writes the packet's events from index *at up to `to` and moves *at. kFull: call again with a new output.
  virtual Encoded Events(const Packet& packet, uint32_t* at, uint32_t to, Output& out) = 0;
  // Writes a trigger; kFull: call again. kStamp, kSilence: the format cannot hold it.
  virtual Encoded Edge(const Trigger& trigger, Output& out) = 0;

 protected:
  bool Inside(uint32_t x, uint32_t y) const { return x < sensor_.width && y < sensor_.height; }

  Sensor sensor_;
  int64_t origin_;
};

}  // namespace saccade::events
