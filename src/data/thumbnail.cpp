// Pixels of any kind -> RGB -> JPEG.
#include "data/thumbnail.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "data/image.h"

namespace burin::data {

namespace {

constexpr int kQuality = 92;

Image to_image(const Pixels& pixels) {
  Image image{pixels.width, pixels.height, {}};
  auto count = static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.height);
  auto channels = static_cast<size_t>(pixels.channels);
  image.rgb.resize(count * 3);
  auto byte = [&](size_t i) -> uint8_t {
    if (!pixels.bytes.empty()) return pixels.bytes[i];
    return static_cast<uint8_t>(std::lround(std::clamp(pixels.floats[i], 0.0f, 1.0f) * 255));
  };
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) image.rgb[i * 3 + c] = byte(i * channels + c % channels);
  }
  return image;
}

Result<std::vector<uint8_t>> encode_jpeg(const Image& image) {
  std::unique_ptr<void, int (*)(tjhandle)> encoder(tjInitCompress(), &tjDestroy);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  int status = tjCompress2(encoder.get(), image.rgb.data(), image.width, 0, image.height, TJPF_RGB,
                           &bytes, &size, TJSAMP_444, kQuality, 0);
  std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(bytes, &tjFree);
  if (status != 0) return fail("", std::string("cannot encode: ") + tjGetErrorStr2(encoder.get()));
  return std::vector<uint8_t>(bytes, bytes + size);
}

}  // namespace

Result<Thumbnail> make_thumbnail(const Dataset& dataset, int64_t item, int side) {
  BURIN_ASSIGN(Pixels pixels, dataset.load(item, {.wanted_width = side, .wanted_height = side}));
  double scale = std::min(1.0, static_cast<double>(side) / std::max(pixels.width, pixels.height));
  auto scaled = [&](int size) { return std::max(1, static_cast<int>(std::lround(size * scale))); };
  Image image = resize(to_image(pixels), scaled(pixels.width), scaled(pixels.height));
  BURIN_ASSIGN(std::vector<uint8_t> jpeg, encode_jpeg(image));
  return Thumbnail{image.width, image.height, std::move(jpeg)};
}

}  // namespace burin::data
