// The unary elementwise primitives.
#include <cmath>

#include "ops/evaluate.h"

namespace burin::ops {

namespace {

TensorType infer_numeric(const InferArgs& args) {
  check_numeric(args.op, args.operands[0]);
  return args.operands[0];
}

TensorType infer_float(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  if (!is_float(x.dtype)) refuse(args.op, fmt::format("is defined for floats, not {}", x.text()));
  return x;
}

TensorType infer_bits(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  if (is_float(x.dtype)) refuse(args.op, fmt::format("is not defined for {}", x.text()));
  return x;
}

TensorType infer_test(const InferArgs& args) { return {DType::pred, infer_float(args).shape}; }

// NaN stays NaN, and zeros keep their sign.
template <class T>
T sign_of(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return x > 0 ? 1 : x < 0 ? -1 : x;
  else
    return static_cast<T>((x > 0) - (x < 0));
}

template <class T>
T complement(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return !x;
  else
    return static_cast<T>(~x);
}

// One row per op; x is a double, or for the wider domains the dtype's own C++ type.
#define BURIN_UNARY_ROW(name, rule, domain, expression)                                           \
  const RegisterOp register_##name(Op::name,                                                      \
                                   {.arity = 1, .infer = rule, .eval = [](const EvalArgs& args) { \
                                      return map_elements<Domain::domain, 1>(                     \
                                          args, [](auto x) { return expression; });               \
                                    }});
#define X(name, expression) BURIN_UNARY_ROW(name, infer_float, floats, expression)
X(exp, std::exp(x))
X(expm1, std::expm1(x))
X(log, std::log(x))
X(log1p, std::log1p(x))
X(sin, std::sin(x))
X(cos, std::cos(x))
X(tan, std::tan(x))
X(asin, std::asin(x))
X(acos, std::acos(x))
X(atan, std::atan(x))
X(sinh, std::sinh(x))
X(cosh, std::cosh(x))
X(asinh, std::asinh(x))
X(acosh, std::acosh(x))
X(atanh, std::atanh(x))
X(tanh, std::tanh(x))
X(logistic, 1 / (1 + std::exp(-x)))
X(erf, std::erf(x))
X(sqrt, std::sqrt(x))
X(rsqrt, 1 / std::sqrt(x))
X(floor, std::floor(x))
X(ceil, std::ceil(x))
X(round_nearest_even, std::nearbyint(x))
#undef X
BURIN_UNARY_ROW(neg, infer_numeric, numbers, -bits(x))
BURIN_UNARY_ROW(abs, infer_numeric, numbers, x < 0 ? -bits(x) : bits(x))
BURIN_UNARY_ROW(sign, infer_numeric, numbers, sign_of(x))
BURIN_UNARY_ROW(logical_not, infer_bits, integers, complement(x))
BURIN_UNARY_ROW(is_nan, infer_test, floats, std::isnan(x))
BURIN_UNARY_ROW(is_inf, infer_test, floats, std::isinf(x))
#undef BURIN_UNARY_ROW

}  // namespace

}  // namespace burin::ops
