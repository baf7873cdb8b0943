// The exponential function, own and fixed: libm's differ in the last bit between systems, and boxes must not.
#pragma once

namespace saccade::detect {

// exp(x) in double, within 2 ulp for |x| <= 700; 0 below, infinity above, and 0 for NaN.
double Exp(double x);

// 1 / (1 + exp(-x)), rounded to float.
float Sigmoid(float x);

}  // namespace saccade::detect
