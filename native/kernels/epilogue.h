// Sums of a tile -> real values and spikes. Every operation is rounded once, in this order: scale, bias,
// residuals in graph order, membrane, clip, round half to even (design section 7).
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// Where a tile lies in the output.
struct Place {
  int x, y, step, channel;
};

// `sums` and `state` are [pixel][vector][lane]; `state` is the membrane left by the step before (zeros at
// first) and is used with a firing that has memory.
template <class V>
using FinishFunction = void (*)(const Epilogue& out, int channels, const Place& place, int pixels,
                                int vectors, const int32_t* sums, float* state);

template <class V, bool kResidual, bool kReal, Firing kFiring>
void Finish(const Epilogue& out, int channels, const Place& place, int pixels, int vectors,
            const int32_t* sums, float* state) {
  using F = typename V::Float;
  constexpr int kLanes = V::kLanes;
  // Byte stores may alias anything, so every pointer and stride is a local.
  const size_t real_at = static_cast<size_t>(place.step) * out.real_step +
                         static_cast<size_t>(place.y) * out.real_row +
                         static_cast<size_t>(place.x) * out.real_pixel;
  const size_t real_pixel = out.real_pixel;
  const float* first = kResidual ? out.residual[0] + real_at : nullptr;
  const float* second = kResidual && out.residuals > 1 ? out.residual[1] + real_at : nullptr;
  float* real = kReal ? out.real + real_at : nullptr;
  uint8_t* spikes = nullptr;
  const size_t spike_pixel = out.spike_pixel;
  if constexpr (kFiring != Firing::kNone) {
    spikes = out.spikes + static_cast<size_t>(place.step) * out.spike_step +
             static_cast<size_t>(place.y) * out.spike_row + static_cast<size_t>(place.x) * spike_pixel;
  }
  const F levels = V::Broadcast(out.levels);
  const F constant = V::Broadcast(out.constant);
  const F zero = V::Broadcast(0.0f);
  for (int q = 0; q < vectors; q++) {
    const int channel = place.channel + q * kLanes;
    const int left = channels - channel;
    if (left <= 0) return;
    const F scale = V::LoadFloat(out.scale + channel);
    const F bias = V::LoadFloat(out.bias + channel);
    const int32_t* sum = sums + q * kLanes;
    float* membrane = state + q * kLanes;
    size_t at = static_cast<size_t>(channel);
    size_t spike_at = static_cast<size_t>(channel);
    for (int p = 0; p < pixels; p++) {
      F y = V::ToFloat(V::LoadInt(sum));
      y = V::Mul(y, scale);
      y = V::Add(y, bias);
      if constexpr (kResidual) {
        y = V::Add(y, V::LoadFloat(first + at));
        if (second) y = V::Add(y, V::LoadFloat(second + at));
      }
      if constexpr (kReal) V::StoreFloat(real + at, y, left);
      if constexpr (kFiring != Firing::kNone) {
        F m = y;
        if constexpr (kFiring == Firing::kIlif) m = V::Add(V::Mul(V::LoadFloat(membrane), constant), y);
        if constexpr (kFiring == Firing::kTau) {
          const F v = V::LoadFloat(membrane);
          m = V::Add(v, V::Div(V::Sub(y, v), constant));
        }
        const auto spike = V::Round(V::Min(V::Max(m, zero), levels));
        if constexpr (kFiring != Firing::kOnce) {
          V::StoreFloat(membrane, V::Sub(m, V::ToFloat(spike)), kLanes);
        }
        V::StoreBytes(spikes + spike_at, spike, left);
      }
      sum += vectors * kLanes;
      membrane += vectors * kLanes;
      at += real_pixel;
      spike_at += spike_pixel;
    }
  }
}

template <class V, bool kResidual, bool kReal>
FinishFunction<V> ChooseFiring(Firing firing) {
  switch (firing) {
    case Firing::kOnce:
      return Finish<V, kResidual, kReal, Firing::kOnce>;
    case Firing::kIlif:
      return Finish<V, kResidual, kReal, Firing::kIlif>;
    case Firing::kTau:
      return Finish<V, kResidual, kReal, Firing::kTau>;
    default:
      return Finish<V, kResidual, kReal, Firing::kNone>;
  }
}

template <class V>
FinishFunction<V> ChooseFinish(const Epilogue& out) {
  if (out.residuals) {
    return out.real ? ChooseFiring<V, true, true>(out.firing) : ChooseFiring<V, true, false>(out.firing);
  }
  return out.real ? ChooseFiring<V, false, true>(out.firing) : ChooseFiring<V, false, false>(out.firing);
}

}  // namespace
}  // namespace saccade::kernels
