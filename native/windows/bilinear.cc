#include "windows/bilinear.h"

#include <algorithm>
#include <cmath>

namespace saccade::windows {

namespace {

constexpr float kOne = 2048.0f;

// Position of output i on the source axis, in the order of operations that OpenCV has: double, then one cast.
float Position(int i, int src, int dst) {
  const double scale = 1.0 / (static_cast<double>(dst) / src);
  return static_cast<float>((i + 0.5) * scale - 0.5);
}

int Coefficient(float weight) {
  return static_cast<int>(std::nearbyint(weight * kOne));
}

}  // namespace

Bilinear::Bilinear(int src_width, int src_height, int dst_width, int dst_height)
    : src_width_(src_width), dst_width_(dst_width), dst_height_(dst_height) {
  for (int i = 0; i < dst_width; i++) {
    const float position = Position(i, src_width, dst_width);
    int s = static_cast<int>(std::floor(position));
    float f = position - static_cast<float>(s);
    if (s < 0 || s >= src_width - 1) {
      s = std::clamp(s, 0, src_width - 1);
      f = 0.0f;
    }
    columns_.push_back({s, std::min(s + 1, src_width - 1), Coefficient(1.0f - f), Coefficient(f)});
  }
  // The vertical axis keeps its fraction at the rims and clamps the rows instead.
  for (int i = 0; i < dst_height; i++) {
    const float position = Position(i, src_height, dst_height);
    const int s = static_cast<int>(std::floor(position));
    const float f = position - static_cast<float>(s);
    rows_.push_back({std::clamp(s, 0, src_height - 1), std::clamp(s + 1, 0, src_height - 1),
                     Coefficient(1.0f - f), Coefficient(f)});
  }
  for (std::vector<int32_t>& row : cache_) row.resize(dst_width);
}

const int32_t* Bilinear::Row(const uint8_t* src, int y) {
  for (int k = 0; k < 2; k++) {
    if (cached_[k] == y) return cache_[k].data();
  }
  // Rows are asked for in rising order, so the one that was filled first is the one to replace.
  const int k = next_;
  next_ = 1 - next_;
  cached_[k] = y;
  const uint8_t* row = src + static_cast<size_t>(y) * src_width_;
  for (int i = 0; i < dst_width_; i++) {
    const Tap& tap = columns_[i];
    cache_[k][i] = row[tap.first] * tap.a0 + row[tap.second] * tap.a1;
  }
  return cache_[k].data();
}

void Bilinear::Resize(const uint8_t* src, uint8_t* dst, size_t dst_stride) {
  cached_[0] = cached_[1] = -1;
  for (int y = 0; y < dst_height_; y++) {
    const Tap& tap = rows_[y];
    const int32_t* first = Row(src, tap.first);
    const int32_t* second = Row(src, tap.second);
    uint8_t* out = dst + y * dst_stride;
    for (int x = 0; x < dst_width_; x++) {
      const int value = ((tap.a0 * (first[x] >> 4)) >> 16) + ((tap.a1 * (second[x] >> 4)) >> 16);
      out[x] = static_cast<uint8_t>((value + 2) >> 2);
    }
  }
}

}  // namespace saccade::windows
