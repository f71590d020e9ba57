// Loop IR of the unary elementwise primitives.
#include <limits>

#include "ops/emit.h"

namespace burin::ops {

namespace {

using graph::Op;
using graph::RegisterEmit;

// Floats only: the expression with x a Real.
#define BURIN_EMIT_FLOAT(name, expression)                                                   \
  const RegisterEmit emit_##name(Op::name, [](Builder& b, DType, std::span<const Value> v) { \
    Real x(b, v[0]);                                                                         \
    return (expression).value();                                                             \
  });
#define X(name, expression) BURIN_EMIT_FLOAT(name, expression)
X(exp, exp(x))
X(expm1, expm1(x))
X(log, log(x))
X(log1p, log1p(x))
X(sin, sin(x))
X(cos, cos(x))
X(tan, tan(x))
X(asin, asin(x))
X(acos, acos(x))
X(atan, atan(x))
X(sinh, sinh(x))
X(cosh, cosh(x))
X(asinh, asinh(x))
X(acosh, acosh(x))
X(atanh, atanh(x))
X(tanh, tanh(x))
X(logistic, 1.0 / (1.0 + exp(-x)))
X(erf, erf(x))
X(sqrt, sqrt(x))
X(rsqrt, 1.0 / sqrt(x))
X(floor, floor(x))
X(ceil, ceil(x))
X(round_nearest_even, nearbyint(x))
X(is_nan, x != x)
X(is_inf, abs(x) == std::numeric_limits<double>::infinity())
#undef X
#undef BURIN_EMIT_FLOAT

Value emit_abs(Builder& b, DType, std::span<const Value> v) {
  return is_unsigned(b, v[0]) ? v[0] : b.abs(v[0]);
}

Value emit_neg(Builder& b, DType, std::span<const Value> v) { return b.neg(v[0]); }

// Unsigned values are never below zero, so the inner choice leaves their zeros.
Value emit_sign(Builder& b, DType dtype, std::span<const Value> v) {
  if (is_float(dtype)) return sign(Real(b, v[0])).value();
  Int x(b, v[0]), one = x.literal(1), zero = x.literal(0);
  if (is_unsigned(b, v[0])) return select(x != zero, one, zero).value();
  return select(x > zero, one, select(x < zero, -one, zero)).value();
}

Value emit_not(Builder& b, DType, std::span<const Value> v) { return b.bit_not(v[0]); }

const RegisterEmit register_abs(Op::abs, emit_abs);
const RegisterEmit register_neg(Op::neg, emit_neg);
const RegisterEmit register_sign(Op::sign, emit_sign);
const RegisterEmit register_not(Op::logical_not, emit_not);

}  // namespace

}  // namespace burin::ops
