// What the files of the maths library share. Not for others.
#pragma once

#include <limits>

#include "loop/real.h"

namespace burin::loop {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// e^(x + *low) / 2^halvings; |low| is small beside 1, and absent if null.
Real exp_parts(Real x, const Real* low, int halvings);
// The same for x that is known to lie in [-87, 88].
Real exp_within(Real x, const Real* low, int halvings);

// a = 2^(exponent - bias) m for a positive normal a, m in [0.66, 1.33] for f32 and [0.71, 1.41] for
// f64; `exponent` is an integer.
struct Decomposed {
  Int exponent;
  Real m;
};
Decomposed decompose(Real a);
// exponent - bias as a real number.
Real exponent_value(Int exponent, const Format& format);

// The remainder of x modulo pi/2 in [-pi/4, pi/4] and the low bits of the quotient.
struct Reduced {
  Real r;
  Int quadrant;
};
Reduced reduce_half_pi(Real x);
// The same by Payne and Hanek's method for the lanes where `large`, any finite size; others keep
// what they have.
Reduced reduce_large(Real x, Mask large, Reduced others);

}  // namespace burin::loop
