// What a training step spends its time on outside of convolutions, in one pass each. Plain C for ctypes; float32, blocks of
// one sample after another, so any layout of a sample will do. Compiled by fast.py.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

typedef float Lanes __attribute__((vector_size(32), aligned(4)));

// One row of taps at a time: K sums in registers hide the latency of a fused multiply-add, and share the load of grad.
template <int K>
static void taps(const float* x, const float* grad, float* out, int64_t n, int64_t h, int64_t w, int64_t c) {
  const int64_t wide = w + K - 1;
  for (int64_t b = 0; b < c; b += 8) {
    for (int64_t ky = 0; ky < K; ky++) {
      Lanes sum[K] = {};
      for (int64_t m = 0; m < n; m++) {
        for (int64_t y = 0; y < h; y++) {
          const float* xs = x + (m * (h + K - 1) + y + ky) * wide * c + b;
          const float* gs = grad + (m * h + y) * w * c + b;
          for (int64_t i = 0; i < w; i++) {
            const Lanes g = *reinterpret_cast<const Lanes*>(gs + i * c);
            for (int kx = 0; kx < K; kx++) sum[kx] += g * *reinterpret_cast<const Lanes*>(xs + (i + kx) * c);
          }
        }
      }
      for (int kx = 0; kx < K; kx++) *reinterpret_cast<Lanes*>(out + (ky * K + kx) * c + b) = sum[kx];
    }
  }
}

extern "C" {

// Clip to 0..levels, round half to even.
void fire(const float* x, float* s, int64_t n, float levels) {
  for (int64_t i = 0; i < n; i++) s[i] = std::nearbyint(std::min(std::max(x[i], 0.0f), levels));
}

// Straight through where 0 <= x <= levels, plus the penalties: rate[sample] * weight per value that fires, quiet[sample] per
// membrane above quiet_above. Either may be null.
void fire_backward(const float* x, const float* grad, float* out, int64_t samples, int64_t size, float levels,
                   const float* rate, const float* quiet, float weight, float quiet_above) {
  for (int64_t k = 0; k < samples; k++) {
    const float push = rate ? rate[k] * weight / size : 0;
    const float hush = quiet ? quiet[k] / size : 0;
    const float* xs = x + k * size;
    const float* gs = grad + k * size;
    float* os = out + k * size;
    for (int64_t i = 0; i < size; i++) {
      float g = gs[i] + (xs[i] > 0.5f ? push : 0.0f);
      g = (xs[i] >= 0 && xs[i] <= levels) ? g : 0.0f;
      os[i] = g + (xs[i] > quiet_above ? hush : 0.0f);
    }
  }
}

// Marks events to keep: those whose pixel's last kept event, of either polarity, is at least `refractory` away (docs/filters.md).
void refractory(const int64_t* t, const int32_t* pixel, uint8_t* keep, int64_t n, int32_t pixels, int64_t refractory) {
  std::vector<int64_t> last(pixels, INT64_MIN / 2);
  for (int64_t i = 0; i < n; i++) {
    const int64_t since = t[i] - last[pixel[i]];
    keep[i] = since >= refractory || since <= -refractory;
    if (keep[i]) last[pixel[i]] = t[i];
  }
}

// Gradient of depthwise weights, layout [N, H, W, C], C a multiple of 8, k 3, 5 or 7: x is padded already
// ([N, H + k - 1, W + k - 1, C]), out is [k, k, C].
void depthwise_weights(const float* x, const float* grad, float* out, int64_t n, int64_t h, int64_t w, int64_t c, int64_t k) {
  if (k == 3) taps<3>(x, grad, out, n, h, w, c);
  if (k == 5) taps<5>(x, grad, out, n, h, w, c);
  if (k == 7) taps<7>(x, grad, out, n, h, w, c);
}
}
