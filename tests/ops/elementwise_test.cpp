// Elementwise primitives and convert against values worked out by hand, with the corners that the
// table in graph/op.h promises.
#include "tests/support/values.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;

class Elementwise : public Values {};

TEST_F(Elementwise, FloatFunctions) {
  const double e = 2.718281828459045, pi = 3.141592653589793;
  struct Row {
    Op op;
    std::vector<double> x, y;
  };
  const Row rows[] = {
      {Op::neg, {1, -2}, {-1, 2}},
      {Op::abs, {1, -2, -kInfinity}, {1, 2, kInfinity}},
      {Op::sign, {3, -0.5, 0.0, -0.0, kNaN}, {1, -1, 0.0, -0.0, kNaN}},
      {Op::exp, {0, 1, -kInfinity}, {1, e, 0}},
      {Op::expm1, {0, 1}, {0, e - 1}},
      {Op::log, {1, e, 0, -1}, {0, 1, -kInfinity, kNaN}},
      {Op::log1p, {0, e - 1}, {0, 1}},
      {Op::sin, {0, pi / 2}, {0, 1}},
      {Op::cos, {0, pi / 3}, {1, 0.5}},
      {Op::tan, {0, pi / 4}, {0, 1}},
      {Op::asin, {0, 1}, {0, pi / 2}},
      {Op::acos, {1, -1}, {0, pi}},
      {Op::atan, {1, kInfinity}, {pi / 4, pi / 2}},
      {Op::sinh, {1}, {(e - 1 / e) / 2}},
      {Op::cosh, {1}, {(e + 1 / e) / 2}},
      {Op::tanh, {1, 50}, {(e - 1 / e) / (e + 1 / e), 1}},
      {Op::asinh, {(e - 1 / e) / 2}, {1}},
      {Op::acosh, {(e + 1 / e) / 2}, {1}},
      {Op::atanh, {(e - 1 / e) / (e + 1 / e)}, {1}},
      {Op::logistic, {0, 1, -100}, {0.5, e / (1 + e), std::exp(-100.0)}},
      {Op::erf, {0, 0.5, 10}, {0, 0.5204998778130465, 1}},
      {Op::sqrt, {9, -1}, {3, kNaN}},
      {Op::rsqrt, {4, 0}, {0.5, kInfinity}},
      {Op::floor, {1.5, -1.5}, {1, -2}},
      {Op::ceil, {1.5, -1.5}, {2, -1}},
      {Op::round_nearest_even, {0.5, 1.5, 2.5, -1.5, -0.5}, {0, 2, 2, -2, -0.0}},
  };
  for (const auto& [op, x, y] : rows) {
    SCOPED_TRACE(std::string(name_of(op)));
    auto n = static_cast<int64_t>(x.size());
    expect(b.add(op, {value(DType::f64, {n}, x)}), y);
  }
}

TEST_F(Elementwise, TestsYieldPred) {
  NodeId x = f32({4}, {1, kNaN, kInfinity, -kInfinity});
  expect_ints(b.is_nan(x), {0, 1, 0, 0});
  expect_ints(b.is_inf(x), {0, 0, 1, 1});
  NodeId y = f32({4}, {1, kNaN, 0, 1});
  expect_ints(b.eq(x, y), {1, 0, 0, 0});
  expect_ints(b.ne(x, y), {0, 1, 1, 1});
  expect_ints(b.lt(x, y), {0, 0, 0, 1});
  expect_ints(b.ge(x, y), {1, 0, 1, 0});
}

TEST_F(Elementwise, FloatArithmetic) {
  NodeId x = f32({5}, {5.5, -5.5, 1, kNaN, 2}), y = f32({5}, {2, 2, 0, 1, kNaN});
  expect(b.div(x, y), {2.75, -2.75, kInfinity, kNaN, kNaN});
  expect(b.rem(x, y), {1.5, -1.5, kNaN, kNaN, kNaN});
  expect(b.max(x, y), {5.5, 2, 1, kNaN, kNaN});
  expect(b.min(x, y), {2, -5.5, 0, kNaN, kNaN});
  expect(b.pow(x, f32({5}, {2, 3, 0, 0, -1})), {30.25, -166.375, 1, 1, 0.5});
  // Doubles are not rounded to f32 between ops: (1e8 + 1) - 1e8.
  NodeId large = f32({1}, {1e8});
  expect(b.sub(b.add(large, f32({1}, {1})), large), {1});
}

TEST_F(Elementwise, IntegersWrapAndDivideTowardsZero) {
  NodeId x = value(DType::i8, {5}, {127, -128, -7, 7, 5}),
         y = value(DType::i8, {5}, {1, -1, 2, -2, 0});
  expect_ints(b.add(x, y), {-128, 127, -5, 5, 5});
  expect_ints(b.mul(x, x), {1, 0, 49, 49, 25});
  expect_ints(b.div(x, y), {127, -128, -3, -3, 0});
  expect_ints(b.rem(x, y), {0, 0, -1, 1, 5});
  expect_ints(b.neg(x), {-127, -128, 7, -7, -5});
  expect_ints(b.abs(x), {127, -128, 7, 7, 5});
  expect_ints(b.sign(x), {1, -1, -1, 1, 1});
  NodeId u = value(DType::u8, {3}, {200, 3, 0}), v = value(DType::u8, {3}, {100, 5, 1});
  expect_ints(b.add(u, v), {44, 8, 1});
  expect_ints(b.sub(u, v), {100, 254, 255});
  expect_ints(b.max(u, v), {200, 5, 1});
  expect_ints(b.neg(u), {56, 253, 0});
}

TEST_F(Elementwise, UnsignedWordsCompareAsUnsigned) {
  NodeId zero = value(DType::u64, {1}, {0}), one = value(DType::u64, {1}, {1});
  NodeId top = b.sub(zero, one);
  expect_ints(b.gt(top, one), {1});
  expect_ints(b.max(top, one), {-1});
  expect_ints(b.div(top, value(DType::u64, {1}, {2})), {INT64_MAX});
  expect(b.convert(top, DType::f64), {0x1p64});
}

TEST_F(Elementwise, IntegerPowers) {
  NodeId x = value(DType::i32, {6}, {3, -2, -1, 2, 0, 1});
  expect_ints(b.pow(x, value(DType::i32, {6}, {4, 3, -3, -1, -1, -5})), {81, -8, -1, 0, 0, 1});
  expect_ints(b.pow(value(DType::i32, {1}, {2}), value(DType::i32, {1}, {32})), {0});
}

TEST_F(Elementwise, BitsAndShifts) {
  NodeId x = value(DType::i32, {4}, {12, -12, 1, -1}), y = value(DType::i32, {4}, {2, 2, 32, -1});
  expect_ints(b.bit_and(x, y), {0, 0, 0, -1});
  expect_ints(b.bit_or(x, y), {14, -10, 33, -1});
  expect_ints(b.bit_xor(x, y), {14, -10, 33, 0});
  expect_ints(b.shift_left(x, y), {48, -48, 0, 0});
  expect_ints(b.shift_right(x, y), {3, -3, 0, -1});
  NodeId u = value(DType::u8, {2}, {255, 128}), n = value(DType::u8, {2}, {1, 8});
  expect_ints(b.shift_left(u, n), {254, 0});
  expect_ints(b.shift_right(u, n), {127, 0});
  expect_ints(b.logical_not(u), {0, 127});
  expect_ints(b.logical_not(value(DType::pred, {2}, {0, 1})), {1, 0});
}

TEST_F(Elementwise, SelectAndClamp) {
  NodeId pred = value(DType::pred, {3}, {1, 0, 1});
  expect(b.select(pred, f32({3}, {1, 2, 3}), f32({3}, {4, 5, 6})), {1, 5, 3});
  expect_ints(b.select(pred, i64({3}, {1, 2, 3}), i64({3}, {4, 5, 6})), {1, 5, 3});
  NodeId low = f32({4}, {0, 0, 0, 2}), high = f32({4}, {1, 1, 1, 1});
  expect(b.clamp(low, f32({4}, {-1, 0.5, kNaN, 0}), high), {0, 0.5, kNaN, 1});
}

TEST_F(Elementwise, ConvertTruncatesSaturatesAndRounds) {
  NodeId x = f32({6}, {1.9, -1.9, 300, -300, kNaN, kInfinity});
  expect_ints(b.convert(x, DType::i8), {1, -1, 127, -128, 0, 127});
  expect_ints(b.convert(x, DType::u8), {1, 0, 255, 0, 0, 255});
  expect_ints(b.convert(x, DType::i64), {1, -1, 300, -300, 0, INT64_MAX});
  expect_ints(b.convert(f32({4}, {0, -0.0, 0.5, kNaN}), DType::pred), {0, 0, 1, 1});
  expect_ints(b.convert(i64({3}, {300, -1, 128}), DType::i8), {44, -1, -128});
  expect_ints(b.convert(i64({3}, {300, -1, 0}), DType::pred), {1, 1, 0});
  NodeId fine = value(DType::f64, {2}, {1 + 0x1p-12, 1e6});
  expect(b.convert(b.convert(fine, DType::f16), DType::f64), {1, kInfinity});
  expect(b.convert(b.convert(fine, DType::bf16), DType::f64), {1, 999424});
  expect(b.convert(value(DType::pred, {2}, {1, 0}), DType::f32), {1, 0});
}

}  // namespace

}  // namespace burin::test
