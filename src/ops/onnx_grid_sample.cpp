// GridSample: an image read at positions that are computed at run time, as a sum of gathered
// pixels times weights.
#include "ops/onnx_index.h"

namespace burin::ops {

namespace {

struct Sampler {
  Value pixels;  // [N * H * W, C]
  int64_t batch, height, width;
  std::string padding;  // zeros, border, reflection
  bool align_corners;

  int64_t channels() const { return pixels.dim(1); }
};

// From [-1, 1] to pixels: -1 and 1 are the centres (align_corners) or the edges of the outer ones.
Value to_pixels(const Sampler& s, Value x, int64_t size) {
  auto n = static_cast<double>(size);
  return s.align_corners ? (x + 1.0) * ((n - 1) / 2) : ((x + 1.0) * n - 1.0) * 0.5;
}

// Positions brought into the image by mirroring at its centres or edges: a triangle wave.
Value reflect(const Sampler& s, Value x, int64_t size) {
  double low = s.align_corners ? 0 : -0.5;
  double span = s.align_corners ? static_cast<double>(size - 1) : static_cast<double>(size);
  if (span == 0) return x.like(0);
  Value t = abs(x - low);
  Value phase = t - floor(t / (2 * span)) * (2 * span);
  return min(phase, 2 * span - phase) + low;
}

Value padded_position(const Sampler& s, Value x, int64_t size) {
  if (s.padding == "zeros") return x;
  if (s.padding == "reflection") x = reflect(s, x, size);
  return clip(x, 0, static_cast<double>(size - 1));
}

// The pixels [N, Ho, Wo, C] at whole positions [N, Ho, Wo]; 0 outside if the padding says so.
Value pixels_at(const Sampler& s, Value x, Value y) {
  Value inside_x = clip(padded_position(s, x, s.width), 0, static_cast<double>(s.width - 1));
  Value inside_y = clip(padded_position(s, y, s.height), 0, static_cast<double>(s.height - 1));
  Value column = inside_x.to(DType::i32), row = inside_y.to(DType::i32);
  Value at = (row.iota(0, DType::i32) * static_cast<double>(s.height) + row) *
                 static_cast<double>(s.width) +
             column;
  Value found = s.pixels.take(at, 0);
  if (s.padding != "zeros") return found;
  Value inside = eq(inside_x, x) & eq(inside_y, y);
  return select(inside.broadcast(found.shape(), {0, 1, 2}), found, 0.0);
}

Value weighted(Value pixels, Value weight) {
  return pixels * weight.to(pixels.dtype()).broadcast(pixels.shape(), {0, 1, 2});
}

// The weight of a pixel at distance d for bilinear and bicubic (Keys 1981, a = -0.75) sampling.
Value linear_weight(Value d) { return 1.0 - abs(d); }
Value cubic_weight(Value signed_d) {
  Value d = abs(signed_d);
  Value near = ((1.25 * d - 2.25) * d) * d + 1.0;
  Value far = ((-0.75 * d + 3.75) * d - 6.0) * d + 3.0;
  return select(d <= 1.0, near, select(d < 2.0, far, 0.0));
}

Value interpolated(const Sampler& s, Value x, Value y, int64_t first, int64_t last,
                   Value (*weight)(Value)) {
  Value x0 = floor(x), y0 = floor(y);
  std::optional<Value> sum;
  for (int64_t j = first; j <= last; ++j) {
    Value yj = y0 + static_cast<double>(j);
    for (int64_t i = first; i <= last; ++i) {
      Value xi = x0 + static_cast<double>(i);
      Value part = weighted(pixels_at(s, xi, yj), weight(x - xi) * weight(y - yj));
      sum = sum ? *sum + part : part;
    }
  }
  return *sum;
}

void build_grid_sample(OpContext& c) {
  Value image = input(c, 0), grid = input(c, 1);
  if (image.rank() != 4 || grid.rank() != 4 || grid.dim(3) != 2 || grid.dim(0) != image.dim(0)) {
    refuse("an image NCHW and a grid [N, H, W, 2] are needed", "volumes are not supported");
  }
  Sampler s{
      to_channels_last(image).reshape({image.dim(0) * image.dim(2) * image.dim(3), image.dim(1)}),
      image.dim(0),
      image.dim(2),
      image.dim(3),
      c.attr_string("padding_mode", "zeros"),
      c.attr_int("align_corners", 0) != 0};
  if (s.pixels.dim(0) == 0 || s.pixels.dim(0) >= (int64_t{1} << 31))
    refuse("the image has a bad size");
  if (s.padding != "zeros" && s.padding != "border" && s.padding != "reflection") {
    refuse("padding_mode is '" + s.padding + "'");
  }
  Dims at = grid.dims(0, 3);
  Value x = to_pixels(s, grid.slice(3, 0, 1).reshape(at), s.width);
  Value y = to_pixels(s, grid.slice(3, 1, 2).reshape(at), s.height);
  std::string mode = c.attr_string("mode", "linear");
  bool cubic = mode == "cubic" || mode == "bicubic";
  if (!cubic) x = padded_position(s, x, s.width), y = padded_position(s, y, s.height);
  std::optional<Value> result;
  if (mode == "nearest") {
    result = pixels_at(s, round_nearest_even(x), round_nearest_even(y));
  } else if (mode == "linear" || mode == "bilinear") {
    result = interpolated(s, x, y, 0, 1, linear_weight);
  } else if (cubic) {
    result = interpolated(s, x, y, -1, 2, cubic_weight);
  } else {
    refuse("mode is '" + mode + "'");
  }
  c.set_output(0, to_channels_first(*result));
}
BURIN_ONNX_OP(GridSample, 16, build_grid_sample);

}  // namespace

}  // namespace burin::ops
