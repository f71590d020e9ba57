// ONNX ops of one tensor, element by element: one row an op with its formula in x.
// To add one, add a row here and a row to the table of tests/ops/onnx_unary_test.cpp.
#include <cmath>
#include <numbers>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

double number(OpContext& c, std::string_view attribute, float fallback) {
  return c.attr_float(attribute, fallback);
}

// log(1 + exp(x)) without overflow
Value softplus(Value x) { return max(x, 0.0) + log1p(exp(-abs(x))); }

// x * phi(x), phi the normal distribution or its tanh approximation (Hendrycks and Gimpel 2016)
Value gelu(OpContext& c, Value x) {
  std::string approximate = c.attr_string("approximate", "none");
  if (approximate == "none") return 0.5 * x * (1.0 + erf(x * (1.0 / std::numbers::sqrt2)));
  if (approximate != "tanh") refuse("attribute approximate is '" + approximate + "'");
  Value inner = x + 0.044715 * (x * x * x);
  return 0.5 * x * (1.0 + tanh(std::sqrt(2.0 / std::numbers::pi) * inner));
}

// x + bias where |x| passes lambd, else 0; the bias points to zero
Value shrink(Value x, double lambd, double bias) {
  return select(x < -lambd, x + bias, select(x > lambd, x - bias, 0.0));
}

Value hard_sigmoid(Value x, double alpha, double beta) { return clip(alpha * x + beta, 0, 1); }

Value is_infinite(OpContext& c, Value x) {
  bool positive = c.attr_int("detect_positive", 1), negative = c.attr_int("detect_negative", 1);
  if (positive && negative) return is_inf(x);
  return is_inf(x) & (positive ? x > 0.0 : negative ? x < 0.0 : ne(x, x));
}

// x for x >= 0, else negative
Value above_zero(Value x, Value negative) { return select(x < 0.0, negative, x); }

}  // namespace

// type, first opset, formula
#define BURIN_ONNX_UNARY_OPS(X)                                                          \
  X(Abs, 1, abs(x))                                                                      \
  X(Acos, 7, acos(x))                                                                    \
  X(Acosh, 9, acosh(x))                                                                  \
  X(Asin, 7, asin(x))                                                                    \
  X(Asinh, 9, asinh(x))                                                                  \
  X(Atan, 7, atan(x))                                                                    \
  X(Atanh, 9, atanh(x))                                                                  \
  X(BitwiseNot, 18, logical_not(x))                                                      \
  X(Ceil, 1, ceil(x))                                                                    \
  X(Celu, 12, max(x, 0.0) + min(a(1) * expm1(x / a(1)), 0.0))                            \
  X(Cos, 7, cos(x))                                                                      \
  X(Cosh, 9, cosh(x))                                                                    \
  X(Elu, 6, above_zero(x, a(1) * expm1(x)))                                              \
  X(Erf, 9, erf(x))                                                                      \
  X(Exp, 1, exp(x))                                                                      \
  X(Floor, 1, floor(x))                                                                  \
  X(Gelu, 20, gelu(c, x))                                                                \
  X(HardSigmoid, 1, hard_sigmoid(x, a(0.2f), number(c, "beta", 0.5f)))                   \
  X(HardSwish, 14, mul(x, hard_sigmoid(x, 1.0 / 6, 0.5)))                                \
  X(IsInf, 10, is_infinite(c, x))                                                        \
  X(IsNaN, 9, is_nan(x))                                                                 \
  X(LeakyRelu, 6, above_zero(x, a(0.01f) * x))                                           \
  X(Log, 1, log(x))                                                                      \
  X(Mish, 18, mul(x, tanh(softplus(x))))                                                 \
  X(Neg, 1, neg(x))                                                                      \
  X(Not, 1, logical_not(x))                                                              \
  X(Reciprocal, 1, 1.0 / x)                                                              \
  X(Relu, 1, max(x, 0.0))                                                                \
  X(Round, 11, round_nearest_even(x))                                                    \
  X(Selu, 1, number(c, "gamma", 1.05070102f) * above_zero(x, a(1.67326319f) * expm1(x))) \
  X(Shrink, 9, shrink(x, number(c, "lambd", 0.5f), number(c, "bias", 0)))                \
  X(Sigmoid, 1, logistic(x))                                                             \
  X(Sign, 9, sign(x))                                                                    \
  X(Sin, 7, sin(x))                                                                      \
  X(Sinh, 9, sinh(x))                                                                    \
  X(Softplus, 1, softplus(x))                                                            \
  X(Softsign, 1, x / (1.0 + abs(x)))                                                     \
  X(Sqrt, 1, sqrt(x))                                                                    \
  X(Tan, 7, tan(x))                                                                      \
  X(Tanh, 1, tanh(x))                                                                    \
  X(ThresholdedRelu, 10, select(x > a(1), x, 0.0))

// In a formula, x is input 0, c the node, and a(v) the attribute alpha with default v.
#define X(type, since, formula)                                               \
  static void build_##type(OpContext& c) {                                    \
    Value x = input(c, 0);                                                    \
    [[maybe_unused]] auto a = [&](float v) { return number(c, "alpha", v); }; \
    c.set_output(0, formula);                                                 \
  }                                                                           \
  BURIN_ONNX_OP(type, since, build_##type);
BURIN_ONNX_UNARY_OPS(X)
#undef X

BURIN_ONNX_OP_IN("com.microsoft", Gelu, 1, build_Gelu);

}  // namespace burin::ops
