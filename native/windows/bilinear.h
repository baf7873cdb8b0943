// OpenCV's bilinear resize of 8-bit images (INTER_LINEAR), to the last bit of its portable code: 11-bit
// coefficients, int32 rows, and the rounding of its vertical pass. Frames that a network was trained on were
// made by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace saccade::windows {

class Bilinear {
 public:
  Bilinear(int src_width, int src_height, int dst_width, int dst_height);

  // Resizes one plane (rows of src_width bytes) into rows that lie dst_stride bytes apart.
  void Resize(const uint8_t* src, uint8_t* dst, size_t dst_stride);

 private:
  struct Tap {
    int first, second;  // source indices, both inside
    int a0, a1;         // coefficients, sum 2048
  };

  const int32_t* Row(const uint8_t* src, int y);

  int src_width_, dst_width_, dst_height_;
  std::vector<Tap> columns_, rows_;
  // The last two horizontal passes; neighbouring output rows share them.
  std::vector<int32_t> cache_[2];
  int cached_[2];
  int next_ = 0;
};

}  // namespace saccade::windows
