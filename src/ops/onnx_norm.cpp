// Normalisations over statistics of the tensor itself: Instance-, Layer-, Group-, RMS- and
// MeanVarianceNormalization, LpNormalization, LRN. The variance is the mean of squared
// deviations, taken after the mean.
#include <cmath>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

struct Moments {
  Value mean, centred, inverse_deviation;
};

// centred = x - mean, inverse_deviation = 1 / sqrt(mean(centred^2) + epsilon)
Moments moments(Value x, const Ints& axes, double epsilon) {
  Value mean = x.mean(axes);
  Value centred = x - mean;
  return {mean, centred, 1.0 / sqrt((centred * centred).mean(axes) + epsilon)};
}

Value normalised(Value x, const Ints& axes, double epsilon) {
  Moments m = moments(x, axes, epsilon);
  return m.centred * m.inverse_deviation;
}

double epsilon_of(OpContext& c) { return c.attr_float("epsilon", 1e-5f); }

void build_instance_normalization(OpContext& c) {
  Value x = input(c, 0);
  if (x.rank() < 3) refuse("an input with space is needed, not " + x.type().text());
  Value y = normalised(x, range(2, static_cast<int64_t>(x.rank())), epsilon_of(c));
  c.set_output(0, y * per_channel(input(c, 1), x.shape()) + per_channel(input(c, 2), x.shape()));
}
BURIN_ONNX_OP(InstanceNormalization, 6, build_instance_normalization);

// Scale and bias count groups in opset 18 and channels since 21.
void build_group_normalization(OpContext& c) {
  Value x = input(c, 0), scale = input(c, 1), bias = input(c, 2);
  int64_t groups = c.attr_int("num_groups");
  if (x.rank() < 2 || groups < 1 || x.dim(1) % groups != 0) {
    refuse("num_groups does not divide the channels");
  }
  int64_t size = x.dim(1) / groups;
  Dims grouped = {x.dim(0), groups, size, x.shape().elements(2, x.rank())};
  Value wide = widen(x.reshape(grouped));
  Value y = normalised(wide, {2, 3}, epsilon_of(c)).to(x.dtype());
  auto spread = [&](Value v) {
    if (v.rank() == 1 && v.dim(0) == groups && size != 1) return v.broadcast(Shape(grouped), {1});
    if (v.rank() != 1 || v.dim(0) != x.dim(1)) refuse("scale and bias do not match the channels");
    return v.reshape({groups, size}).broadcast(Shape(grouped), {1, 2});
  };
  c.set_output(0, (y * spread(scale) + spread(bias)).reshape(x.dims()));
}
BURIN_ONNX_OP(GroupNormalization, 18, build_group_normalization);

void build_layer_normalization(OpContext& c) {
  Value x = input(c, 0), scale = input(c, 1);
  int64_t axis = OpContext::axis(c.attr_int("axis", -1), x.rank());
  Moments m = moments(widen(x), range(axis, static_cast<int64_t>(x.rank())), epsilon_of(c));
  Value y = (m.centred * m.inverse_deviation).to(x.dtype()) * scale;
  c.set_output(0, c.has_input(2) ? y + input(c, 2) : y);
  set(c, 1, m.mean);
  set(c, 2, m.inverse_deviation);
}
BURIN_ONNX_OP(LayerNormalization, 17, build_layer_normalization);
// ONNX Runtime writes it into ai.onnx models of any opset.
static const onnx::RegisterOnnxOp register_early_layer_normalization{
    onnx::OnnxOp{"", "LayerNormalization", 1, 16, build_layer_normalization}};

// x / sqrt(mean(x^2) + epsilon) * scale
Value rms_normalised(OpContext& c, Value x) {
  int64_t axis = OpContext::axis(c.attr_int("axis", -1), x.rank());
  Value wide = widen(x);
  Value square = (wide * wide).mean(range(axis, static_cast<int64_t>(x.rank())));
  return (wide / sqrt(square + epsilon_of(c))).to(x.dtype()) * input(c, 1);
}
void build_rms_normalization(OpContext& c) { c.set_output(0, rms_normalised(c, input(c, 0))); }
BURIN_ONNX_OP(RMSNormalization, 23, build_rms_normalization);
BURIN_ONNX_OP(SimplifiedLayerNormalization, 1, build_rms_normalization);

// (x - mean) / (deviation + 1e-9)
void build_mean_variance_normalization(OpContext& c) {
  Value x = input(c, 0);
  Ints axes = normal_axes(c.attr_ints("axes", {0, 2, 3}), x.rank());
  Value centred = x - x.mean(axes);
  c.set_output(0, centred / (sqrt((centred * centred).mean(axes)) + 1e-9));
}
BURIN_ONNX_OP(MeanVarianceNormalization, 9, build_mean_variance_normalization);

void build_lp_normalization(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", -1), x.rank()), p = c.attr_int("p", 2);
  if (p != 1 && p != 2) refuse("attribute p must be 1 or 2");
  Value norm = p == 1 ? abs(x).sum({axis}) : sqrt((x * x).sum({axis}));
  c.set_output(0, select(eq(norm, 0.0), x, x / norm));
}
BURIN_ONNX_OP(LpNormalization, 1, build_lp_normalization);

// x / (bias + alpha / size * (sum of squares over `size` channels around))^beta
void build_lrn(OpContext& c) {
  Value x = input(c, 0);
  int64_t size = c.attr_int("size");
  if (x.rank() < 2 || size < 1 || size > (1 << 20)) refuse("LRN with a bad size or rank");
  graph::WindowAttr attr{.kind = ReduceKind::sum};
  attr.window = attr.stride = attr.dilation = Dims(x.rank(), 1);
  attr.low = attr.high = Dims(x.rank(), 0);
  attr.window[1] = size, attr.low[1] = (size - 1) / 2, attr.high[1] = size / 2;
  Value squares = x.wrap(c.b.reduce_window(x * x, std::move(attr)));
  double alpha = c.attr_float("alpha", 1e-4f), beta = c.attr_float("beta", 0.75f);
  Value base = squares * (alpha / static_cast<double>(size)) + c.attr_float("bias", 1);
  c.set_output(0, x / pow(base, beta));
}
BURIN_ONNX_OP(LRN, 1, build_lrn);

}  // namespace

}  // namespace burin::ops
