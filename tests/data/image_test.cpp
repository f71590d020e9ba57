// Decoding, resizing and conversion of images, with files made here.
#include "data/image.h"

#include <gtest/gtest.h>
#include <spng.h>

#include "tests/support/image_files.h"

namespace burin::data {

using test::jpeg_of, test::png_of, test::webp_of;

TEST(Image, DecodesPngOfEveryColourType) {
  auto rgb = decode_image(png_of({10, 20, 30, 40, 50, 60}, 2, 1, SPNG_COLOR_TYPE_TRUECOLOR), "p");
  ASSERT_TRUE(rgb);
  EXPECT_EQ(rgb->rgb, (std::vector<uint8_t>{10, 20, 30, 40, 50, 60}));
  auto grey = decode_image(png_of({7, 200}, 1, 2, SPNG_COLOR_TYPE_GRAYSCALE), "p");
  ASSERT_TRUE(grey);
  EXPECT_EQ(grey->rgb, (std::vector<uint8_t>{7, 7, 7, 200, 200, 200}));
  auto alpha = decode_image(png_of({255, 100, 0, 0}, 1, 1, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA), "p");
  ASSERT_TRUE(alpha);
  EXPECT_EQ(alpha->rgb, (std::vector<uint8_t>{0, 0, 0}));
}

TEST(Image, DecodesJpeg) {
  std::vector<uint8_t> flat(16 * 16 * 3, 120);
  auto image = decode_image(jpeg_of(flat, 16, 16), "j");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->width, 16);
  for (uint8_t byte : image->rgb) EXPECT_NEAR(byte, 120, 2);
}

TEST(Image, RefusesBrokenFiles) {
  std::vector<uint8_t> noise = test::noise_of(64, 64);
  for (auto& whole : {jpeg_of(noise, 64, 64), png_of(noise, 64, 64, SPNG_COLOR_TYPE_TRUECOLOR),
                      webp_of(noise, 64, 64, 3)}) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{10}, size_t{40}, whole.size() / 2}) {
      auto result = decode_image(std::span(whole).first(size), "cut");
      ASSERT_FALSE(result) << size;
      EXPECT_EQ(result.error().where, "cut");
    }
  }
  EXPECT_FALSE(read_image("no-such-file.jpg"));
}

TEST(Image, ABrokenFileSpoilsNoOther) {
  std::vector<uint8_t> noise = test::noise_of(64, 64);
  for (auto& whole : {jpeg_of(noise, 64, 64), png_of(noise, 64, 64, SPNG_COLOR_TYPE_TRUECOLOR),
                      webp_of(noise, 64, 64, 3)}) {
    for (size_t size = 0; size < whole.size(); size += 13) {
      (void)decode_image(std::span(whole).first(size), "cut");
      auto next = decode_image(whole, "whole");
      ASSERT_TRUE(next) << "after " << size << " bytes: " << next.error().text();
    }
  }
}

TEST(Image, RefusesAbsurdSizes) {
  for (uint32_t side : {uint32_t{20000}, uint32_t{0x7fffffff}, uint32_t{0}}) {
    auto result = decode_image(test::png_header_of(side, side), "huge");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().where, "huge");
  }
  EXPECT_EQ(decode_image(test::png_header_of(70000, 1), "wide").error().reason,
            "image of 70000x1 pixels");
  std::vector<uint8_t> noise = test::noise_of(64, 64);
  for (auto& whole : {jpeg_of(noise, 64, 64), png_of(noise, 64, 64, SPNG_COLOR_TYPE_TRUECOLOR),
                      webp_of(noise, 64, 64, 3)}) {
    EXPECT_TRUE(decode_image(whole, "just", {.max_pixels = 4096}));
    auto result = decode_image(whole, "over", {.max_pixels = 4095});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, "image of 64x64 pixels");
  }
}

TEST(Image, RefusesOtherFiles) {
  std::string text = "not a picture at all";
  auto result = decode_image({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "t.jpg");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, "not a JPEG, PNG or WebP image");
}

TEST(Image, DecodesWebp) {
  std::vector<uint8_t> rgb = {10, 20, 30, 40, 50, 60};
  auto plain = decode_image(webp_of(rgb, 2, 1, 3), "w");
  ASSERT_TRUE(plain) << plain.error().text();
  EXPECT_EQ(plain->rgb, rgb);
  auto alpha = decode_image(webp_of({255, 100, 20, 255, 200, 200, 200, 51}, 2, 1, 4), "w");
  ASSERT_TRUE(alpha) << alpha.error().text();
  EXPECT_EQ(alpha->rgb, (std::vector<uint8_t>{255, 100, 20, 40, 40, 40}));
}

TEST(Image, DecodesInvertedInks) {
  // Cyan, magenta, yellow, key as Adobe stores them: 255 is no ink.
  std::vector<uint8_t> inks;
  for (int i = 0; i < 256; ++i) inks.insert(inks.end(), {255, 128, 0, 255});
  auto image = decode_image(test::cmyk_jpeg_of(inks, 16, 16), "cmyk");
  ASSERT_TRUE(image) << image.error().text();
  EXPECT_NEAR(image->rgb[0], 255, 4);
  EXPECT_NEAR(image->rgb[1], 128, 4);
  EXPECT_NEAR(image->rgb[2], 0, 4);
}

TEST(Image, ShrinksJpegsNotBelowTheWantedSize) {
  std::vector<uint8_t> flat(200 * 120 * 3, 90);
  std::vector<uint8_t> file = jpeg_of(flat, 200, 120);
  for (auto [wanted, width, height] : {std::tuple{25, 50, 30},
                                       {30, 50, 30},
                                       {31, 75, 45},
                                       {119, 200, 120},
                                       {500, 200, 120},
                                       {0, 200, 120}}) {
    auto image = decode_image(file, "j", {.wanted_width = wanted, .wanted_height = wanted});
    ASSERT_TRUE(image) << image.error().text();
    EXPECT_EQ(image->width, width) << wanted;
    EXPECT_EQ(image->height, height) << wanted;
    EXPECT_NEAR(image->rgb.back(), 90, 2);
  }
}

TEST(Image, ResizingKeepsFlatColourAndAverages) {
  Image flat{5, 3, std::vector<uint8_t>(45, 77)};
  for (auto [w, h] : {std::pair{1, 1}, {3, 7}, {17, 2}, {33, 33}}) {
    Image out = resize(flat, w, h);
    EXPECT_EQ(out.rgb, std::vector<uint8_t>(static_cast<size_t>(w * h * 3), 77));
  }
  Image pair{2, 1, {0, 0, 0, 200, 200, 200}};
  EXPECT_EQ(resize(pair, 1, 1).rgb, (std::vector<uint8_t>{100, 100, 100}));
}

TEST(Image, BecomesATensor) {
  Image image{2, 1, {255, 0, 51, 0, 255, 102}};
  Tensor rgb = to_tensor(image, 3, *normalisation_from_name("unit"));
  EXPECT_EQ(rgb.shape(), Shape({1, 3, 1, 2}));
  EXPECT_FLOAT_EQ(rgb.load<float>(0), 1.0f);
  EXPECT_FLOAT_EQ(rgb.load<float>(3), 1.0f);
  EXPECT_FLOAT_EQ(rgb.load<float>(4), 0.2f);
  Tensor raw = to_tensor(image, 3, *normalisation_from_name("none"));
  EXPECT_FLOAT_EQ(raw.load<float>(0), 255.0f);
  Tensor imagenet = to_tensor(image, 3, *normalisation_from_name("imagenet"));
  EXPECT_NEAR(imagenet.load<float>(0), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_EQ(to_tensor(image, 1, *normalisation_from_name("unit")).shape(), Shape({1, 1, 1, 2}));
  EXPECT_FALSE(normalisation_from_name("other"));
}

}  // namespace burin::data
