#include "kernels/isa.h"
#include "kernels/table.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace saccade::kernels {

namespace {

#if defined(__x86_64__)
struct Features {
  bool avx2 = false;
  bool avx512vnni = false;
};

Features Detect() {
  Features found;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 27))) return found;  // OSXSAVE
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const bool ymm = (low & 0x06) == 0x06;
  const bool zmm = (low & 0xE6) == 0xE6;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  found.avx2 = ymm && (b & (1u << 5));
  const unsigned wanted = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);  // F, DQ, BW, VL
  found.avx512vnni = zmm && (b & wanted) == wanted && (c & (1u << 11));
  return found;
}
#endif

}  // namespace

const char* Name(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512Vnni:
      return "avx512vnni";
    default:
      return "scalar";
  }
}

std::vector<Isa> Supported() {
  std::vector<Isa> sets = {Isa::kScalar};
#if defined(__x86_64__)
  static const Features features = Detect();
  if (features.avx2) sets.push_back(Isa::kAvx2);
  if (features.avx512vnni) sets.push_back(Isa::kAvx512Vnni);
#endif
  return sets;
}

bool Choose(const std::string& wanted, Isa* isa, std::string* error) {
  const std::vector<Isa> sets = Supported();
  if (wanted.empty()) {
    *isa = sets.back();
    return true;
  }
  std::string list;
  for (Isa set : sets) {
    if (wanted == Name(set)) {
      *isa = set;
      return true;
    }
    list += list.empty() ? Name(set) : std::string(", ") + Name(set);
  }
  *error = "SACCADE_ISA=" + wanted + " is not available here; this machine runs " + list;
  return false;
}

#define SACCADE_FUNCTIONS(set)                                                                  \
  set::Conv8, set::Conv16, set::Depthwise, set::RealConv, set::Neuron, set::Add, set::Upsample, \
      set::MaxPool, set::Concat, set::Mean, set::Frame

const Table& TableOf(Isa isa) {
  static constexpr Table kScalar = {Isa::kScalar, 1, 1, false, 0, SACCADE_FUNCTIONS(scalar)};
#if defined(__x86_64__)
  static constexpr Table kAvx2 = {Isa::kAvx2, 8, 2, true, 32, SACCADE_FUNCTIONS(avx2)};
  static constexpr Table kAvx512Vnni = {Isa::kAvx512Vnni, 16, 2, false, 64, SACCADE_FUNCTIONS(avx512vnni)};
  if (isa == Isa::kAvx2) return kAvx2;
  if (isa == Isa::kAvx512Vnni) return kAvx512Vnni;
#endif
  return kScalar;
}

}  // namespace saccade::kernels
