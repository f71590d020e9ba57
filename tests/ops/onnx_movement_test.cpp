// ONNX ops that move elements: the forms that ONNX's own cases lack.
#include <gtest/gtest.h>

#include "tests/support/onnx_op.h"

namespace burin::test {
namespace {

using Values = std::vector<double>;
using Ints = std::vector<int64_t>;

Tensor indices(Ints values) {
  auto count = static_cast<int64_t>(values.size());
  return ints({count}, std::move(values));
}

// numpy's x[begin:end:step] of 0, 1, ... size - 1
Values sliced(int64_t size, int64_t begin, int64_t end, int64_t step) {
  return values_of(
      {"Slice", {ramp({size}), indices({begin}), indices({end}), indices({0}), indices({step})}});
}

TEST(OnnxSlice, AgreesWithNumpy) {
  constexpr int64_t kFar = INT64_MAX, kBefore = INT64_MIN;
  EXPECT_EQ(sliced(7, 1, 6, 2), (Values{1, 3, 5}));
  EXPECT_EQ(sliced(7, -2, kFar, 1), (Values{5, 6}));
  EXPECT_EQ(sliced(7, kFar, kBefore, -1), (Values{6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(sliced(7, 5, 0, -2), (Values{5, 3, 1}));
  EXPECT_EQ(sliced(7, 6, 1, -3), (Values{6, 3}));
  EXPECT_EQ(sliced(7, 0, 7, kFar), (Values{0}));
  EXPECT_EQ(sliced(7, -1, -8, kBefore), (Values{6}));
  EXPECT_EQ(sliced(7, 4, 2, 1), (Values{}));
  EXPECT_EQ(sliced(1, 0, -2, -1), (Values{0}));
}

TEST(OnnxSlice, TakesAttributesBeforeOpset10) {
  OnnxCase test{
      "Slice", {ramp({2, 3})}, {{"starts", Ints{1}}, {"ends", Ints{-1}}, {"axes", Ints{1}}}, 9};
  EXPECT_EQ(values_of(test), (Values{1, 4}));
}

Values padded(const std::string& mode, Ints pads, int64_t opset = 19) {
  return values_of({"Pad", {ramp({4}), indices(std::move(pads))}, {{"mode", mode}}, opset});
}

TEST(OnnxPad, RepeatsAndCrops) {
  EXPECT_EQ(padded("reflect", {2, 1}), (Values{2, 1, 0, 1, 2, 3, 2}));
  EXPECT_EQ(padded("reflect", {7, 0}), (Values{1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3}));
  EXPECT_EQ(padded("edge", {2, 1}), (Values{0, 0, 0, 1, 2, 3, 3}));
  EXPECT_EQ(padded("wrap", {2, 5}), (Values{2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0}));
  EXPECT_EQ(padded("constant", {-1, 2}), (Values{1, 2, 3, 0, 0}));
  EXPECT_EQ(padded("constant", {-3, -1}), (Values{}));
}

TEST(OnnxPad, NamesAxesSinceOpset18) {
  OnnxCase test{"Pad", {ramp({1, 2}), indices({1, 0}), floats({}, {9}), indices({-1})}, {}, 18};
  EXPECT_EQ(values_of(test), (Values{9, 0, 1}));
}

TEST(OnnxSplit, GivesTheLastPartTheRest) {
  auto parts = run_onnx({"Split", {ramp({7})}, {{"num_outputs", int64_t{3}}}, 18, 3});
  ASSERT_TRUE(parts) << parts.error().text();
  EXPECT_EQ((*parts)[1].to_doubles(), (Values{3, 4, 5}));
  EXPECT_EQ((*parts)[2].to_doubles(), (Values{6}));
}

TEST(OnnxCenterCropPad, CropsAndPadsEachAxis) {
  OnnxCase test{"CenterCropPad", {ramp({2, 5}), indices({4, 3})}, {}, 18};
  EXPECT_EQ(values_of(test), (Values{0, 0, 0, 1, 2, 3, 6, 7, 8, 0, 0, 0}));
}

TEST(OnnxGather, CountsKnownAndUnknownIndicesFromTheEnd) {
  EXPECT_EQ(values_of({"Gather", {ramp({3, 2}), ints({2}, {-1, 0})}}), (Values{4, 5, 0, 1}));
  EXPECT_EQ(values_of({"Gather", {ramp({3, 2}), ints({}, {-1})}, {{"axis", int64_t{1}}}}),
            (Values{1, 3, 5}));
}

TEST(OnnxUpsample, RepeatsElements) {
  OnnxCase test{"Upsample", {ramp({1, 1, 1, 2})}, {{"scales", std::vector<float>{1, 1, 2, 2}}}, 7};
  EXPECT_EQ(values_of(test), (Values{0, 0, 1, 1, 0, 0, 1, 1}));
}

TEST(OnnxResize, AntialiasesWhenItShrinks) {
  // The triangle of half-width 2 around 0.5 and 2.5, cut at the edges: weights 0.75 0.75 0.25 ...
  OnnxCase test{
      "Resize",
      {ramp({4}), std::nullopt, floats({1}, {0.5})},
      {{"mode", std::string("linear")}, {"antialias", int64_t{1}}, {"exclude_outside", int64_t{1}}},
      18};
  Values y = values_of(test);
  ASSERT_EQ(y.size(), 2u);
  EXPECT_NEAR(y[0], (0.75 * 0 + 0.75 * 1 + 0.25 * 2) / 1.75, 1e-6);
  EXPECT_NEAR(y[1], (0.25 * 1 + 0.75 * 2 + 0.75 * 3) / 1.75, 1e-6);
}

TEST(OnnxResize, KeepsTheAspectRatio) {
  OnnxCase test{"Resize",
                {ramp({2, 4}), std::nullopt, std::nullopt, indices({4, 4})},
                {{"keep_aspect_ratio_policy", std::string("not_larger")}},
                18};
  auto y = run_onnx(test);
  ASSERT_TRUE(y) << y.error().text();
  EXPECT_EQ((*y)[0].shape(), (Shape{2, 4}));
}

}  // namespace
}  // namespace burin::test
