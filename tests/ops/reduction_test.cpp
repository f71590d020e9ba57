// Reductions against values worked out by hand; windows also against their definition.
#include "tests/support/values.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::ReduceKind;

class Reduction : public Values {};

TEST_F(Reduction, OverAxes) {
  NodeId x = f32({2, 3}, {1, 2, 3, -4, 5, 6});
  expect(b.reduce(x, ReduceKind::sum, {1}), {6, 7});
  expect(b.reduce(x, ReduceKind::sum, {0}), {-3, 7, 9});
  expect(b.reduce(x, ReduceKind::prod, {0, 1}), {-720});
  expect(b.reduce(x, ReduceKind::max, {0}), {1, 5, 6});
  expect(b.reduce(x, ReduceKind::min, {1}), {1, -4});
  expect(b.reduce(x, ReduceKind::sum, {}), {1, 2, 3, -4, 5, 6});
  expect(b.reduce(count({2, 2, 2}), ReduceKind::sum, {0, 2}), {10, 18});
}

TEST_F(Reduction, OfNothingIsTheIdentity) {
  NodeId x = f32({2, 0}, {}), y = value(DType::i8, {0}, {});
  expect(b.reduce(x, ReduceKind::sum, {1}), {0, 0});
  expect(b.reduce(x, ReduceKind::prod, {1}), {1, 1});
  expect(b.reduce(x, ReduceKind::max, {1}), {-kInfinity, -kInfinity});
  expect_ints(b.reduce(y, ReduceKind::max, {0}), {-128});
  expect_ints(b.reduce(y, ReduceKind::min, {0}), {127});
}

TEST_F(Reduction, NaNPropagatesAndIntegersWrap) {
  expect(b.reduce(f32({3}, {1, kNaN, 2}), ReduceKind::max, {0}), {kNaN});
  expect(b.reduce(f32({3}, {1, kNaN, 2}), ReduceKind::min, {0}), {kNaN});
  expect_ints(b.reduce(value(DType::u8, {3}, {200, 100, 7}), ReduceKind::sum, {0}), {51});
}

TEST_F(Reduction, Windows) {
  NodeId x = count({1, 5, 1});
  expect(
      b.reduce_window(x, {ReduceKind::sum, {1, 2, 1}, {1, 2, 1}, {1, 1, 1}, {0, 1, 0}, {0, 0, 0}}),
      {0, 3, 7});
  expect(
      b.reduce_window(x, {ReduceKind::max, {1, 2, 1}, {1, 1, 1}, {1, 3, 1}, {0, 0, 0}, {0, 2, 0}}),
      {3, 4, 2, 3});
  // A window that only sees padding yields the identity.
  expect(
      b.reduce_window(x, {ReduceKind::max, {1, 1, 1}, {1, 5, 1}, {1, 1, 1}, {0, 1, 0}, {0, 0, 0}}),
      {-kInfinity, 4});
}

TEST_F(Reduction, WindowsMayBeMuchLargerThanTheOperand) {
  int64_t huge = int64_t{1} << 39;
  NodeId x = f32({2}, {3, 4});
  expect(b.reduce_window(x, {ReduceKind::sum, {huge}, {huge}, {1}, {huge}, {huge}}), {0, 7});
}

// The definition: combines x[o*stride + t*dilation - low] over all taps t inside x.
TEST_F(Reduction, WindowsAgreeWithTheirDefinition) {
  const int64_t rows = 5, columns = 7;
  graph::WindowAttr attr{ReduceKind::sum, {3, 2}, {2, 1}, {1, 3}, {1, 2}, {2, 0}};
  NodeId y = b.reduce_window(count({rows, columns}), attr);
  Tensor got = of(y);
  int64_t next = 0;
  for (int64_t i = 0; i < b.shape(y)[0]; ++i) {
    for (int64_t j = 0; j < b.shape(y)[1]; ++j) {
      double sum = 0;
      for (int64_t s = 0; s < 3; ++s) {
        for (int64_t t = 0; t < 2; ++t) {
          int64_t row = i * 2 + s - 1, column = j + t * 3 - 2;
          bool inside = row >= 0 && row < rows && column >= 0 && column < columns;
          if (inside) sum += static_cast<double>(row * columns + column);
        }
      }
      EXPECT_EQ(got.as_double(next++), sum) << i << ", " << j;
    }
  }
  EXPECT_EQ(next, got.elements());
}

}  // namespace

}  // namespace burin::test
