// Reading by content; resizing; conversion to a network's input.
#include "data/image.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "data/decode.h"

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

// The source positions and weights of one destination coordinate: a tent as wide as the scale.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> make_taps(int from, int to) {
  double scale = static_cast<double>(from) / to;
  double radius = std::max(1.0, scale);
  std::vector<Taps> taps(static_cast<size_t>(to));
  for (int i = 0; i < to; ++i) {
    double centre = (i + 0.5) * scale - 0.5;
    int lo = std::max(0, static_cast<int>(std::ceil(centre - radius)));
    int hi = std::min(from - 1, static_cast<int>(std::floor(centre + radius)));
    Taps& t = taps[static_cast<size_t>(i)];
    t.first = std::min(lo, from - 1);
    double total = 0;
    for (int s = t.first; s <= std::max(hi, t.first); ++s) {
      double w = std::max(0.0, 1.0 - std::abs(s - centre) / radius);
      t.weights.push_back(static_cast<float>(w));
      total += w;
    }
    if (total <= 0) t.weights.assign(1, 1.0f), total = 1;
    for (float& w : t.weights) w = static_cast<float>(w / total);
  }
  return taps;
}

}  // namespace

Result<Image> read_image(const std::string& path) {
  BURIN_ASSIGN(auto bytes, read_file(path));
  return decode_image(bytes, path);
}

Result<Image> decode_image(std::span<const uint8_t> bytes, const std::string& name) {
  static constexpr uint8_t kPng[] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
  if (bytes.size() >= 8 && std::equal(std::begin(kPng), std::end(kPng), bytes.begin())) {
    return decode_png(bytes, name);
  }
  if (bytes.size() >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8) return decode_jpeg(bytes, name);
  return fail(name, "not a JPEG or PNG image");
}

Image resize(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  std::vector<Taps> across = make_taps(image.width, width), down = make_taps(image.height, height);
  // Rows first shrink across, then the rows of each column are mixed.
  std::vector<float> wide(static_cast<size_t>(image.height) * static_cast<size_t>(width) * 3);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = &image.rgb[static_cast<size_t>(y) * static_cast<size_t>(image.width) * 3];
    for (int x = 0; x < width; ++x) {
      const Taps& t = across[static_cast<size_t>(x)];
      float* out =
          &wide[(static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3];
      for (size_t k = 0; k < t.weights.size(); ++k) {
        const uint8_t* pixel = row + (static_cast<size_t>(t.first) + k) * 3;
        for (int c = 0; c < 3; ++c) out[c] += t.weights[k] * pixel[c];
      }
    }
  }
  Image result{width, height, {}};
  size_t stride = static_cast<size_t>(width) * 3;
  result.rgb.resize(static_cast<size_t>(height) * stride);
  for (int y = 0; y < height; ++y) {
    const Taps& t = down[static_cast<size_t>(y)];
    for (size_t i = 0; i < stride; ++i) {
      float sum = 0;
      for (size_t k = 0; k < t.weights.size(); ++k) {
        sum += t.weights[k] * wide[(static_cast<size_t>(t.first) + k) * stride + i];
      }
      result.rgb[static_cast<size_t>(y) * stride + i] =
          static_cast<uint8_t>(std::clamp(sum + 0.5f, 0.0f, 255.0f));
    }
  }
  return result;
}

Result<Normalisation> normalisation_from_name(const std::string& name) {
  if (name == "unit") return Normalisation{};
  if (name == "imagenet") return Normalisation{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  constexpr float kByte = 1.0f / 255;
  if (name == "none") return Normalisation{{0, 0, 0}, {kByte, kByte, kByte}};
  return fail("--normalise", "unknown normalisation '" + name + "'", "unit, imagenet or none");
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
