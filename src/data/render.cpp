// Row by row: resample, bring to the format's channels, colour, normalise, store.
#include "data/render.h"

#include <algorithm>
#include <cmath>

namespace burin::data {

namespace {

constexpr float kLuma[3] = {0.299f, 0.587f, 0.114f};

// Sums in integers for bytes, in double for floats.
template <class Sum, class T>
double mean_luma(const std::vector<T>& values, int channels) {
  Sum sum[3] = {};
  if (channels == 1) {
    for (T v : values) sum[0] += v;
    return static_cast<double>(sum[0]) / static_cast<double>(values.size());
  }
  for (size_t i = 0; i + 2 < values.size(); i += 3) {
#pragma GCC unroll 3
    for (size_t c = 0; c < 3; ++c) sum[c] += values[i + c];
  }
  double luma = 0;
  for (size_t c = 0; c < 3; ++c) luma += kLuma[c] * static_cast<double>(sum[c]);
  return luma / static_cast<double>(values.size() / 3);
}

// in: pixels of `from` channels; out: of `to` channels, which differ.
void map_channels(const float* in, int from, int to, size_t pixels, float* out) {
  for (size_t i = 0; i < pixels; ++i) {
    if (from == 1 && to == 3) {
      out[i * 3] = out[i * 3 + 1] = out[i * 3 + 2] = in[i];
    } else {
      out[i] = kLuma[0] * in[i * 3] + kLuma[1] * in[i * 3 + 1] + kLuma[2] * in[i * 3 + 2];
    }
  }
}

// Where a pixel of a turned picture comes from, in 1/65536 pixels.
constexpr int kFraction = 16;
constexpr int64_t kOne = int64_t{1} << kFraction;

// Bilinear; what lies outside is black.
template <int kChannels>
void sample(const float* in, int width, int height, int64_t x, int64_t y, float* out) {
  int64_t left = x >> kFraction, top = y >> kFraction;
  float right_share = static_cast<float>(x & (kOne - 1)) * (1.0f / kOne);
  float low_share = static_cast<float>(y & (kOne - 1)) * (1.0f / kOne);
  float weights[4] = {(1 - right_share) * (1 - low_share), right_share * (1 - low_share),
                      (1 - right_share) * low_share, right_share * low_share};
  if (left >= 0 && top >= 0 && left + 1 < width && top + 1 < height) {
    const float* upper = in + (top * width + left) * kChannels;
    const float* lower = upper + int64_t{1} * width * kChannels;
#pragma GCC unroll 3
    for (int c = 0; c < kChannels; ++c) {
      out[c] = weights[0] * upper[c] + weights[1] * upper[c + kChannels] + weights[2] * lower[c] +
               weights[3] * lower[c + kChannels];
    }
    return;
  }
  std::fill_n(out, kChannels, 0.0f);
  for (int k = 0; k < 4; ++k) {
    int64_t cx = left + (k & 1), cy = top + (k >> 1);
    if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
    const float* pixel = in + (cy * width + cx) * kChannels;
    for (int c = 0; c < kChannels; ++c) out[c] += weights[k] * pixel[c];
  }
}

// Row y of the picture turned about its centre.
template <int kChannels>
void turn_row(const float* in, int width, int height, double radians, int y, float* out) {
  double cosine = std::cos(radians), sine = std::sin(radians);
  double centre_x = (width - 1) / 2.0, centre_y = (height - 1) / 2.0;
  auto fixed = [](double v) { return static_cast<int64_t>(std::llround(v * kOne)); };
  int64_t from_x = fixed(centre_x - cosine * centre_x - sine * (y - centre_y));
  int64_t from_y = fixed(centre_y - sine * centre_x + cosine * (y - centre_y));
  int64_t step_x = fixed(cosine), step_y = fixed(sine);
  for (int x = 0; x < width; ++x, out += kChannels) {
    sample<kChannels>(in, width, height, from_x, from_y, out);
    from_x += step_x, from_y += step_y;
  }
}

// out = in * unit * scale + bias, element by element; in blocks, which compilers turn into vectors.
void normalise(const float* __restrict in, float unit, const float* __restrict scale,
               const float* __restrict bias, size_t n, float* __restrict out) {
  constexpr size_t kBlock = 16;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    for (size_t k = 0; k < kBlock; ++k) out[i + k] = in[i + k] * unit * scale[i + k] + bias[i + k];
  }
  for (; i < n; ++i) out[i] = in[i] * unit * scale[i] + bias[i];
}

}  // namespace

Renderer::Renderer(const PictureFormat& format) : format_(format) {
  size_t channels = static_cast<size_t>(format.channels);
  for (size_t i = 0; i < static_cast<size_t>(format.width) * channels; ++i) {
    scale_.push_back(1 / format.normalisation.deviation[i % channels]);
    bias_.push_back(-format.normalisation.mean[i % channels] * scale_.back());
  }
  row_.resize(static_cast<size_t>(format.width) * 3);
  mapped_.resize(row_.size()), normal_.resize(row_.size());
}

void Renderer::render(const Pixels& pixels, const Transform& t, float* out) {
  double x = static_cast<double>(pixels.width), y = static_cast<double>(pixels.height);
  Window across{t.left * x - t.shift_x * t.width * x / format_.width, t.width * x};
  Window down{t.top * y - t.shift_y * t.height * y / format_.height, t.height * y};
  resampler_.assign(pixels.width, pixels.height, across, down, format_.width, format_.height,
                    t.mirrored);
  Colour colour = colour_of(pixels, t);
  if (t.radians != 0) make_upright(pixels);
  for (int row = 0; row < format_.height; ++row) {
    if (t.radians != 0) {
      rotate_row(pixels.channels, t.radians, row, row_.data());
    } else {
      resample(pixels, row, row_.data());
    }
    finish_row(colour, pixels.channels, row, out);
  }
  if (t.cut_side > 0) cut_out(t, out);
}

// v1 = b * v, v2 = c * (v1 - b * mean) + b * mean, v3 = s * v2 + (1 - s) * luma(v2), as one sum.
Renderer::Colour Renderer::colour_of(const Pixels& pixels, const Transform& t) {
  Colour colour;
  bool bytes = !pixels.bytes.empty();
  colour.unit = bytes ? 1.0f / 255 : 1.0f;
  colour.changes = t.brightness != 1 || t.contrast != 1 || t.saturation != 1;
  if (!colour.changes) return colour;
  double mean = 0;
  if (t.contrast != 1) {
    mean = bytes ? mean_luma<uint64_t>(pixels.bytes, pixels.channels) / 255
                 : mean_luma<double>(pixels.floats, pixels.channels);
  }
  double gain = t.brightness * t.contrast;
  colour.gain = static_cast<float>(gain * t.saturation);
  colour.luma_gain = static_cast<float>(gain * (1 - t.saturation));
  colour.offset = static_cast<float>((1 - t.contrast) * t.brightness * mean);
  return colour;
}

void Renderer::resample(const Pixels& pixels, int y, float* out) {
  if (!pixels.bytes.empty()) return resampler_.row(pixels.bytes.data(), pixels.channels, y, out);
  resampler_.row(pixels.floats.data(), pixels.channels, y, out);
}

// The scaled picture before it is turned.
void Renderer::make_upright(const Pixels& pixels) {
  size_t stride = static_cast<size_t>(format_.width) * static_cast<size_t>(pixels.channels);
  upright_.resize(stride * static_cast<size_t>(format_.height));
  for (int y = 0; y < format_.height; ++y) {
    resample(pixels, y, upright_.data() + static_cast<size_t>(y) * stride);
  }
}

void Renderer::rotate_row(int channels, double radians, int y, float* out) const {
  channels == 1 ? turn_row<1>(upright_.data(), format_.width, format_.height, radians, y, out)
                : turn_row<3>(upright_.data(), format_.width, format_.height, radians, y, out);
}

void Renderer::change_colour(const Colour& colour, float* row) const {
  auto clip = [](float v) { return v < 0 ? 0.0f : v > 1 ? 1.0f : v; };
  auto width = static_cast<size_t>(format_.width);
  if (format_.channels == 1) {
    float gain = (colour.gain + colour.luma_gain) * colour.unit;
    for (size_t i = 0; i < width; ++i) row[i] = clip(gain * row[i] + colour.offset);
    return;
  }
  float gain = colour.gain * colour.unit, luma_gain = colour.luma_gain * colour.unit;
  for (size_t i = 0; i < width; ++i, row += 3) {
    float luma = kLuma[0] * row[0] + kLuma[1] * row[1] + kLuma[2] * row[2];
    float add = luma_gain * luma + colour.offset;
#pragma GCC unroll 3
    for (size_t c = 0; c < 3; ++c) row[c] = clip(gain * row[c] + add);
  }
}

void Renderer::finish_row(const Colour& colour, int channels, int y, float* out) {
  auto width = static_cast<size_t>(format_.width), to = static_cast<size_t>(format_.channels);
  float* row = row_.data();
  if (channels != format_.channels) {
    map_channels(row, channels, format_.channels, width, mapped_.data());
    row = mapped_.data();
  }
  if (colour.changes) change_colour(colour, row);
  float unit = colour.changes ? 1.0f : colour.unit;
  if (format_.layout == Layout::nhwc) {
    out += static_cast<size_t>(y) * width * to;
    return normalise(row, unit, scale_.data(), bias_.data(), width * to, out);
  }
  normalise(row, unit, scale_.data(), bias_.data(), width * to, normal_.data());
  for (size_t c = 0; c < to; ++c) {
    float* at = out + (c * static_cast<size_t>(format_.height) + static_cast<size_t>(y)) * width;
    for (size_t i = 0; i < width; ++i) at[i] = normal_[i * to + c];
  }
}

void Renderer::cut_out(const Transform& t, float* out) const {
  int side = static_cast<int>(std::lround(t.cut_side * std::min(format_.width, format_.height)));
  auto start = [side](double centre, int size) {
    return static_cast<int>(std::floor(centre * size)) - side / 2;
  };
  int x0 = start(t.cut_x, format_.width), y0 = start(t.cut_y, format_.height);
  int left = std::max(0, x0), right = std::min(format_.width, x0 + side);
  bool planes = format_.layout == Layout::nchw;
  int pixel = planes ? 1 : format_.channels;
  for (int plane = 0; plane < (planes ? format_.channels : 1); ++plane) {
    for (int y = std::max(0, y0); y < std::min(format_.height, y0 + side); ++y) {
      size_t row =
          static_cast<size_t>(plane) * static_cast<size_t>(format_.height) + static_cast<size_t>(y);
      size_t first = (row * static_cast<size_t>(format_.width) + static_cast<size_t>(left)) *
                     static_cast<size_t>(pixel);
      std::fill_n(out + first, std::max(0, right - left) * pixel, 0.0f);
    }
  }
}

}  // namespace burin::data
