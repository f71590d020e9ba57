// The unary elementwise primitives.
#include <cmath>
#include <limits>

#include "loop/math.h"
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

TensorType infer_complement(const InferArgs& args) {
  check_bits(args.op, args.operands[0]);
  return args.operands[0];
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

// For doubles; Reals bring their own.
using std::abs, std::acos, std::acosh, std::asin, std::asinh, std::atan, std::atanh, std::ceil,
    std::cos, std::cosh, std::erf, std::exp, std::expm1, std::floor, std::log, std::log1p,
    std::nearbyint, std::sin, std::sinh, std::sqrt, std::tan, std::tanh;

template <class F>
Array eval_floats(const EvalArgs& args) {
  return map_elements<Domain::floats, 1>(args, F{});
}

template <class F>
loop::Value emit_floats(loop::Builder& b, DType, std::span<const loop::Value> operands) {
  return F{}(loop::Real(b, operands[0])).value();
}

// The row of a float op. Its expression is written once: x is a double for the oracle, a Real for
// the loop IR.
template <class F>
graph::OpDef float_row(TensorType (*infer)(const InferArgs&), F) {
  return {.arity = 1, .infer = infer, .eval = eval_floats<F>, .emit = emit_floats<F>};
}

#define X(name, expression)                  \
  const RegisterOp register_##name(Op::name, \
                                   float_row(infer_float, [](auto x) { return expression; }));
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
X(logistic, 1 / (1 + exp(-x)))
X(erf, erf(x))
X(sqrt, sqrt(x))
X(rsqrt, 1 / sqrt(x))
X(floor, floor(x))
X(ceil, ceil(x))
X(round_nearest_even, nearbyint(x))
#undef X
const RegisterOp register_is_nan(Op::is_nan, float_row(infer_test, [](auto x) { return x != x; }));
const RegisterOp register_is_inf(Op::is_inf, float_row(infer_test, [](auto x) {
                                   return abs(x) == std::numeric_limits<double>::infinity();
                                 }));

// One row per op of other domains, emitted by ops/emit_unary.cpp; x is a double or of the dtype's
// own C++ type.
#define BURIN_UNARY_ROW(name, rule, domain, expression)                                           \
  const RegisterOp register_##name(Op::name,                                                      \
                                   {.arity = 1, .infer = rule, .eval = [](const EvalArgs& args) { \
                                      return map_elements<Domain::domain, 1>(                     \
                                          args, [](auto x) { return expression; });               \
                                    }});
BURIN_UNARY_ROW(neg, infer_numeric, numbers, -bits(x))
BURIN_UNARY_ROW(abs, infer_numeric, numbers, x < 0 ? -bits(x) : bits(x))
BURIN_UNARY_ROW(sign, infer_numeric, numbers, sign_of(x))
BURIN_UNARY_ROW(logical_not, infer_complement, integers, complement(x))
#undef BURIN_UNARY_ROW

}  // namespace

}  // namespace burin::ops
