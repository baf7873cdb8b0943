// What a neuron's membrane becomes, and the neuron on a real map whose producer could not carry it in its
// epilogue, for instruction sets with vectors. neuron.h has the same for one value.
#pragma once

#include "kernels/args.h"
#include "kernels/inline.h"

namespace saccade::kernels {
namespace {

// The membrane before it fires; v is what the step before left.
template <class V, Firing kFiring>
SACCADE_INLINE typename V::Float Charge(typename V::Float v, typename V::Float x,
                                        typename V::Float constant) {
  if constexpr (kFiring == Firing::kScaled) return V::Mul(x, constant);
  if constexpr (kFiring == Firing::kIlif) return V::Add(V::Mul(v, constant), x);
  if constexpr (kFiring == Firing::kTau) return V::Add(v, V::Div(V::Sub(x, v), constant));
  if constexpr (kFiring == Firing::kShift) return V::Add(v, V::Mul(V::Sub(x, v), constant));
  return x;
}

// Two vectors of a row go through all steps before the next two: membranes never leave the registers.
template <class V, Firing kFiring>
void FireRow(const NeuronArgs& args, int y) {
  using F = typename V::Float;
  using I = typename V::Int;
  constexpr int kLanes = V::kLanes;
  const F levels = V::Broadcast(args.levels), constant = V::Broadcast(args.constant);
  const F zero = V::Broadcast(0.0f);
  const int row = static_cast<int>(args.input.Row()), steps = args.steps;  // row: a multiple of 4
  const size_t real_step = args.input.Step(), spike_step = args.output.step;
  const float* const first = args.input.data + static_cast<size_t>(y) * args.input.Row();
  uint8_t* const spikes = args.output.data + static_cast<size_t>(y) * args.output.row;
  for (int i = 0; i < row; i += 2 * kLanes) {
    const float* from = first + i;
    uint8_t* to = spikes + i;
    F v[2] = {zero, zero};
    for (int t = 0; t < steps; t++, from += real_step, to += spike_step) {
      I fired[2];
      Unroll<2>([&](auto q) SACCADE_LAMBDA {
        const F m = Charge<V, kFiring>(v[q], V::LoadFloat(from + q * kLanes), constant);
        fired[q] = V::Round(V::Min(V::Max(m, zero), levels));
        if constexpr (Remembers(kFiring)) v[q] = V::Sub(m, V::ToFloat(fired[q]));
      });
      const int left = row - i;
      if (left >= 2 * kLanes) {
        V::StoreBytes(to, fired[0], fired[1]);
      } else {
        V::StoreBytes(to, fired[0], left < kLanes ? left : kLanes);
        if (left > kLanes) V::StoreBytes(to + kLanes, fired[1], left - kLanes);
      }
    }
  }
}

template <class V>
void FireMap(const NeuronArgs& args, const Part& part) {
  const auto choose = [&] {
    switch (args.firing) {
      case Firing::kScaled:
        return FireRow<V, Firing::kScaled>;
      case Firing::kIlif:
        return FireRow<V, Firing::kIlif>;
      case Firing::kTau:
        return FireRow<V, Firing::kTau>;
      case Firing::kShift:
        return FireRow<V, Firing::kShift>;
      default:
        return FireRow<V, Firing::kOnce>;
    }
  };
  const auto fire = choose();
  for (int y = part.row_begin; y < part.row_end; y++) fire(args, y);
}

}  // namespace
}  // namespace saccade::kernels
