#include <algorithm>

#include "filters/filters.h"

namespace saccade::filters {

namespace {

// Neither a period nor the one before any: stamps are not negative.
constexpr int64_t kNoPeriod = -2;

}  // namespace

RateLimit::RateLimit(int64_t period, uint32_t budget)
    : period_(period), budget_(budget), current_(kNoPeriod), count_(0) {}

void RateLimit::Reset() {
  current_ = kNoPeriod;
  count_ = 0;
}

// A period depends on the one before and nothing else, so that single windows need not read further back.
void RateLimit::Begin(int64_t period) {
  const uint32_t before = period == current_ + 1 ? count_ : 0;
  current_ = period;
  count_ = 0;
  sum_ = 0;
  due_ = 0;
  random_ = static_cast<uint64_t>(period) * 0x9E3779B97F4A7C15;
  place_ = 0;
  Draw();
  Expect(std::max(before, budget_));
}

void RateLimit::Expect(uint32_t events) {
  expected_ = events;
  step_ = (static_cast<uint64_t>(budget_) << 32) / events;
}

// A place in the next whole. Without it every second event, say, could be the ON event of a flickering pixel.
void RateLimit::Draw() {
  random_ = random_ * 6364136223846793005 + 1442695040888963407;
  place_ = (place_ & ~uint64_t{UINT32_MAX}) | random_ >> 32;
}

uint32_t RateLimit::Run(events::Packet& packet) {
  uint32_t kept = 0;
  int64_t at = kNoPeriod;
  int64_t start = 0;
  for (uint32_t i = 0; i < packet.length; i++) {
    const uint32_t t = packet.t[i];
    const int64_t stamp = packet.t0 + t;
    if (at == kNoPeriod || static_cast<uint64_t>(stamp - start) >= static_cast<uint64_t>(period_)) {
      at = stamp / period_;
      start = at * period_;
      if (at > current_ || at < current_ - 1) Begin(at);
    }
    if (count_ < UINT32_MAX) count_++;
    // More than expected: a sixteenth more than has come, so that one division serves many events.
    if (count_ > expected_) Expect(count_ < UINT32_MAX / 2 ? count_ + count_ / 16 : UINT32_MAX);
    bool stays = expected_ <= budget_;
    if (!stays) {
      sum_ += step_;
      while (sum_ >= place_) {
        due_++;
        place_ += uint64_t{1} << 32;
        Draw();
      }
      stays = due_ > 0;
      due_ -= stays;
    }
    packet.t[kept] = t;
    packet.x[kept] = packet.x[i];
    packet.y[kept] = packet.y[i];
    packet.p[kept] = packet.p[i];
    kept += stays;
  }
  return kept;
}

}  // namespace saccade::filters
