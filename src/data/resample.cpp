// Rows are mixed first, as long contiguous sums; then the pixels of the mixed row.
#include "data/resample.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace burin::data {

namespace {

// out[i] (+)= weight * in[i]. In blocks whose size is known, which compilers turn into vectors.
template <bool kFirst, class T>
void add_scaled(const T* __restrict in, float weight, float* __restrict out, size_t n) {
  constexpr size_t kBlock = 16;
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    for (size_t k = 0; k < kBlock; ++k) {
      float value = weight * static_cast<float>(in[i + k]);
      out[i + k] = kFirst ? value : out[i + k] + value;
    }
  }
  for (; i < n; ++i) {
    float value = weight * static_cast<float>(in[i]);
    out[i] = kFirst ? value : out[i] + value;
  }
}

template <int kChannels>
void mix_pixels(const Taps& taps, const float* in, float* out) {
  for (const Taps::Range& range : taps.ranges) {
    float sum[kChannels] = {};
    const float* pixel = in + static_cast<ptrdiff_t>(range.first) * kChannels;
    const float* weight = taps.weights.data() + range.weight;
    for (int k = 0; k < range.count; ++k, pixel += kChannels) {
#pragma GCC unroll 3
      for (int c = 0; c < kChannels; ++c) sum[c] += weight[k] * pixel[c];
    }
#pragma GCC unroll 3
    for (int c = 0; c < kChannels; ++c) *out++ = sum[c];
  }
}

template <int kChannels>
void copy_pixels(const Taps& taps, const float* in, float* out) {
  if (taps.in_order) {
    std::copy_n(in + static_cast<ptrdiff_t>(taps.ranges[0].first) * kChannels,
                taps.ranges.size() * kChannels, out);
    return;
  }
  for (const Taps::Range& range : taps.ranges) {
    const float* pixel = in + static_cast<ptrdiff_t>(range.first) * kChannels;
    for (int c = 0; c < kChannels; ++c) *out++ = range.count ? pixel[c] : 0.0f;
  }
}

template <int kChannels>
void mix_across(const Taps& taps, const float* in, float* out) {
  taps.copies ? copy_pixels<kChannels>(taps, in, out) : mix_pixels<kChannels>(taps, in, out);
}

}  // namespace

void Taps::assign(int from, Window window, int to, bool mirrored) {
  ranges.clear(), weights.clear(), copies = in_order = true;
  double scale = window.length / to;
  double radius = std::max(1.0, scale);
  for (int i = 0; i < to; ++i) {
    double centre = window.first + ((mirrored ? to - 1 - i : i) + 0.5) * scale - 0.5;
    Range range{0, 0, static_cast<int>(weights.size())};
    bool outside = !(centre >= -0.5 && centre <= from - 0.5);
    int lo = outside ? 0 : std::max(0, static_cast<int>(std::ceil(centre - radius)));
    int hi = outside ? -1 : std::min(from - 1, static_cast<int>(std::floor(centre + radius)));
    double total = 0;
    for (int s = lo; s <= hi; ++s) {
      double w = 1.0 - std::abs(s - centre) / radius;
      if (w <= 0) continue;
      if (range.count++ == 0) range.first = s;
      weights.push_back(static_cast<float>(w)), total += w;
    }
    for (int k = 0; k < range.count; ++k) {
      float& w = weights[static_cast<size_t>(range.weight + k)];
      w = static_cast<float>(w / total);
    }
    copies = copies && range.count <= 1;
    in_order =
        in_order && range.count == 1 && range.first == i + (i ? ranges[0].first : range.first);
    ranges.push_back(range);
  }
}

void Resampler::assign(int from_width, int from_height, Window across, Window down, int to_width,
                       int to_height, bool mirrored) {
  across_.assign(from_width, across, to_width, mirrored);
  down_.assign(from_height, down, to_height, false);
  from_width_ = from_width;
}

template <class T>
void Resampler::row(const T* source, int channels, int y, float* out) {
  const Taps::Range& range = down_.ranges[static_cast<size_t>(y)];
  size_t stride = static_cast<size_t>(from_width_) * static_cast<size_t>(channels);
  mixed_.resize(stride);
  if (range.count == 0) std::ranges::fill(mixed_, 0.0f);
  for (int k = 0; k < range.count; ++k) {
    const T* in = source + static_cast<size_t>(range.first + k) * stride;
    float weight = down_.weights[static_cast<size_t>(range.weight + k)];
    k == 0 ? add_scaled<true>(in, weight, mixed_.data(), stride)
           : add_scaled<false>(in, weight, mixed_.data(), stride);
  }
  channels == 1 ? mix_across<1>(across_, mixed_.data(), out)
                : mix_across<3>(across_, mixed_.data(), out);
}

template void Resampler::row<uint8_t>(const uint8_t*, int, int, float*);
template void Resampler::row<float>(const float*, int, int, float*);

}  // namespace burin::data
