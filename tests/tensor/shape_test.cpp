// Shapes: sizes, strides and the refusal of absurd ones.
#include "tensor/shape.h"

#include <gtest/gtest.h>

#include "tensor/tensor.h"

namespace burin {

TEST(Shape, StridesAreRowMajor) {
  Shape s({2, 3, 4});
  EXPECT_EQ(s.elements(), 24);
  EXPECT_EQ(s.strides(), (Dims{12, 4, 1}));
  EXPECT_EQ(s.text(), "2x3x4");
}

TEST(Shape, RefusesOverflowEvenBehindAZero) {
  Dims huge = {int64_t{1} << 60};
  EXPECT_FALSE(check_shape(huge));
  Dims hidden = {0, int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_FALSE(check_shape(hidden));
  Dims negative = {-1};
  EXPECT_FALSE(check_shape(negative));
  Dims empty = {0, 5};
  EXPECT_TRUE(check_shape(empty));
}

TEST(Half, RoundTripsEveryBitPattern) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float f = half_to_float(static_cast<uint16_t>(bits));
    if (f != f) continue;
    EXPECT_EQ(float_to_half(f), bits);
  }
}

TEST(Tensor, ConvertsElements) {
  std::vector<double> values = {1.5, -2.0, 300.0};
  Tensor t = Tensor::from_doubles({DType::u8, Shape{3}}, values);
  EXPECT_EQ(t.to_ints(), (std::vector<int64_t>{1, 0, 255}));
}

}  // namespace burin
