// What is drawn stays within its ranges and depends on the generator alone.
#include "data/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace burin::data {

TEST(Augment, DrawsNothingByDefault) {
  Transform t = draw_transform({}, Rng(3));
  EXPECT_EQ(std::tuple(t.left, t.top, t.width, t.height), std::tuple(0, 0, 1, 1));
  EXPECT_EQ(std::tuple(t.mirrored, t.radians, t.brightness, t.contrast, t.saturation),
            std::tuple(false, 0, 1, 1, 1));
  EXPECT_EQ(std::tuple(t.shift_x, t.shift_y, t.cut_side), std::tuple(0, 0, 0));
}

TEST(Augment, StaysWithinItsRanges) {
  Augmentation a{.flip = true, .min_area = 0.3, .shift = 4, .rotation = 15, .brightness = 0.2};
  int mirrored = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Transform t = draw_transform(a, Rng(seed));
    mirrored += t.mirrored;
    ASSERT_GE(t.width * t.height, 0.3 * 0.74);
    ASSERT_LE(t.left + t.width, 1 + 1e-12);
    ASSERT_LE(t.top + t.height, 1 + 1e-12);
    ASSERT_LE(std::abs(t.shift_x), 4);
    ASSERT_LE(std::abs(t.radians), 0.262);
    ASSERT_NEAR(t.brightness, 1, 0.2);
  }
  EXPECT_NEAR(mirrored, 1000, 100);
}

TEST(Augment, RefusesAbsurdOptions) {
  EXPECT_TRUE(check_augmentation({}));
  for (const Augmentation& bad :
       {Augmentation{.min_area = 0}, Augmentation{.min_area = NAN}, Augmentation{.shift = -1},
        Augmentation{.rotation = 181}, Augmentation{.contrast = 2}, Augmentation{.cutout = -1}}) {
    EXPECT_FALSE(check_augmentation(bad));
  }
}

TEST(Augment, MixesOppositeRows) {
  std::vector<float> values = {1, 2, 10, 20, 5, 6};
  mix_rows(values, 3, 0.75f);
  EXPECT_EQ(values, (std::vector<float>{2, 3, 10, 20, 4, 5}));
}

TEST(Augment, DrawsWeightsFromBeta) {
  for (double alpha : {0.2, 1.0, 4.0}) {
    Rng rng(9);
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      double w = draw_mixup_weight(alpha, rng);
      ASSERT_TRUE(w >= 0 && w <= 1);
      sum += w, squares += w * w;
    }
    double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    EXPECT_NEAR(mean, 0.5, 0.01);
    EXPECT_NEAR(variance, 1 / (4 * (2 * alpha + 1)), 0.005);
  }
}

}  // namespace burin::data
