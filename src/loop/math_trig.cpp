// Trigonometric functions and their inverses.
#include <numbers>

#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// (sin(r) / r - 1) / r^2 and (cos(r) - 1 + r^2 / 2) / r^4, in t = r^2, |r| <= pi/4
constexpr double kSin32[] = {-0.166666552f, 0.00833215844f, -0.00019514958f};
constexpr double kSin64[] = {
    -0.16666666666666666,    0.0083333333333333228, -0.00019841269841254725, 2.7557319214025086e-06,
    -2.5052104871332617e-08, 1.605836180443614e-10, -7.5784718567641979e-13};
constexpr double kCos32[] = {0.0416666456f, -0.0013887313f, 2.44327857e-05f};
constexpr double kCos64[] = {0.041666666666666595,   -0.0013888888888872975,
                             2.4801587288800045e-05, -2.7557314163981384e-07,
                             2.0875698709169422e-09, -1.1358423549269602e-11};
// (asin(s) / s - 1) / s^2 in t = s^2 on [0, 1/4]
constexpr double kAsin32[] = {0.166666597f,  0.0750051215f, 0.0445154719f,
                              0.0318198241f, 0.0143937878f, 0.0375781842f};
constexpr double kAsin64[] = {0.1666666666666666,    0.075000000000025602,   0.044642857139658078,
                              0.030381944646333151,  0.022372151548688771,   0.017352946372109102,
                              0.013961859275856473,  0.011586108648461244,   0.0094810925744099415,
                              0.010023653144769221,  0.00063547370009223018, 0.024929148207167805,
                              -0.026282704427668689, 0.033720907079779414};
// (atan(s) / s - 1) / s^2 in t = s^2, |s| <= tan(pi/8)
constexpr double kAtan32[] = {-0.333333164f, 0.199984834f, -0.142437384f, 0.105951399f,
                              -0.0608115643f};
constexpr double kAtan64[] = {-0.33333333333333326,  0.1999999999999767,    -0.14285714285388137,
                              0.11111111088185111,   -0.09090908144772758,  0.076922827638075689,
                              -0.066662268284517032, 0.058770224496266316,  -0.052184083108283257,
                              0.045035642987203896,  -0.033474778548552603, 0.015195455240961742};

Real sin_near_zero(Real r) {
  Real t = r * r;
  Real p = format_of(r).wide() ? polynomial(t, kSin64) : polynomial(t, kSin32);
  return r * fma(p, t, 1.0);
}

Real cos_near_zero(Real r) {
  Real t = r * r;
  Real p = format_of(r).wide() ? polynomial(t, kCos64) : polynomial(t, kCos32);
  return fma(t * t, p, fma(t, -0.5, 1.0));
}

// Changes the sign where bit `bit` of q is set.
Real flip(Real x, Int q, int bit) {
  int top = format_of(x).wide() ? 63 : 31;
  return real(bits(x) ^ ((q << (top - bit)) & format_of(x).sign));
}

Mask is_odd(Int q) { return (q & 1) != int64_t{0}; }

// sin(r + quadrant pi/2)
Real sin_of(Reduced a) {
  Real y = select(is_odd(a.quadrant), cos_near_zero(a.r), sin_near_zero(a.r));
  return flip(y, a.quadrant, 1);
}

// asin(s) for |s| <= 1/2, t = s^2.
Real asin_near_zero(Real s, Real t) {
  return s * fma(format_of(s).wide() ? polynomial(t, kAsin64) : polynomial(t, kAsin32), t, 1.0);
}

}  // namespace

// x - n pi/2 with pi/2 in three parts that round down, so that zeros keep their sign. The first
// product is exact where n has at most 2^17 (f64: 2^30), the others beyond.
Reduced reduce_half_pi(Real x) {
  Format f = format_of(x);
  Real t = fma(x, 2 * std::numbers::inv_pi, f.most_rounded);
  Real n = t - f.most_rounded;
  double first = f.wide() ? 0x1.921fb54442d18p+0 : 0x1.921fb4p+0;
  double second = f.wide() ? 0x1.1a62633145c06p-54 : 0x1.4442d0p-24;
  double third = f.wide() ? 0x1.c1cd129024e08p-107 : 0x1.846988p-48;
  Real r = fma(n, -third, fma(n, -second, fma(n, -first, x)));
  Real a = abs(x);
  Mask large = (a > (f.wide() ? 0x1p30 : 0x1p17)) & (a < kInfinity);
  return reduce_large(x, large, {r, bits(t)});
}

Real sin(Real x) { return sin_of(reduce_half_pi(x)); }

Real cos(Real x) {
  Reduced a = reduce_half_pi(x);
  return sin_of({a.r, a.quadrant + int64_t{1}});
}

// sin / cos, and -cos / sin an odd number of quadrants on. This form of the sine is more precise
// than that of sin_near_zero but loses the sign of zeros.
Real tan(Real x) {
  Reduced a = reduce_half_pi(x);
  Real t = a.r * a.r;
  Real p = format_of(x).wide() ? polynomial(t, kSin64) : polynomial(t, kSin32);
  Real s = fma(a.r * t, p, a.r), c = cos_near_zero(a.r);
  Mask odd = is_odd(a.quadrant);
  Real y = flip(select(odd, c, s) / select(odd, s, c), a.quadrant, 0);
  return select(x == 0.0, x, y);
}

// asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)) for a > 1/2.
Real asin(Real x) {
  Real a = abs(x);
  Mask big = a > 0.5;
  Real t = select(big, (1.0 - a) * 0.5, a * a);
  Real y = asin_near_zero(select(big, sqrt(t), a), t);
  return copysign(select(big, fma(y, -2.0, std::numbers::pi / 2), y), x);
}

// acos(x) = 2 asin(sqrt((1 - x) / 2)) for x > 1/2, pi - acos(-x) for x < -1/2.
Real acos(Real x) {
  Real a = abs(x);
  Mask big = a > 0.5;
  Real t = select(big, (1.0 - a) * 0.5, a * a);
  Real y = asin_near_zero(select(big, sqrt(t), x), t);
  Real twice = y + y;
  Real outer = select(x < 0.0, std::numbers::pi - twice, twice);
  return select(big, outer, std::numbers::pi / 2 - y);
}

// atan(a) = base + atan(num / den), the quotient at most tan(pi/8).
Real atan(Real x) {
  constexpr double kTan1 = 0.41421356237309503, kTan3 = 2.4142135623730949;  // of pi/8, 3pi/8
  Real a = abs(x), zero = a.literal(0), one = a.literal(1);
  Mask middle = a > kTan1, far = a > kTan3;
  Real num = select(far, -1.0, select(middle, a - 1.0, a));
  Real den = select(far, a, select(middle, a + 1.0, one));
  Real base = select(far, std::numbers::pi / 2, select(middle, std::numbers::pi / 4, zero));
  Real s = num / den, t = s * s;
  Real p = format_of(x).wide() ? polynomial(t, kAtan64) : polynomial(t, kAtan32);
  return copysign(base + fma(s * t, p, s), x);
}

}  // namespace burin::loop
