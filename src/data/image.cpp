// Reading by content; resizing; conversion to a network's input.
#include "data/image.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "data/decode.h"
#include "data/resample.h"

namespace burin::data {

namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 30;

Result<std::vector<uint8_t>> read_file(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                       &std::fclose);
  if (!file) return fail(path, std::string("cannot open: ") + std::strerror(errno));
  std::vector<uint8_t> bytes;
  uint8_t block[1 << 16];
  while (size_t n = std::fread(block, 1, sizeof(block), file.get())) {
    bytes.insert(bytes.end(), block, block + n);
    if (static_cast<int64_t>(bytes.size()) > kMaxFileBytes) {
      return fail(path, "image file is larger than 1 GiB");
    }
  }
  if (std::ferror(file.get()))
    return fail(path, std::string("cannot read: ") + std::strerror(errno));
  return bytes;
}

}  // namespace

Result<Image> read_image(const std::string& path, const DecodeOptions& options) {
  BURIN_ASSIGN(auto bytes, read_file(path));
  return decode_image(bytes, path, options);
}

Result<Image> decode_image(std::span<const uint8_t> bytes, const std::string& name,
                           const DecodeOptions& options) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(bytes, name, options);
  if (text.starts_with("\xff\xd8")) return decode_jpeg(bytes, name, options);
  if (text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP")) {
    return decode_webp(bytes, name, options);
  }
  return fail(name, "not a JPEG, PNG or WebP image");
}

Image resize(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  Resampler resampler;
  resampler.assign(image.width, image.height, {0, static_cast<double>(image.width)},
                   {0, static_cast<double>(image.height)}, width, height, false);
  Image result = make_image(width, height);
  size_t stride = static_cast<size_t>(width) * 3;
  std::vector<float> row(stride);
  for (int y = 0; y < height; ++y) {
    resampler.row(image.rgb.data(), 3, y, row.data());
    uint8_t* out = &result.rgb[static_cast<size_t>(y) * stride];
    for (size_t i = 0; i < stride; ++i) {
      out[i] = static_cast<uint8_t>(std::clamp(row[i] + 0.5f, 0.0f, 255.0f));
    }
  }
  return result;
}

Result<Normalisation> normalisation_from_name(const std::string& name) {
  if (name == "unit") return Normalisation{};
  if (name == "imagenet") return Normalisation{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  if (name == "signed") return Normalisation{{0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
  constexpr float kByte = 1.0f / 255;
  if (name == "none") return Normalisation{{0, 0, 0}, {kByte, kByte, kByte}};
  return fail("--normalise", "unknown normalisation '" + name + "'",
              "unit, signed, imagenet or none");
}

Tensor to_tensor(const Image& image, int channels, const Normalisation& n) {
  Tensor out({DType::f32, Shape({1, channels, image.height, image.width})});
  auto* data = reinterpret_cast<float*>(out.mutable_data());
  size_t pixels = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t* p = &image.rgb[i * 3];
    if (channels == 1) {
      float luma = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
      data[i] = (luma / 255.0f - n.mean[0]) / n.deviation[0];
      continue;
    }
    for (size_t c = 0; c < 3; ++c) {
      data[c * pixels + i] = (p[c] / 255.0f - n.mean[c]) / n.deviation[c];
    }
  }
  return out;
}

}  // namespace burin::data
