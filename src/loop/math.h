// The maths library: each function emits loop IR for f32 or f64 of any number of lanes, of fused
// multiply-adds and integer tricks only. The error is at most 4 ulp wherever the result is normal,
// of erf for f32 6 ulp; zeros keep their sign, infinities and NaN give what C's functions give.
// Arguments and results below four times the smallest normal number may count as zero: the code
// runs with denormals flushed. Sources: range reductions after Cody and Waite (1980) and Payne and
// Hanek (1983); polynomials are minimax fits on the reduced ranges, weighted by the relative error.
#pragma once

#include "loop/real.h"

namespace burin::loop {

Real exp(Real x);
Real expm1(Real x);
Real log(Real x);
Real log1p(Real x);
Real sin(Real x);
Real cos(Real x);
Real tan(Real x);
Real asin(Real x);
Real acos(Real x);
Real atan(Real x);
Real sinh(Real x);
Real cosh(Real x);
Real tanh(Real x);
Real asinh(Real x);
Real acosh(Real x);
Real atanh(Real x);
Real logistic(Real x);  // 1 / (1 + e^-x)
Real erf(Real x);
Real rsqrt(Real x);  // 1 / sqrt(x)
Real pow(Real x, Real y);
Real fmod(Real x, Real y);  // x - trunc(x/y) y, exactly
Real sign(Real x);          // -1, 0 or 1; NaN and zeros stay

}  // namespace burin::loop
