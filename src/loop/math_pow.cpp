// Powers and remainders: pow, fmod, rsqrt, sign.
#include <limits>
#include <numbers>

#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// (atanh(q) / q - 1 - q^2 / 3) / q^4 in s = q^2, |q| < 0.173
constexpr double kAtanhTail32[] = {0.200000808f, 0.142730609f, 0.117217876f};
constexpr double kAtanhTail64[] = {0.19999999999999987,  0.14285714285723811,  0.11111111108465535,
                                   0.090909094719800243, 0.076922759445370859, 0.066682537464172603,
                                   0.058354959346200191, 0.060103113790677849};

// An unevaluated sum of two numbers, |low| at most half an ulp of high.
struct Pair {
  Real high, low;
};

// a + b exactly, |a| >= |b|.
Pair add_exactly(Real a, Real b) {
  Real sum = a + b;
  return {sum, b - (sum - a)};
}

Pair multiply_exactly(Real a, Real b) {
  Real product = a * b;
  return {product, fma(a, b, -product)};
}

Pair multiply(Pair a, Pair b) {
  Pair p = multiply_exactly(a.high, b.high);
  return add_exactly(p.high, p.low + fma(a.high, b.low, a.low * b.high));
}

// log(a) to about one and a half times the precision: e ln 2 + 2 atanh(q), q = (m - 1) / (m + 1),
// atanh(q) = q + q^3 (1/3 + s p(s)), s = q^2.
Pair log_of(Real a) {
  Format f = format_of(a);
  bool wide = f.wide();
  Decomposed d = decompose(a);
  Real e = exponent_value(d.exponent, f), num = d.m - 1.0;
  Pair den = add_exactly(a.literal(1), d.m);
  Real inverse = 1.0 / den.high, q = num * inverse;
  Pair quotient = {q, (fma(-q, den.high, num) - q * den.low) * inverse};
  Pair square = multiply(quotient, quotient);
  Real s = square.high;
  Real p = (wide ? polynomial(s, kAtanhTail64) : polynomial(s, kAtanhTail32)) * s;
  Pair third = {a.literal(wide ? 0x1.5555555555555p-2 : 0x1.555556p-2),
                a.literal(wide ? 0x1.5555555555555p-56 : -0x1.555556p-27)};
  Pair factor = add_exactly(third.high, p + third.low);
  Pair tail = multiply(multiply(square, quotient), factor);
  Pair log_e = multiply_exactly(e, a.literal(wide ? 0x1.62e42fefa39efp-1 : 0x1.62e430p-1));
  log_e.low = fma(e, wide ? 0x1.abc9e3b39803fp-56 : -0x1.05c610p-29, log_e.low);
  Pair twice = add_exactly(quotient.high * 2.0, tail.high * 2.0);
  twice.low = twice.low + (quotient.low + tail.low) * 2.0;
  Real sum = log_e.high + twice.high;  // |log_e| may be smaller only when it is 0
  Real lost = select(abs(log_e.high) >= abs(twice.high), twice.high - (sum - log_e.high),
                     log_e.high - (sum - twice.high));
  return add_exactly(sum, lost + (log_e.low + twice.low));
}

// a^y for a >= 0, neither being NaN.
Real power_of_magnitude(Real a, Real y) {
  Format f = format_of(a);
  Pair l = log_of(a);
  Real high = select(a < f.smallest, -kInfinity, select(a < kInfinity, l.high, a));
  Real product = y * high;
  Real low = fma(y, l.low, fma(y, high, -product));
  low = select(abs(product) < (f.wide() ? 750.0 : 110.0), low, 0.0);
  return select(a == 1.0, 1.0, exp_parts(product, &low, 0));
}

}  // namespace

Real pow(Real x, Real y) {
  Real a = abs(x), half = y * 0.5;
  Mask whole = trunc(y) == y, odd = whole & (trunc(half) != half);
  Real p = power_of_magnitude(a, y);
  p = select(odd, copysign(p, x), p);
  p = select((x < 0.0) & (a < kInfinity) & !whole, kNan, p);
  p = select((x != x) | (y != y), x + y, p);
  return select((x == 1.0) | (y == 0.0), 1.0, p);
}

// Long division, as many quotient bits a step as are exact: r -= trunc(r / (b 2^k)) b 2^k.
Real fmod(Real x, Real y) {
  Format f = format_of(x);
  Builder& b = x.builder();
  int step = f.mantissa_bits - 1;
  Real a = abs(x), divisor = abs(y);
  auto exponent = [&](Real v) { return bits(v) >> f.mantissa_bits; };
  Int gap = exponent(a) - exponent(divisor);
  Mask runs = (a < kInfinity) & (divisor >= f.smallest) & (a >= divisor);
  gap = select(runs, gap, gap.literal(-1));
  Value most = b.convert(b.reduce(Op::reduce_max, gap.value()), Elem::i64);
  Value steps = b.select(b.cmp_lt(most, b.index(0)), b.index(0),
                         b.add(b.div(b.max(most, b.index(0)), b.index(step)), b.index(1)));
  Value init = a.value();
  auto last =
      b.loop(b.index(0), steps, 1, std::span(&init, 1), [&](Value, std::span<const Value> carried) {
        Real r(b, carried[0]);
        Int k = max(int64_t{0}, exponent(r) - exponent(divisor) - int64_t{step});
        Real scaled = real(bits(divisor) + (k << f.mantissa_bits));
        Real next = fma(-trunc(r / scaled), scaled, r);
        next = select(next < 0.0, next + scaled, next);
        next = select(next >= scaled, next - scaled, next);
        return std::vector{select(runs & (r >= divisor), next, r).value()};
      });
  Real r = copysign(Real(b, last[0]), x);
  Mask defined = (a < kInfinity) & (divisor >= f.smallest);  // NaN makes it false
  return select(defined, r, kNan);
}

Real rsqrt(Real x) { return 1.0 / sqrt(x); }

Real sign(Real x) { return select(x > 0.0, 1.0, select(x < 0.0, -1.0, x)); }

}  // namespace burin::loop
