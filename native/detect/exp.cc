#include "detect/exp.h"

#include <cstdint>
#include <cstring>
#include <limits>

namespace saccade::detect {

double Exp(double x) {
  if (!(x >= -700.0)) return 0.0;
  if (x > 700.0) return std::numeric_limits<double>::infinity();
  // x = k ln 2 + r, |r| <= ln 2 / 2. Adding 1.5 * 2^52 rounds to the nearest whole number. ln 2 in two parts:
  // the first has 32 bits, so k times it is exact.
  constexpr double kShift = 6755399441055744.0;
  constexpr double kLog2E = 1.4426950408889634;
  constexpr double kLn2High = 0.693147180369123816490;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  const double k = (x * kLog2E + kShift) - kShift;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  // Taylor to r^13: the rest is below 2^-57.
  constexpr double kFactorials[] = {6227020800.0, 479001600.0, 39916800.0, 3628800.0, 362880.0,
                                    40320.0,      5040.0,      720.0,      120.0,     24.0,
                                    6.0,          2.0,         1.0,        1.0};
  double sum = 1.0 / kFactorials[0];
  for (int i = 1; i < 14; i++) sum = sum * r + 1.0 / kFactorials[i];
  const int64_t bits = (static_cast<int64_t>(k) + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

float Sigmoid(float x) {
  return static_cast<float>(1.0 / (1.0 + Exp(-static_cast<double>(x))));
}

}  // namespace saccade::detect
