// Logarithms and what is made of them: log, log1p, asinh, acosh, atanh.
#include <limits>
#include <numbers>

#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// (log(1+f) - f) / f^2 on [-1/3, 1/3]
constexpr double kLog32[] = {-0.499999374f, 0.333331972f, -0.250078201f, 0.200111687f,
                             -0.164159581f, 0.139958024f, -0.153885588f, 0.140263841f};
// (atanh(s) / s - 1) / s^2 in t = s^2, |s| < 0.1717
constexpr double kAtanh64[] = {0.33333333333333331,  0.20000000000003598,  0.14285714284391873,
                               0.11111111346058147,  0.090908860273670761, 0.076936239691973746,
                               0.066232949461599883, 0.066416330645252278};

// e ln 2 + log(1 + f). For f64 with s = f / (2 + f): log(1 + f) = f - (h - s (h + R)),
// h = f^2 / 2, R = 2 (atanh(s) / s - 1).
Real combine_log(Real e, Real f) {
  if (!format_of(f).wide()) {
    return fma(e, std::numbers::ln2, fma(polynomial(f, kLog32), f * f, f));
  }
  constexpr double kHi = 6.93147180369123816490e-01, kLo = 1.90821492927058770002e-10;
  Real s = f / (f + 2.0), t = s * s, h = f * f * 0.5;
  Real rest = fma(polynomial(t, kAtanh64) * 2.0, t, h);
  return fma(e, kHi, f - (h - fma(s, rest, e * kLo)));
}

}  // namespace

Decomposed decompose(Real a) {
  Format f = format_of(a);
  int64_t lowest = f.wide() ? 0x3fe6a09e00000000 : 0x3f2aaaab;  // of m
  Int shifted = bits(a) + (f.one() - lowest);
  int64_t mantissa = (int64_t{1} << f.mantissa_bits) - 1;
  return {shifted >> f.mantissa_bits, real((shifted & mantissa) + lowest)};
}

Real exponent_value(Int exponent, const Format& f) {
  // Integers below 2^mantissa_bits are the low bits of 2^mantissa_bits + integer.
  double base = f.wide() ? 0x1p52 : 0x1p23;
  int64_t base_bits = f.wide() ? 0x4330000000000000 : 0x4b000000;
  return real(exponent | base_bits) - (base + f.bias);
}

Real log(Real x) {
  Format f = format_of(x);
  Decomposed d = decompose(x);
  Real y = combine_log(exponent_value(d.exponent, f), d.m - 1.0);
  y = select(x < kInfinity, y, x);
  return select(x < f.smallest, select(x < 0.0, x.literal(kNan), x.literal(-kInfinity)), y);
}

// u = 1 + x rounded, c what the rounding lost: 1 + x = 2^e (m + c 2^-e).
Real log1p(Real x) {
  Format f = format_of(x);
  Real u = x + 1.0, back = u - 1.0;
  Real c = (1.0 - (u - back)) + (x - back);
  Decomposed d = decompose(u);
  Real scale = power_of_two(2 * f.bias + 2 - d.exponent);  // 4 / 2^e: finite and normal
  Real y = combine_log(exponent_value(d.exponent, f), fma(c, scale * 0.25, d.m - 1.0));
  y = copysign(y, x);
  y = select(x < kInfinity, y, x);
  return select(x <= -1.0, select(x < -1.0, x.literal(kNan), x.literal(-kInfinity)), y);
}

// log(a + sqrt(a^2 + 1)) = log1p(a + a^2 / (1 + sqrt(a^2 + 1))); log(2a) for large a.
Real asinh(Real x) {
  Real a = abs(x), square = a * a;
  Mask large = a > (format_of(x).wide() ? 0x1p28 : 0x1p14);
  Real t = select(large, a - 1.0, a + square / (sqrt(square + 1.0) + 1.0));
  return copysign(log1p(t) + select(large, std::numbers::ln2, t.literal(0)), x);
}

// log1p(t + sqrt(t (t + 2))), t = x - 1; log(2x) for large x.
Real acosh(Real x) {
  Real t = x - 1.0;
  Mask large = x > (format_of(x).wide() ? 0x1p28 : 0x1p14);
  Real y = log1p(select(large, t, t + sqrt(t * (t + 2.0))));
  y = y + select(large, std::numbers::ln2, t.literal(0));
  return select(x < 1.0, kNan, y);
}

Real atanh(Real x) {
  Real a = abs(x);
  return copysign(log1p(2.0 * a / (1.0 - a)) * 0.5, x);
}

}  // namespace burin::loop
