// Decoding, resizing and conversion of images, with files made here.
#include "data/image.h"

#include <gtest/gtest.h>
#include <spng.h>
#include <turbojpeg.h>

#include <cstdlib>

namespace burin::data {

namespace {

std::vector<uint8_t> png_of(const std::vector<uint8_t>& pixels, uint32_t width, uint32_t height,
                            uint8_t colour_type) {
  spng_ctx* encoder = spng_ctx_new(SPNG_CTX_ENCODER);
  spng_set_option(encoder, SPNG_ENCODE_TO_BUFFER, 1);
  spng_ihdr header = {width, height, 8, colour_type, 0, 0, 0};
  spng_set_ihdr(encoder, &header);
  spng_encode_image(encoder, pixels.data(), pixels.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  size_t size = 0;
  int error = 0;
  auto* bytes = static_cast<uint8_t*>(spng_get_png_buffer(encoder, &size, &error));
  std::vector<uint8_t> out(bytes, bytes + size);
  std::free(bytes);
  spng_ctx_free(encoder);
  return out;
}

std::vector<uint8_t> jpeg_of(const std::vector<uint8_t>& rgb, int width, int height) {
  tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, rgb.data(), width, 0, height, TJPF_RGB, &bytes, &size, TJSAMP_444, 95, 0);
  std::vector<uint8_t> out(bytes, bytes + size);
  tjFree(bytes);
  tjDestroy(encoder);
  return out;
}

}  // namespace

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
  std::vector<uint8_t> noise(64 * 64 * 3);
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * 7919 >> 3);
  for (auto& whole : {jpeg_of(noise, 64, 64), png_of(noise, 64, 64, SPNG_COLOR_TYPE_TRUECOLOR)}) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{10}, size_t{40}, whole.size() / 2}) {
      auto result = decode_image(std::span(whole).first(size), "cut");
      ASSERT_FALSE(result) << size;
      EXPECT_EQ(result.error().where, "cut");
    }
  }
  EXPECT_FALSE(read_image("no-such-file.jpg"));
}

TEST(Image, RefusesAbsurdSizes) {
  // A PNG header that claims 2^31-1 x 2^31-1 pixels, with a right checksum.
  std::vector<uint8_t> png = png_of({1, 2, 3}, 1, 1, SPNG_COLOR_TYPE_TRUECOLOR);
  for (size_t i = 16; i < 24; ++i) png[i] = 0x7f;
  EXPECT_FALSE(decode_image(png, "huge"));
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
