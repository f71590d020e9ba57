// Pictures into batches: geometry, colour, layouts, against pixels counted by hand and image.h.
#include "data/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <numeric>

#include "tests/support/image_files.h"

namespace burin::data {

namespace {

// Grey pixels 0, 1, 2 ... as floats.
Pixels ramp(int width, int height) {
  Pixels p{width, height, 1, {}, std::vector<float>(static_cast<size_t>(width * height))};
  std::iota(p.floats.begin(), p.floats.end(), 0.0f);
  return p;
}

PictureFormat grey(int width, int height) { return {width, height, 1, Layout::nhwc, {}}; }

std::vector<float> rendered(const Pixels& pixels, const PictureFormat& format,
                            const Transform& transform = {}) {
  std::vector<float> out(static_cast<size_t>(format.elements()), -1000.0f);
  Renderer(format).render(pixels, transform, out.data());
  return out;
}

Pixels noise(int width, int height) {
  return {width, height, 3, test::noise_of(width, height), {}};
}

}  // namespace

TEST(Render, KeepsCropsMirrorsAndShifts) {
  using Floats = std::vector<float>;
  Pixels p = ramp(4, 2);
  EXPECT_EQ(rendered(p, grey(4, 2)), (Floats{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(rendered(p, grey(4, 2), {.mirrored = true}), (Floats{3, 2, 1, 0, 7, 6, 5, 4}));
  EXPECT_EQ(rendered(p, grey(2, 1), {.left = 0.25, .top = 0.5, .width = 0.5, .height = 0.5}),
            (Floats{5, 6}));
  EXPECT_EQ(rendered(p, grey(4, 2), {.shift_x = 1}), (Floats{0, 0, 1, 2, 0, 4, 5, 6}));
  EXPECT_EQ(rendered(p, grey(4, 2), {.shift_x = -1, .shift_y = 1}),
            (Floats{0, 0, 0, 0, 1, 2, 3, 0}));
}

TEST(Render, Turns) {
  Pixels p = ramp(3, 3);
  auto quarter = rendered(p, grey(3, 3), {.radians = std::numbers::pi / 2});
  std::vector<float> turned = {2, 5, 8, 1, 4, 7, 0, 3, 6};  // counter-clockwise
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(quarter[i], turned[i], 1e-5) << i;
  auto eighth = rendered(p, grey(3, 3), {.radians = std::numbers::pi / 4});
  EXPECT_FLOAT_EQ(eighth[4], 4);
  // The corner comes from sqrt(2) below the centre, beyond the last row: the rest is black.
  EXPECT_NEAR(eighth[8], 7 * (2 - std::numbers::sqrt2), 1e-4);
}

TEST(Render, AgreesWithResizeAndToTensor) {
  Pixels p = noise(37, 21);
  Normalisation n = *normalisation_from_name("imagenet");
  for (int channels : {1, 3}) {
    PictureFormat format{16, 24, channels, Layout::nchw, n};
    auto out = rendered(p, format);
    Tensor expected = to_tensor(resize({p.width, p.height, p.bytes}, 16, 24), channels, n);
    for (int64_t i = 0; i < expected.elements(); ++i) {
      ASSERT_NEAR(out[static_cast<size_t>(i)], expected.load<float>(i), 0.51 / 255 / 0.224) << i;
    }
  }
}

TEST(Render, LayoutsHoldTheSameNumbers) {
  Pixels p = noise(9, 7);
  Transform t{.left = 0.1,
              .width = 0.8,
              .mirrored = true,
              .radians = 0.2,
              .brightness = 1.2,
              .contrast = 0.7,
              .saturation = 1.4,
              .cut_x = 0.3,
              .cut_y = 0.9,
              .cut_side = 0.4};
  Normalisation n = *normalisation_from_name("imagenet");
  auto nhwc = rendered(p, {5, 6, 3, Layout::nhwc, n}, t);
  auto nchw = rendered(p, {5, 6, 3, Layout::nchw, n}, t);
  for (size_t i = 0; i < 30; ++i) {
    for (size_t c = 0; c < 3; ++c) EXPECT_EQ(nhwc[i * 3 + c], nchw[c * 30 + i]);
  }
}

TEST(Render, ChangesColour) {
  Pixels p{1, 2, 3, {}, {0.2f, 0.4f, 0.6f, 0.5f, 0.5f, 0.5f}};
  PictureFormat format{1, 2, 3, Layout::nhwc, {}};
  auto bright = rendered(p, format, {.brightness = 2});
  EXPECT_FLOAT_EQ(bright[0], 0.4f);
  EXPECT_FLOAT_EQ(bright[2], 1.0f);  // clipped
  auto grey = rendered(p, format, {.saturation = 0});
  float luma = 0.299f * 0.2f + 0.587f * 0.4f + 0.114f * 0.6f;
  EXPECT_FLOAT_EQ(grey[0], luma);
  EXPECT_FLOAT_EQ(grey[2], luma);
  auto flat = rendered(p, format, {.contrast = 0});
  for (float v : flat) EXPECT_NEAR(v, (luma + 0.5f) / 2, 1e-6);
  EXPECT_FLOAT_EQ(rendered({1, 1, 1, {51}, {}}, {1, 1, 1, Layout::nhwc, {}}, {.brightness = 2})[0],
                  0.4f);
}

TEST(Render, CutsOutASquare) {
  Pixels p{8, 8, 1, std::vector<uint8_t>(64, 255), {}};
  auto inside = rendered(p, grey(8, 8), {.cut_x = 0.5, .cut_y = 0.5, .cut_side = 0.5});
  EXPECT_EQ(std::ranges::count(inside, 0.0f), 16);
  EXPECT_EQ(inside[2 * 8 + 2], 0);
  EXPECT_EQ(inside[6 * 8 + 6], 1);
  auto corner = rendered(p, grey(8, 8), {.cut_side = 0.5});
  EXPECT_EQ(std::ranges::count(corner, 0.0f), 4);
}

TEST(Render, RepeatsGrey) {
  Pixels p{1, 1, 1, {51}, {}};
  EXPECT_EQ(rendered(p, {1, 1, 3, Layout::nhwc, {}}), (std::vector<float>(3, 51 * (1.0f / 255))));
}

}  // namespace burin::data
