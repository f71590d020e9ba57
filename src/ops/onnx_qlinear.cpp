// Ops on quantised tensors: products and convolutions accumulate stored values in i32, then scale
// and round once. The com.microsoft ones compute in real numbers.
#include "ops/onnx_conv.h"
#include "ops/onnx_quantize.h"

namespace burin::ops {

namespace {

// A zero point or scale per output channel as [O, 1, ...] beside weights [O, I, ...].
std::optional<Value> per_output(std::optional<Value> v, size_t rank) {
  if (!v || v->shape().elements() == 1 || v->rank() != 1) return v;
  Dims dims(rank, 1);
  dims[0] = v->dim(0);
  return v->reshape(std::move(dims));
}

void check_element(std::optional<Value> v) {
  if (v && v->shape().elements() != 1) refuse("only one scale and zero point for it are supported");
}

// Scalars given as [1].
std::optional<Value> one(std::optional<Value> v) {
  return v && v->shape().elements() == 1 ? std::optional(v->reshape({})) : v;
}

void build_conv_integer(OpContext& c) {
  std::optional<Value> x_zero, w_zero;
  if (c.has_input(2)) x_zero = one(input(c, 2));
  if (c.has_input(3)) w_zero = one(input(c, 3));
  check_element(x_zero);
  Value x = without_zero_point(input(c, 0), x_zero), w = input(c, 1);
  Value y = convolve(c, x, without_zero_point(w, per_output(w_zero, w.rank())));
  c.set_output(0, to_channels_first(y));
}
BURIN_ONNX_OP(ConvInteger, 10, build_conv_integer);

// round(acc * x_scale * w_scale / y_scale) + y_zero, acc and w_scale with channels last
Value requantised(Value acc, Value factor, const Quantised& y) {
  check_element(y.scale), check_element(y.zero_point);
  return saturated(acc.to(DType::f32) * (factor / *one(y.scale)), one(y.zero_point));
}

void build_qlinear_conv(OpContext& c) {
  Quantised x = read_quantised(c, 0), w = read_quantised(c, 3);
  Quantised y{input(c, 0), input(c, 6), input(c, 7)};
  check_element(x.scale), check_element(x.zero_point);
  Value acc =
      convolve(c, without_zero_point(x.stored, one(x.zero_point)),
               without_zero_point(w.stored, per_output(one(w.zero_point), w.stored.rank())));
  if (c.has_input(8)) acc = acc + input(c, 8);
  Value factor = *one(x.scale) * *one(w.scale);
  c.set_output(0, to_channels_first(requantised(acc, factor, y)));
}
BURIN_ONNX_OP(QLinearConv, 10, build_qlinear_conv);

// A scale or zero point per row of the left operand.
std::optional<Value> per_row(std::optional<Value> v) {
  if (!v || v->rank() != 1 || v->dim(0) == 1) return one(v);
  return v->reshape({v->dim(0), 1});
}

void build_matmul_integer(OpContext& c) {
  std::optional<Value> a_zero, b_zero;
  if (c.has_input(2)) a_zero = per_row(input(c, 2));
  if (c.has_input(3)) b_zero = one(input(c, 3));
  c.set_output(
      0, matmul(without_zero_point(input(c, 0), a_zero), without_zero_point(input(c, 1), b_zero)));
}
BURIN_ONNX_OP(MatMulInteger, 10, build_matmul_integer);

void build_qlinear_matmul(OpContext& c) {
  Quantised a = read_quantised(c, 0), b = read_quantised(c, 3);
  Quantised y{input(c, 0), input(c, 6), input(c, 7)};
  Value acc = matmul(without_zero_point(a.stored, per_row(a.zero_point)),
                     without_zero_point(b.stored, one(b.zero_point)));
  c.set_output(0, requantised(acc, *per_row(a.scale) * *one(b.scale), y));
}
BURIN_ONNX_OP(QLinearMatMul, 10, build_qlinear_matmul);

Value real(OpContext& c, size_t first_input) {
  Quantised q = read_quantised(c, first_input);
  check_element(q.scale), check_element(q.zero_point);
  return dequantised({q.stored, *one(q.scale), one(q.zero_point)});
}

// A real result stored with the scale and zero point in two inputs.
void store(OpContext& c, Value result, size_t scale_input) {
  Value scale = *one(input(c, scale_input));
  std::optional<Value> zero;
  if (c.has_input(scale_input + 1)) zero = one(input(c, scale_input + 1));
  c.set_output(0, saturated(result / scale, zero));
}

void build_qlinear_add(OpContext& c) { store(c, real(c, 0) + real(c, 3), 6); }
void build_qlinear_mul(OpContext& c) { store(c, real(c, 0) * real(c, 3), 6); }
BURIN_ONNX_OP_IN("com.microsoft", QLinearAdd, 1, build_qlinear_add);
BURIN_ONNX_OP_IN("com.microsoft", QLinearMul, 1, build_qlinear_mul);

void build_qlinear_sigmoid(OpContext& c) { store(c, logistic(real(c, 0)), 3); }
BURIN_ONNX_OP_IN("com.microsoft", QLinearSigmoid, 1, build_qlinear_sigmoid);

void build_qlinear_global_average_pool(OpContext& c) {
  if (c.attr_int("channels_last", 0)) refuse("channels_last=1 is not supported");
  Value x = real(c, 0);
  store(c, x.mean(range(2, static_cast<int64_t>(x.rank()))), 3);
}
BURIN_ONNX_OP_IN("com.microsoft", QLinearGlobalAveragePool, 1, build_qlinear_global_average_pool);

// alpha * a' * b' + bias; the bias is stored in the scale of the product
void build_qgemm(OpContext& c) {
  Quantised a = read_quantised(c, 0), b = read_quantised(c, 3);
  check_element(a.zero_point);
  Value left = without_zero_point(a.stored, one(a.zero_point));
  if (c.attr_int("transA", 0)) left = left.transpose({1, 0});
  Value stored = c.attr_int("transB", 0) ? b.stored.transpose({1, 0}) : b.stored;
  Value right = without_zero_point(stored, one(b.zero_point));  // perhaps one a column
  Value acc = matmul(left, right);
  if (c.has_input(6)) acc = acc + input(c, 6);
  Value factor = *one(a.scale) * *one(b.scale) * static_cast<double>(c.attr_float("alpha", 1));
  Value result = acc.to(DType::f32) * factor;
  if (c.has_input(7)) return store(c, result, 7);
  c.set_output(0, result);
}
BURIN_ONNX_OP_IN("com.microsoft", QGemm, 1, build_qgemm);

}  // namespace

}  // namespace burin::ops
