// ONNX's elementwise ops of one tensor against their definitions, one row an op, on a sweep of
// points within the op's domain.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/support/onnx_op.h"

namespace burin::test {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return x / 2 * std::erfc(-x / std::numbers::sqrt2); }

// type, opset, first and last point, definition
#define BURIN_UNARY_CASES(X)                                                 \
  X(Abs, 13, -3, 3, std::abs(x))                                             \
  X(Acosh, 9, 1, 5, std::acosh(x))                                           \
  X(Atanh, 9, -0.9, 0.9, std::atanh(x))                                      \
  X(Celu, 12, -3, 3, x > 0 ? x : std::expm1(x))                              \
  X(Ceil, 13, -3, 3, std::ceil(x))                                           \
  X(Elu, 6, -3, 3, x > 0 ? x : std::expm1(x))                                \
  X(Erf, 13, -3, 3, std::erf(x))                                             \
  X(Exp, 13, -3, 3, std::exp(x))                                             \
  X(Gelu, 20, -3, 3, gelu(x))                                                \
  X(HardSigmoid, 6, -4, 4, std::clamp(0.2 * x + 0.5, 0.0, 1.0))              \
  X(HardSwish, 14, -4, 4, x* std::clamp(x / 6 + 0.5, 0.0, 1.0))              \
  X(LeakyRelu, 16, -3, 3, x < 0 ? 0.01f * x : x)                             \
  X(Log, 13, 0.1, 5, std::log(x))                                            \
  X(Mish, 18, -9, 9, x* std::tanh(std::log1p(std::exp(x))))                  \
  X(Neg, 13, -3, 3, -x)                                                      \
  X(Reciprocal, 13, 0.5, 3, 1 / x)                                           \
  X(Relu, 14, -3, 3, std::max(x, 0.0))                                       \
  X(Round, 11, -2.5, 2.5, std::nearbyint(x))                                 \
  X(Selu, 6, -3, 3, 1.05070102f * (x > 0 ? x : 1.67326319f * std::expm1(x))) \
  X(Shrink, 9, -3, 3, x<-0.5 || x> 0.5 ? x : 0)                              \
  X(Sigmoid, 13, -9, 9, sigmoid(x))                                          \
  X(Sign, 13, -3, 3, (x > 0) - (x < 0))                                      \
  X(Softplus, 1, -50, 50, std::log1p(std::exp(x)))                           \
  X(Softsign, 1, -3, 3, x / (1 + std::abs(x)))                               \
  X(Sqrt, 13, 0, 5, std::sqrt(x))                                            \
  X(Tanh, 13, -3, 3, std::tanh(x))                                           \
  X(ThresholdedRelu, 10, -3, 3, x > 1 ? x : 0)

struct UnaryCase {
  const char* type;
  int64_t opset;
  double first, last;
  double (*definition)(double x);
};

constexpr UnaryCase kCases[] = {
#define X(type, opset, first, last, definition) \
  {#type, opset, first, last, [](double x) { return static_cast<double>(definition); }},
    BURIN_UNARY_CASES(X)
#undef X
};

TEST(OnnxUnary, FollowsTheDefinitions) {
  constexpr int kPoints = 41;
  for (const UnaryCase& test : kCases) {
    SCOPED_TRACE(test.type);
    double step = (test.last - test.first) / (kPoints - 1);
    Tensor x = ramp({kPoints}, test.first, step);
    std::vector<double> y = values_of({test.type, {x}, {}, test.opset});
    ASSERT_EQ(y.size(), kPoints);
    for (int i = 0; i < kPoints; ++i) {
      double expected = test.definition(x.as_double(i));
      EXPECT_NEAR(y[i], expected, 1e-6 + 1e-6 * std::abs(expected)) << "at " << x.as_double(i);
    }
  }
}

TEST(OnnxUnary, TakesItsAttributes) {
  Tensor x = floats({4}, {-2, -0.25, 0.25, 2});
  EXPECT_EQ(values_of({"LeakyRelu", {x}, {{"alpha", 0.5f}}}),
            (std::vector<double>{-1, -.125, .25, 2}));
  EXPECT_EQ(values_of({"ThresholdedRelu", {x}, {{"alpha", 0.0f}}}),
            (std::vector<double>{0, 0, .25, 2}));
  EXPECT_EQ(values_of({"Shrink", {x}, {{"lambd", 1.0f}, {"bias", 0.5f}}}),
            (std::vector<double>{-1.5, 0, 0, 1.5}));
  EXPECT_EQ(
      values_of(
          {"IsInf", {floats({3}, {-INFINITY, 1, INFINITY})}, {{"detect_negative", int64_t{0}}}}),
      (std::vector<double>{0, 0, 1}));
}

}  // namespace
}  // namespace burin::test
