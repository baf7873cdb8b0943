// The depthwise convolution, one channel at a time.
#include "kernels/epilogue.scalar.h"
#include "kernels/table.h"

namespace saccade::kernels::scalar {

void Depthwise(const DepthwiseArgs& args, const Part& part) {
  for (int channel = part.block_begin; channel < part.block_end; channel++) {
    const auto* weights = reinterpret_cast<const int32_t*>(static_cast<const uint8_t*>(args.weights) +
                                                           static_cast<size_t>(channel) * args.block_bytes);
    for (int y = part.row_begin; y < part.row_end; y++) {
      for (int x = 0; x < args.width; x++) {
        float membrane = 0.0f;
        for (int t = 0; t < args.steps; t++) {
          const uint8_t* first = args.input + static_cast<size_t>(t) * args.input_step +
                                 static_cast<size_t>(y) * args.input_row +
                                 static_cast<size_t>(x) * args.input_pixel + channel;
          int32_t sum = 0;
          for (int ky = 0; ky < args.kernel_height; ky++) {
            const uint8_t* tap = first + static_cast<size_t>(ky) * args.tap_row;
            for (int kx = 0; kx < args.kernel_width; kx++) {
              sum += weights[ky * args.kernel_width + kx] * tap[static_cast<size_t>(kx) * args.tap_pixel];
            }
          }
          FinishOne(args.out, sum, x, y, t, channel, &membrane);
        }
      }
    }
  }
}

}  // namespace saccade::kernels::scalar
