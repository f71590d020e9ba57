// Drawing; nothing here touches pixels but mixup.
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace burin::data {

namespace {

// Gamma(shape, 1): Marsaglia and Tsang 2000, with their boost for shapes below 1.
double draw_gamma(double shape, Rng& rng) {
  if (shape < 1) {
    double u = 1.0 - rng.uniform();
    return draw_gamma(shape + 1, rng) * std::pow(u, 1 / shape);
  }
  double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    double x = rng.normal(), v = std::pow(1 + c * x, 3);
    double u = 1.0 - rng.uniform();
    if (v > 0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

// In blocks, which compilers turn into vectors.
void mix_pair(float* __restrict a, float* __restrict b, size_t n, float weight) {
  constexpr size_t kBlock = 16;
  auto mix = [=](size_t k) {
    float x = a[k], y = b[k];
    a[k] = weight * x + (1 - weight) * y;
    b[k] = weight * y + (1 - weight) * x;
  };
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    for (size_t k = 0; k < kBlock; ++k) mix(i + k);
  }
  for (; i < n; ++i) mix(i);
}

}  // namespace

Result<void> check_augmentation(const Augmentation& a) {
  auto refuse = [](const char* what, const char* range) {
    return fail("augmentation", std::string("impossible ") + what, range);
  };
  auto share = [](double x) { return x >= 0 && x <= 1; };
  if (!(a.min_area >= 0.01 && a.min_area <= 1)) return refuse("area of crops", "0.01 to 1");
  if (a.shift < 0 || a.shift > 4096) return refuse("shift", "0 to 4096 pixels");
  if (!(a.rotation >= 0 && a.rotation <= 180)) return refuse("rotation", "0 to 180 degrees");
  if (!share(a.brightness) || !share(a.contrast) || !share(a.saturation)) {
    return refuse("change of colour", "0 to 1");
  }
  if (!share(a.cutout)) return refuse("size of the cutout", "0 to 1");
  return {};
}

Transform draw_transform(const Augmentation& a, Rng rng) {
  Transform t;
  t.mirrored = rng.uniform() < 0.5 && a.flip;
  if (a.min_area < 1) {
    double area = rng.uniform(a.min_area, 1);
    double shape = std::exp(rng.uniform(-1, 1) * std::log(4.0 / 3));
    t.width = std::min(1.0, std::sqrt(area * shape));
    t.height = std::min(1.0, std::sqrt(area / shape));
    t.left = rng.uniform(0, 1 - t.width);
    t.top = rng.uniform(0, 1 - t.height);
  }
  if (a.shift > 0) {
    t.shift_x = static_cast<int>(rng.below(2 * a.shift + 1)) - a.shift;
    t.shift_y = static_cast<int>(rng.below(2 * a.shift + 1)) - a.shift;
  }
  t.radians = rng.uniform(-a.rotation, a.rotation) * std::numbers::pi / 180;
  t.brightness = rng.uniform(1 - a.brightness, 1 + a.brightness);
  t.contrast = rng.uniform(1 - a.contrast, 1 + a.contrast);
  t.saturation = rng.uniform(1 - a.saturation, 1 + a.saturation);
  t.cut_x = rng.uniform(), t.cut_y = rng.uniform(), t.cut_side = a.cutout;
  return t;
}

void mix_rows(std::span<float> values, int64_t rows, float weight) {
  if (rows <= 0) return;
  auto n = static_cast<size_t>(rows);
  size_t row = values.size() / n;
  for (size_t i = 0; i < n / 2; ++i) {
    mix_pair(values.data() + i * row, values.data() + (n - 1 - i) * row, row, weight);
  }
}

double draw_mixup_weight(double alpha, Rng& rng) {
  double x = draw_gamma(alpha, rng), y = draw_gamma(alpha, rng);
  return x + y > 0 ? x / (x + y) : 0.5;
}

}  // namespace burin::data
