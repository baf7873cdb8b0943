// The dense convolution as plain as it gets: one lane, one pixel, one channel. Runs anywhere and is the
// oracle of every other set.
#include "kernels/epilogue.scalar.h"
#include "kernels/table.h"

namespace saccade::kernels::scalar {

namespace {

int32_t Dot8(const uint8_t* run, const int8_t* weights, const Segment* segments, int count) {
  int32_t sum = 0;
  for (int s = 0; s < count; s++) {
    const uint8_t* taps = run + segments[s].offset;
    const int length = segments[s].groups * 4;
    for (int i = 0; i < length; i++) sum += weights[i] * taps[i];
    weights += length;
  }
  return sum;
}

int32_t Dot16(const uint8_t* run, const int16_t* weights, const Segment* segments, int count) {
  int32_t sum = 0;
  for (int s = 0; s < count; s++) {
    const uint8_t* taps = run + segments[s].offset;
    for (int g = 0; g < segments[s].groups; g++) {
      sum += weights[0] * taps[0] + weights[1] * taps[2] + weights[2] * taps[1] + weights[3] * taps[3];
      weights += 4;
      taps += 4;
    }
  }
  return sum;
}

template <class Weight, int32_t (*kDot)(const uint8_t*, const Weight*, const Segment*, int)>
void Conv(const ConvArgs& args, const Part& part) {
  for (int channel = part.block_begin; channel < part.block_end; channel++) {
    const auto* weights = reinterpret_cast<const Weight*>(static_cast<const uint8_t*>(args.weights) +
                                                          static_cast<size_t>(channel) * args.block_bytes);
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int x = 0; x < args.width; x++) {
        float membrane = 0.0f;
        for (int t = 0; t < args.steps; t++) {
          const uint8_t* run = args.input + static_cast<size_t>(t) * args.input_step +
                               static_cast<size_t>(y) * args.input_row +
                               static_cast<size_t>(x) * args.input_pixel;
          const int32_t sum = kDot(run, weights, args.segments, args.segment_count);
          FinishOne(args.out, sum, x, y, t, channel, &membrane);
        }
      }
    }
  }
}

}  // namespace

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<int8_t, Dot8>(args, part);
}
void Conv16(const ConvArgs& args, const Part& part) {
  Conv<int16_t, Dot16>(args, part);
}

}  // namespace saccade::kernels::scalar
