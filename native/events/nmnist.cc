#include "events/nmnist.h"

namespace saccade::events {

namespace {

constexpr uint8_t kOverflowRow = 240;
constexpr int64_t kOverflowUs = 1 << 13;

}  // namespace

size_t NmnistDecoder::Run(const uint8_t* bytes, size_t count, Packet& packet, Report& report) {
  const uint32_t width = sensor.width != 0 ? sensor.width : 0x100;
  const uint32_t height = sensor.width != 0 ? sensor.height : 0x100;
  size_t i = 0;
  for (; i < count; i++) {
    const uint8_t* record = bytes + i * kNmnistRecord;
    const uint8_t x = record[0], y = record[1];
    if (y == kOverflowRow) {
      state.epoch += kOverflowUs;
    } else if (x >= width || y >= height) {
      report.Count(Fault::kOutOfRange, state.position + static_cast<int64_t>(i * kNmnistRecord));
    } else {
      const int64_t t = state.epoch + ((record[2] & 0x7F) << 16 | record[3] << 8 | record[4]);
      if (!Fits(packet, t)) break;
      Append(packet, t, x, y, record[2] >> 7);
    }
  }
  state.position += static_cast<int64_t>(i * kNmnistRecord);
  return i;
}

}  // namespace saccade::events
