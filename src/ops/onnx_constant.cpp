// ONNX ops whose result is known from attributes and shapes: Constant, ConstantOfShape, Shape,
// Size, Range, EyeLike. Identity stands here too.
#include <cmath>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

Tensor constant_value(OpContext& c) {
  if (c.has_attr("value")) return c.attr_tensor("value");
  if (c.has_attr("value_float")) return Tensor::scalar(DType::f32, c.attr_float("value_float", 0));
  if (c.has_attr("value_int")) {
    Ints v = {c.attr_int("value_int")};
    return Tensor::from_ints({DType::i64, {}}, v);
  }
  if (c.has_attr("value_floats")) {
    std::vector<float> v = c.attr_floats("value_floats");
    std::vector<double> wide(v.begin(), v.end());
    return Tensor::from_doubles({DType::f32, {static_cast<int64_t>(v.size())}}, wide);
  }
  if (c.has_attr("value_ints")) {
    Ints v = c.attr_ints("value_ints");
    return Tensor::from_ints({DType::i64, {static_cast<int64_t>(v.size())}}, v);
  }
  refuse("only dense numeric constants are supported", "store the value as a dense tensor");
}

void build_constant(OpContext& c) { c.set_output(0, c.b.constant(constant_value(c))); }
BURIN_ONNX_OP(Constant, 1, build_constant);

void build_constant_of_shape(OpContext& c) {
  Ints dims = c.ints_input(0);
  Tensor value = c.has_attr("value") ? c.attr_tensor("value") : Tensor::scalar(DType::f32, 0);
  if (value.elements() != 1) refuse("attribute value must have one element");
  Value one = constant(c, std::move(value)).reshape({});
  c.set_output(0, one.broadcast_to(Shape(std::move(dims))));
}
BURIN_ONNX_OP(ConstantOfShape, 9, build_constant_of_shape);

// The dimensions [start, end); both may count from the end and are clamped (opset 15).
void build_shape(OpContext& c) {
  const Shape shape = input(c, 0).shape();
  auto rank = static_cast<int64_t>(shape.rank());
  auto bound = [&](std::string_view name, int64_t fallback) {
    int64_t v = c.attr_int(name, fallback);
    return std::clamp<int64_t>(v < 0 ? v + rank : v, 0, rank);
  };
  int64_t start = bound("start", 0), end = std::max(start, bound("end", rank));
  Ints dims(shape.dims().begin() + start, shape.dims().begin() + end);
  c.set_output(0, ints_constant(c, dims, {end - start}));
}
BURIN_ONNX_OP(Shape, 1, build_shape);

void build_size(OpContext& c) {
  c.set_output(0, ints_constant(c, {input(c, 0).shape().elements()}, {}));
}
BURIN_ONNX_OP(Size, 1, build_size);

void build_identity(OpContext& c) { c.set_output(0, c.input(0)); }
BURIN_ONNX_OP(Identity, 1, build_identity);

// start + i * delta for i in [0, max(ceil((limit - start) / delta), 0))
void build_range(OpContext& c) {
  Tensor start = c.constant_input(0), limit = c.constant_input(1), delta = c.constant_input(2);
  if (start.elements() != 1 || limit.elements() != 1 || delta.elements() != 1) {
    refuse("the inputs of Range must be scalars");
  }
  DType dtype = start.dtype();
  int64_t count = 0;
  if (is_float(dtype)) {
    double n = std::ceil((limit.as_double(0) - start.as_double(0)) / delta.as_double(0));
    if (!(n < static_cast<double>(kMaxElements))) refuse("Range has too many elements");
    count = static_cast<int64_t>(std::max(n, 0.0));
  } else {
    int64_t step = delta.as_int(0), span = 0;
    if (step == 0) refuse("Range with a step of zero");
    if (__builtin_sub_overflow(limit.as_int(0), start.as_int(0), &span)) {
      refuse("Range has too many elements");
    }
    if ((span > 0) == (step > 0)) count = span / step + (span % step != 0);
  }
  Value i = iota(c, dtype, {count}, 0);
  c.set_output(0, i * delta.as_double(0) + start.as_double(0));
}
BURIN_ONNX_OP(Range, 11, build_range);

void build_eye_like(OpContext& c) {
  Value x = input(c, 0);
  if (x.rank() != 2) refuse("EyeLike needs a matrix, not " + x.type().text());
  DType dtype = c.has_attr("dtype") ? dtype_from_onnx(c.attr_int("dtype")) : x.dtype();
  auto k = static_cast<double>(c.attr_int("k", 0));
  Value on = eq(x.iota(1, DType::i64), x.iota(0, DType::i64) + k);
  c.set_output(0, on.to(dtype));
}
BURIN_ONNX_OP(EyeLike, 9, build_eye_like);

}  // namespace

}  // namespace burin::ops
