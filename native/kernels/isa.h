// Instruction sets and what this machine has.
#pragma once

#include <string>
#include <vector>

namespace saccade::kernels {

enum class Isa { kScalar, kAvx2, kAvxVnni, kAvx512Vnni, kNeon, kDotprod };

inline constexpr Isa kEvery[] = {Isa::kScalar,     Isa::kAvx2, Isa::kAvxVnni,
                                 Isa::kAvx512Vnni, Isa::kNeon, Isa::kDotprod};

const char* Name(Isa isa);

// Sets that are compiled in and that this processor and its operating system run, best last.
std::vector<Isa> Supported();

// The best supported set, or the one named by `wanted` (SACCADE_ISA). False and a sentence when it is unknown
// or not supported.
bool Choose(const std::string& wanted, Isa* isa, std::string* error);

}  // namespace saccade::kernels
