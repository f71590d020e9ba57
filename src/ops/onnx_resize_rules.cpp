// The forms of Resize over the opsets (10; 11 and 13; 18 and 19) and of its predecessor Upsample.
#include <cmath>

#include "ops/onnx_resize.h"

namespace burin::ops {

namespace {

void resize_all(OpContext& c, const std::vector<ResizeAxis>& axes) {
  Value x = input(c, 0);

  for (size_t a = 0; a < axes.size(); ++a) {
    const ResizeAxis& r = axes[a];
    bool same = r.in == r.out && r.scale == 1 && r.coordinates != "tf_crop_and_resize";
    if (!same) x = resize_axis(c, x, static_cast<int64_t>(a), r);
  }
  c.set_output(0, x);
}

int64_t scaled_size(int64_t in, double scale) {
  // In single precision, in which the scale is stated: 1/49 of 49 is 1.
  double size = std::floor(static_cast<float>(in) * static_cast<float>(scale));
  if (!(scale > 0) || !(size < static_cast<double>(kMaxElements)))
    refuse("a scale is out of range");
  return static_cast<int64_t>(size);
}

std::string mode_of(OpContext& c) {
  std::string mode = c.attr_string("mode", "nearest");
  if (mode == "bilinear" || mode == "trilinear") return "linear";
  if (mode != "nearest" && mode != "linear" && mode != "cubic") refuse("mode is '" + mode + "'");
  return mode;
}

// Upsample, and Resize of opset 10: asymmetric, nearest takes the element before.
void build_upsample(OpContext& c) {
  Value x = input(c, 0);
  std::vector<double> scales;
  if (c.has_attr("scales")) {
    for (float s : c.attr_floats("scales")) scales.push_back(s);
  } else {
    scales = c.constant_input(1).to_doubles();
  }
  if (scales.size() != x.rank()) refuse("one scale for each axis is needed");
  std::vector<ResizeAxis> axes(x.rank());
  for (size_t a = 0; a < x.rank(); ++a) {
    axes[a] = {.in = x.shape()[a],
               .out = scaled_size(x.shape()[a], scales[a]),
               .scale = scales[a],
               .mode = mode_of(c),
               .coordinates = "asymmetric",
               .nearest = "floor"};
  }
  resize_all(c, axes);
}
BURIN_ONNX_OP(Upsample, 7, build_upsample);
static const onnx::RegisterOnnxOp register_resize_10{
    onnx::OnnxOp{"", "Resize", 10, 10, build_upsample}};

std::vector<double> doubles_input(OpContext& c, size_t i) {
  return c.has_input(i) ? c.constant_input(i).to_doubles() : std::vector<double>{};
}

// What the attributes say for every axis; sizes and scales are yet to be set.
ResizeAxis resize_attributes(OpContext& c) {
  return {.mode = mode_of(c),
          .coordinates = c.attr_string("coordinate_transformation_mode", "half_pixel"),
          .nearest = c.attr_string("nearest_mode", "round_prefer_floor"),
          .cubic_a = c.attr_float("cubic_coeff_a", -0.75f),
          .exclude_outside = c.attr_int("exclude_outside", 0) != 0,
          .antialias = c.attr_int("antialias", 0) != 0,
          .extrapolation = c.attr_float("extrapolation_value", 0)};
}

// keep_aspect_ratio_policy: one scale for all the named axes, the smallest or the largest
void keep_aspect(OpContext& c, std::vector<ResizeAxis>& axes, const Ints& named) {
  std::string policy = c.attr_string("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") return;
  if (policy != "not_larger" && policy != "not_smaller")
    refuse("keep_aspect_ratio_policy is '" + policy + "'");
  double scale = axes[static_cast<size_t>(named.at(0))].scale;
  for (int64_t a : named) {
    double s = axes[static_cast<size_t>(a)].scale;
    scale = policy == "not_larger" ? std::min(scale, s) : std::max(scale, s);
  }
  for (int64_t a : named) {
    ResizeAxis& r = axes[static_cast<size_t>(a)];
    r.scale = scale;
    r.out = static_cast<int64_t>(std::floor(scale * static_cast<double>(r.in) + 0.5));
  }
}

void build_resize(OpContext& c) {
  Value x = input(c, 0);
  std::vector<double> roi = doubles_input(c, 1), scales = doubles_input(c, 2);
  std::vector<double> sizes = doubles_input(c, 3);
  Ints named = c.attr_ints("axes", range(0, static_cast<int64_t>(x.rank())));
  for (int64_t& a : named) a = OpContext::axis(a, x.rank());
  size_t given = sizes.empty() ? scales.size() : sizes.size();
  if (given != named.size()) refuse("one scale or size for each axis is needed");
  std::vector<ResizeAxis> axes(x.rank());
  for (size_t a = 0; a < x.rank(); ++a) axes[a].in = axes[a].out = x.shape()[a];
  for (size_t i = 0; i < named.size(); ++i) {
    ResizeAxis r = resize_attributes(c);
    r.in = x.shape()[static_cast<size_t>(named[i])];
    r.out = sizes.empty() ? scaled_size(r.in, scales[i]) : static_cast<int64_t>(sizes[i]);
    r.scale = sizes.empty() ? scales[i] : sizes[i] / static_cast<double>(r.in);
    if (r.out < 0) refuse("a size is negative");
    if (roi.size() == 2 * named.size()) r.begin = roi[i], r.end = roi[i + named.size()];
    axes[static_cast<size_t>(named[i])] = r;
  }
  if (!sizes.empty()) keep_aspect(c, axes, named);
  resize_all(c, axes);
}
BURIN_ONNX_OP(Resize, 11, build_resize);

}  // namespace

}  // namespace burin::ops
