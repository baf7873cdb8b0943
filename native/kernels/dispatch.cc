#include "kernels/isa.h"
#include "kernels/table.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace saccade::kernels {

namespace {

#if defined(__x86_64__)
struct Features {
  bool avx2 = false;
  bool avxvnni = false;
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
  const unsigned subleaves = a;
  if (subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
    found.avxvnni = found.avx2 && (a & (1u << 4));
  return found;
}
#elif defined(__aarch64__)
bool HasDotprod() {
#if defined(__linux__)
  return getauxval(AT_HWCAP) & (1u << 20);  // HWCAP_ASIMDDP
#else
  return true;  // every Apple processor that runs macOS
#endif
}
#endif

}  // namespace

const char* Name(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvxVnni:
      return "avxvnni";
    case Isa::kAvx512Vnni:
      return "avx512vnni";
    case Isa::kNeon:
      return "neon";
    case Isa::kDotprod:
      return "dotprod";
    default:
      return "scalar";
  }
}

std::vector<Isa> Supported() {
  std::vector<Isa> sets = {Isa::kScalar};
#if defined(__x86_64__)
  static const Features features = Detect();
  if (features.avx2) sets.push_back(Isa::kAvx2);
  if (features.avxvnni) sets.push_back(Isa::kAvxVnni);
  if (features.avx512vnni) sets.push_back(Isa::kAvx512Vnni);
#elif defined(__aarch64__)
  sets.push_back(Isa::kNeon);  // part of armv8-a
  if (HasDotprod()) sets.push_back(Isa::kDotprod);
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

// Operators without intrinsics are vectors by the flags of their unit.
#define SACCADE_CONVOLUTIONS(set) .conv8 = set::Conv8, .conv16 = set::Conv16, .depthwise = set::Depthwise
#define SACCADE_FORMS(set) .sparse8_form = set::kSparse8Form, .sparse16_form = set::kSparse16Form
#define SACCADE_SPARSE(set) \
  .sparse8 = set::Sparse8, .sparse16 = set::Sparse16, .silence = set::Silent, .nonzeros = set::Nonzeros
#define SACCADE_MAPS(set)                                                                         \
  .realconv = set::RealConv, .add = set::Add, .upsample = set::Upsample, .maxpool = set::MaxPool, \
  .concat = set::Concat, .mean = set::Mean, .frame = set::Frame

const Table& TableOf(Isa isa) {
  static constexpr Table kScalar = {.isa = Isa::kScalar,
                                    .lanes = 1,
                                    .vectors = 1,
                                    SACCADE_CONVOLUTIONS(scalar),
                                    .neuron = scalar::Neuron,
                                    SACCADE_MAPS(scalar)};
#if defined(__x86_64__)
  static constexpr Table kAvx2 = {.isa = Isa::kAvx2,
                                  .lanes = 8,
                                  .narrow = 2,
                                  .paired = 32,
                                  .costs = {0.018f, 8, 45, 4, 13, 0.041f},
                                  SACCADE_FORMS(avx2),
                                  SACCADE_CONVOLUTIONS(avx2),
                                  SACCADE_SPARSE(avx2),
                                  .neuron = avx2::Neuron,
                                  SACCADE_MAPS(avx2)};
  static constexpr Table kAvxVnni = {.isa = Isa::kAvxVnni,
                                     .lanes = 8,
                                     .paired = 32,
                                     .costs = {0.0165f, 8, 45, 4, 13, 0.041f},
                                     SACCADE_FORMS(avx2),
                                     .conv8 = avxvnni::Conv8,
                                     .conv16 = avxvnni::Conv16,
                                     .depthwise = avx2::Depthwise,
                                     SACCADE_SPARSE(avx2),
                                     .neuron = avx2::Neuron,
                                     SACCADE_MAPS(avx2)};
  static constexpr Table kAvx512Vnni = {.isa = Isa::kAvx512Vnni,
                                        .lanes = 16,
                                        .paired = 64,
                                        .costs = {0.0085f, 8, 50, 4, 7, 0.025f},
                                        SACCADE_FORMS(avx512vnni),
                                        SACCADE_CONVOLUTIONS(avx512vnni),
                                        SACCADE_SPARSE(avx512vnni),
                                        .neuron = avx512vnni::Neuron,
                                        SACCADE_MAPS(avx512vnni)};
  if (isa == Isa::kAvx2) return kAvx2;
  if (isa == Isa::kAvxVnni) return kAvxVnni;
  if (isa == Isa::kAvx512Vnni) return kAvx512Vnni;
#elif defined(__aarch64__)
  // The scalar unit is compiled for armv8-a, so its maps are NEON's.
  static constexpr Table kNeon = {.isa = Isa::kNeon,
                                  .lanes = 8,
                                  .narrow = 1,
                                  .largest = 127,
                                  .paired = 16,
                                  .by_tap8 = true,
                                  .by_tap = true,
                                  .costs = {0.127f, 10, 60, 20, 15, 0.13f},
                                  SACCADE_FORMS(neon),
                                  SACCADE_CONVOLUTIONS(neon),
                                  SACCADE_SPARSE(neon),
                                  .neuron = neon::Neuron,
                                  SACCADE_MAPS(scalar)};
  static constexpr Table kDotprod = {.isa = Isa::kDotprod,
                                     .lanes = 8,
                                     .largest = 127,
                                     .paired = 16,
                                     .by_tap = true,
                                     .costs = {0.032f, 10, 60, 20, 15, 0.13f},
                                     SACCADE_FORMS(neon),
                                     .conv8 = dotprod::Conv8,
                                     .conv16 = neon::Conv16,
                                     .depthwise = neon::Depthwise,
                                     SACCADE_SPARSE(neon),
                                     .neuron = neon::Neuron,
                                     SACCADE_MAPS(scalar)};
  if (isa == Isa::kNeon) return kNeon;
  if (isa == Isa::kDotprod) return kDotprod;
#endif
  return kScalar;
}

}  // namespace saccade::kernels
