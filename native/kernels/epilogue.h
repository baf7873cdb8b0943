// Sums of a tile -> real values and spikes. Every operation is rounded once, in this order: scale, bias,
// residuals in graph order, membrane, clip, round half to even (design section 7).
#pragma once

#include "kernels/args.h"
#include "kernels/fire.h"
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
                                const int32_t* sums, float* state);

// The same for every channel of a block of kVectors; kWhole: no channel of it lies behind the last one.
template <class V, int kVectors, bool kWhole, bool kResidual, bool kReal, Firing kFiring>
SACCADE_INLINE void FinishBlock(const Epilogue& out, int left, const Place& place, int pixels,
                                const int32_t* sums, float* state) {
  using F = typename V::Float;
  using I = typename V::Int;
  constexpr int kLanes = V::kLanes;
  constexpr bool kTwoByTwo = kWhole && kVectors % 2 == 0;  // bytes of two vectors are stored at once
  // Byte stores may alias anything, so every pointer and stride is a local.
  const size_t at = static_cast<size_t>(place.step) * out.real_step +
                    static_cast<size_t>(place.y) * out.real_row +
                    static_cast<size_t>(place.x) * out.real_pixel + static_cast<size_t>(place.channel);
  const size_t real_pixel = out.real_pixel, spike_pixel = out.spike_pixel;
  const float* first = kResidual ? out.residual[0] + at : nullptr;
  const float* second = kResidual && out.residuals > 1 ? out.residual[1] + at : nullptr;
  float* real = kReal ? out.real + at : nullptr;
  uint8_t* spikes = nullptr;
  if constexpr (kFiring != Firing::kNone) {
    spikes = out.spikes + static_cast<size_t>(place.step) * out.spike_step +
             static_cast<size_t>(place.y) * out.spike_row + static_cast<size_t>(place.x) * spike_pixel +
             static_cast<size_t>(place.channel);
  }
  const F levels = V::Broadcast(out.levels);
  const F constant = V::Broadcast(out.constant);
  const F zero = V::Broadcast(0.0f);
  F scale[kVectors], bias[kVectors];
  Unroll<kVectors>([&](auto q) SACCADE_LAMBDA {
    scale[q] = V::LoadFloat(out.scale + place.channel + q * kLanes);
    bias[q] = V::LoadFloat(out.bias + place.channel + q * kLanes);
  });
  for (; pixels > 0; pixels--) {
    I fired[kVectors];
    Unroll<kVectors>([&](auto q) SACCADE_LAMBDA {
      if constexpr (!kWhole) {
        if (left <= q * kLanes) return;
      }
      F y = V::ToFloat(V::LoadInt(sums + q * kLanes));
      y = V::Mul(y, scale[q]);
      y = V::Add(y, bias[q]);
      if constexpr (kResidual) {
        y = V::Add(y, V::LoadFloat(first + q * kLanes));
        if (second) y = V::Add(y, V::LoadFloat(second + q * kLanes));
      }
      if constexpr (kReal) V::StoreFloat(real + q * kLanes, y, kWhole ? kLanes : left - q * kLanes);
      if constexpr (kFiring != Firing::kNone) {
        F v = zero;
        if constexpr (Remembers(kFiring)) v = V::LoadFloat(state + q * kLanes);
        const F m = Charge<V, kFiring>(v, y, constant);
        fired[q] = V::Round(V::Min(V::Max(m, zero), levels));
        if constexpr (Remembers(kFiring)) {
          V::StoreFloat(state + q * kLanes, V::Sub(m, V::ToFloat(fired[q])), kLanes);
        }
        if constexpr (!kTwoByTwo) {
          V::StoreBytes(spikes + q * kLanes, fired[q], kWhole ? kLanes : left - q * kLanes);
        }
      }
    });
    if constexpr (kFiring != Firing::kNone) {
      if constexpr (kTwoByTwo) {
        Unroll<kVectors / 2>([&](auto q) SACCADE_LAMBDA {
          V::StoreBytes(spikes + 2 * q * kLanes, fired[2 * q], fired[2 * q + 1]);
        });
      }
      spikes += spike_pixel;
    }
    sums += kVectors * kLanes;
    state += kVectors * kLanes;
    if constexpr (kResidual) first += real_pixel;
    if constexpr (kResidual) second = second ? second + real_pixel : nullptr;
    if constexpr (kReal) real += real_pixel;
  }
}

template <class V, int kVectors, bool kResidual, bool kReal, Firing kFiring>
void Finish(const Epilogue& out, int channels, const Place& place, int pixels, const int32_t* sums,
            float* state) {
  const int left = channels - place.channel;
  if (left >= kVectors * V::kLanes) {
    FinishBlock<V, kVectors, true, kResidual, kReal, kFiring>(out, left, place, pixels, sums, state);
  } else {
    FinishBlock<V, kVectors, false, kResidual, kReal, kFiring>(out, left, place, pixels, sums, state);
  }
}

template <class V, int kVectors, bool kResidual, bool kReal>
FinishFunction<V> ChooseFiring(Firing firing) {
  switch (firing) {
    case Firing::kOnce:
      return Finish<V, kVectors, kResidual, kReal, Firing::kOnce>;
    case Firing::kIlif:
      return Finish<V, kVectors, kResidual, kReal, Firing::kIlif>;
    case Firing::kTau:
      return Finish<V, kVectors, kResidual, kReal, Firing::kTau>;
    case Firing::kScaled:
      return Finish<V, kVectors, kResidual, kReal, Firing::kScaled>;
    case Firing::kShift:
      return Finish<V, kVectors, kResidual, kReal, Firing::kShift>;
    default:
      return Finish<V, kVectors, kResidual, kReal, Firing::kNone>;
  }
}

template <class V, int kVectors>
FinishFunction<V> ChooseFinish(const Epilogue& out) {
  if (out.residuals) {
    return out.real ? ChooseFiring<V, kVectors, true, true>(out.firing)
                    : ChooseFiring<V, kVectors, true, false>(out.firing);
  }
  return out.real ? ChooseFiring<V, kVectors, false, true>(out.firing)
                  : ChooseFiring<V, kVectors, false, false>(out.firing);
}

}  // namespace
}  // namespace saccade::kernels
