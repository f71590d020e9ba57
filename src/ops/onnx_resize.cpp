// Resize and Upsample: each axis on its own, as a sum of gathered elements times weights that are
// known while building (Keys 1981 for cubic).
#include "ops/onnx_resize.h"

#include <algorithm>
#include <cmath>

namespace burin::ops {

namespace {

double original_position(const ResizeAxis& r, int64_t i) {
  auto out = static_cast<double>(i), in_size = static_cast<double>(r.in);
  auto out_size = static_cast<double>(r.out);
  if (r.coordinates == "half_pixel") return (out + 0.5) / r.scale - 0.5;
  if (r.coordinates == "pytorch_half_pixel") return r.out > 1 ? (out + 0.5) / r.scale - 0.5 : 0;
  if (r.coordinates == "asymmetric") return out / r.scale;
  if (r.coordinates == "tf_half_pixel_for_nn") return (out + 0.5) / r.scale;
  if (r.coordinates == "align_corners") {
    // The length that the scale asks for, which need not be whole.
    double length = in_size * r.scale;
    return length > 1 ? out * (in_size - 1) / (length - 1) : 0;
  }
  if (r.coordinates == "half_pixel_symmetric") {
    double adjusted = out_size / (in_size * r.scale);
    return in_size / 2 * (1 - adjusted) + (out + 0.5) / r.scale - 0.5;
  }
  if (r.coordinates == "tf_crop_and_resize") {
    return r.out > 1 ? (in_size - 1) * (r.begin + out * (r.end - r.begin) / (out_size - 1))
                     : 0.5 * (r.begin + r.end) * (in_size - 1);
  }
  refuse("coordinate_transformation_mode is '" + r.coordinates + "'");
}

int64_t nearest_index(const ResizeAxis& r, double x) {
  if (r.nearest == "floor") return static_cast<int64_t>(std::floor(x));
  if (r.nearest == "ceil") return static_cast<int64_t>(std::ceil(x));
  if (r.nearest == "round_prefer_floor") return static_cast<int64_t>(std::ceil(x - 0.5));
  if (r.nearest == "round_prefer_ceil") return static_cast<int64_t>(std::floor(x + 0.5));
  refuse("nearest_mode is '" + r.nearest + "'");
}

// The weight of an element at distance d.
double kernel(const ResizeAxis& r, double d) {
  d = std::abs(d);
  if (r.mode == "linear") return std::max(1 - d, 0.0);
  double a = r.cubic_a;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

}  // namespace

ResizeTaps resize_taps(const ResizeAxis& r) {
  // Antialiasing stretches the kernel when the image shrinks.
  double stretch = r.antialias && r.scale < 1 ? 1 / r.scale : 1;
  double reach = (r.mode == "linear" ? 1 : 2) * stretch;
  int64_t taps = r.mode == "nearest" ? 1 : 2 * static_cast<int64_t>(std::ceil(reach));
  ResizeTaps out;
  out.index.resize(static_cast<size_t>(taps)), out.weight.resize(static_cast<size_t>(taps));
  for (int64_t o = 0; o < r.out; ++o) {
    double x = original_position(r, o), total = 0;
    bool inside = x >= 0 && x <= static_cast<double>(r.in - 1);
    out.outside.push_back(r.coordinates == "tf_crop_and_resize" && !inside);
    auto first = static_cast<int64_t>(std::floor(x)) - taps / 2 + 1;
    if (r.mode == "nearest") first = nearest_index(r, x);
    std::vector<double> weights;
    for (int64_t k = 0; k < taps; ++k) {
      bool excluded = r.exclude_outside && (first + k < 0 || first + k >= r.in);
      double w = taps == 1 ? 1 : kernel(r, (static_cast<double>(first + k) - x) / stretch);
      weights.push_back(excluded ? 0 : w);
      total += weights.back();
    }
    for (int64_t k = 0; k < taps; ++k) {
      auto n = static_cast<size_t>(k);
      out.index[n].push_back(std::clamp<int64_t>(first + k, 0, r.in - 1));
      out.weight[n].push_back(total == 0 ? 0 : weights[n] / total);
    }
  }
  return out;
}

Value resize_axis(OpContext& c, Value x, int64_t axis, const ResizeAxis& r) {
  if (r.in == 0) refuse("an empty axis cannot be resized");
  if (product(r.out, 64) > (int64_t{1} << 32)) refuse("the resized axis is too long");
  ResizeTaps taps = resize_taps(r);
  std::optional<Value> sum;
  for (size_t k = 0; k < taps.index.size(); ++k) {
    const std::vector<double>& weight = taps.weight[k];
    if (std::ranges::all_of(weight, [](double w) { return w == 0; })) continue;
    Value part = x.take(ints_constant(c, taps.index[k], {r.out}), axis);
    if (!std::ranges::all_of(weight, [](double w) { return w == 1; })) {
      Value w = doubles_constant(c, x.dtype(), {r.out}, weight);
      part = part * w.broadcast(part.shape(), {axis});
    }
    sum = sum ? *sum + part : part;
  }
  if (std::ranges::none_of(taps.outside, [](int64_t o) { return o != 0; })) return *sum;
  Value outside = ints_constant(c, taps.outside, {r.out}, DType::pred);
  return select(outside.broadcast(sum->shape(), {axis}), r.extrapolation, *sum);
}

}  // namespace burin::ops
