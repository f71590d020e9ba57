// Exponentials and what is made of them: exp, expm1, sinh, cosh, tanh, logistic.
#include <numbers>

#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

constexpr double kLog2E = std::numbers::log2e;

// (e^r - 1) / r on [0, ln 2]
constexpr double kExp32[] = {1.00000596f, 0.499870777f, 0.167555183f, 0.039062079f, 0.0116697541f};
constexpr double kPreciseExp32[] = {0.999999821f, 0.500005841f,   0.166610107f,
                                    0.041915074f, 0.00779215386f, 0.00194883533f};
constexpr double kExp64[] = {1.0000000000000009,     0.49999999999992206,    0.16666666666901292,
                             0.041666666631645484,   0.0083333336355025361,  0.0013888872573368752,
                             0.00019841844131605741, 2.4788220506848797e-05, 2.7760790125093511e-06,
                             2.5621872471434341e-07, 3.5297938944155045e-08};
// (e^r - 1 - r) / r^2 on [-ln 2 / 2, ln 2 / 2]
constexpr double kExpm1_32[] = {
    0.5, 0.166666657f, 0.0416663587f, 0.00833338965f, 0.00139407197f, 0.00019845886f};
constexpr double kExpm1_64[] = {0.5,
                                0.16666666666666677,
                                0.041666666666666505,
                                0.0083333333333216082,
                                0.0013888888888962899,
                                0.00019841269886207918,
                                2.4801587171844504e-05,
                                2.7557244104194829e-06,
                                2.7557402939657085e-07,
                                2.5109081401921163e-08,
                                2.0875328577347812e-09};
// (sinh(x) / x - 1) / x^2 in t = x^2 on [0, 1]
constexpr double kSinh32[] = {0.166666672f, 0.00833335053f, 0.000198361449f, 2.81703547e-06f};
constexpr double kSinh64[] = {
    0.16666666666666666,    0.0083333333333333332,  0.00019841269841269597, 2.7557319224117106e-06,
    2.5052108346315624e-08, 1.6059050626217653e-10, 7.6464812355748184e-13, 2.8482775369928084e-15};
// x - n ln 2, with n ln2_hi exact.
Real reduce_ln2(Real x, Real n) {
  bool wide = format_of(x).wide();
  double hi = wide ? 6.93147180369123816490e-01 : 0.693359375;
  double lo = wide ? 1.90821492927058770002e-10 : -2.12194440054690583e-4;
  return fma(n, -lo, fma(n, -hi, x));
}

// x where e^x / 2^halvings is neither below half the smallest normal number nor far beyond the
// largest: 2^n is then 0 or infinite at the ends.
Real clamp_exponent(Real x, int halvings) {
  bool wide = format_of(x).wide();
  double most = wide ? 710 + 0.6 * halvings : 89 + 0.5 * halvings;
  return max(wide ? -709.0 : -88.0, min(most, x));
}

}  // namespace

// n = floor(x log2 e), so that 2^n is infinite exactly when e^x overflows, and
// e^x = 2^n (1 + r q(r)) with r in [0, ln 2].
Real exp_within(Real x, const Real* low, int halvings) {
  Format f = format_of(x);
  double shift = f.most_rounded + f.bias;
  Real t = fma(x, kLog2E, -0.5) + shift;  // n + bias in the low bits
  Real r = reduce_ln2(x, t - shift);
  if (low) r = r + *low;
  Real q = f.wide() ? polynomial(r, kExp64)
           : low    ? polynomial(r, kPreciseExp32)
                    : polynomial(r, kExp32);
  Int exponent = halvings ? bits(t) - int64_t{halvings} : bits(t);
  return fma(q, r, 1.0) * power_of_two(exponent);
}

Real exp_parts(Real x, const Real* low, int halvings) {
  return exp_within(clamp_exponent(x, halvings), low, halvings);
}

Real exp(Real x) { return exp_parts(x, nullptr, 0); }

namespace {

// (e^x - 1) / 2 = 2^(n-1) p + (2^(n-1) - 1/2), p = e^r - 1; finite for all x.
Real half_expm1(Real x) {
  Format f = format_of(x);
  Real y = max(f.wide() ? -38.0 : -18.0, min(f.wide() ? 710.0 : 89.0, x));
  double shift = f.most_rounded + f.bias - 1;
  Real t = fma(y, kLog2E, shift);
  Real r = reduce_ln2(y, t - shift);
  Real q = f.wide() ? polynomial(r, kExpm1_64) : polynomial(r, kExpm1_32);
  Real p = fma(q, r * r, r);
  Real half = power_of_two(bits(t));
  return fma(half, p, half - 0.5);
}

}  // namespace

Real expm1(Real x) { return copysign(half_expm1(x) * 2.0, x); }

// (e^x + e^-x) / 2 from e^|x| / 2.
Real cosh(Real x) {
  Real half = exp_parts(abs(x), nullptr, 1);
  return half + 0.25 / half;
}

Real sinh(Real x) {
  Real a = abs(x), half = exp_parts(a, nullptr, 1), t = x * x;
  Real p = format_of(x).wide() ? polynomial(t, kSinh64) : polynomial(t, kSinh32);
  Real small = x * fma(p, t, 1.0);
  return select(a < 1.0, small, copysign(half - 0.25 / half, x));
}

// h / (h + 1) with h = (e^2x - 1) / 2.
Real tanh(Real x) {
  Real h = half_expm1(x + x);
  return copysign(h / (h + 1.0), x);
}

Real logistic(Real x) { return 1.0 / (exp(-x) + 1.0); }

}  // namespace burin::loop
