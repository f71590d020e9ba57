// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, per tensor, per axis or in blocks.
#include "ops/onnx_quantize.h"

#include <cmath>

namespace burin::ops {

Quantised read_quantised(OpContext& c, size_t first_input) {
  Quantised q{input(c, first_input), input(c, first_input + 1), std::nullopt};
  if (c.has_input(first_input + 2)) q.zero_point = input(c, first_input + 2);
  return q;
}

Value as_stored(Value x) {
  if (x.builder().graph().is_constant(x)) return x;
  return x.wrap(x.builder().add(Op::convert, {x}, graph::NoAttr{}, x.type()));
}

Value spread(Value v, Value x, int64_t axis, int64_t block) {
  if (v.shape().elements() == 1) return v.reshape({}).broadcast_to(x.shape());
  int64_t a = OpContext::axis(axis, x.rank());
  if (v.rank() == 1) {
    if (v.dim(0) != x.dim(a)) refuse("scale and zero point do not match the axis");
    return v.broadcast(x.shape(), {a});
  }
  if (block < 1 || v.rank() != x.rank() || product(v.dim(a), block) < x.dim(a)) {
    refuse("scale " + v.type().text() + " does not match " + x.type().text());
  }
  // [.., n, ..] -> [.., n, block, ..] -> [.., n * block, ..]
  Dims wide = v.dims(), flat = wide, at = range(0, static_cast<int64_t>(v.rank()));
  wide.insert(wide.begin() + a + 1, block);
  for (int64_t& i : at) i += i > a;
  flat[static_cast<size_t>(a)] *= block;
  return v.broadcast(Shape(wide), at).reshape(flat).slice(a, 0, x.dim(a));
}

Value without_zero_point(Value stored, std::optional<Value> zero_point) {
  Value wide = stored.to(DType::i32);
  return zero_point ? wide - zero_point->to(DType::i32) : wide;
}

Value saturated(Value x, std::optional<Value> zero_point) {
  DType to = zero_point ? zero_point->dtype() : DType::u8;
  if (!is_integer(to) || size_of(to) > 2) refuse("quantisation to " + std::string(name_of(to)));
  Value shifted = round_nearest_even(as_stored(x));  // ties are those of single precision
  if (zero_point) shifted = shifted + zero_point->to(x.dtype());
  double bits = static_cast<double>(8 * size_of(to));
  double low = is_signed(to) ? -std::exp2(bits - 1) : 0;
  double high = std::exp2(is_signed(to) ? bits - 1 : bits) - 1;
  return clip(shifted, low, high).to(to);
}

Value dequantised(const Quantised& q) {
  return without_zero_point(q.stored, q.zero_point).to(DType::f32) * widen(q.scale);
}

namespace {

void build_quantize_linear(OpContext& c) {
  Quantised q = read_quantised(c, 0);
  int64_t axis = c.attr_int("axis", 1), block = c.attr_int("block_size", 0);
  Value x = q.stored.to(DType::f32);
  Value scaled = x / widen(spread(as_stored(q.scale), x, axis, block));
  if (q.zero_point) q.zero_point = spread(*q.zero_point, x, axis, block);
  if (!q.zero_point && c.attr_int("output_dtype", 0)) {
    DType to = dtype_from_onnx(c.attr_int("output_dtype"));
    q.zero_point = Value(c.b, c.b.full({to, x.shape()}, 0));
  }
  c.set_output(0, saturated(scaled, q.zero_point));
}
BURIN_ONNX_OP(QuantizeLinear, 10, build_quantize_linear);
BURIN_ONNX_OP_IN("com.microsoft", QuantizeLinear, 1, build_quantize_linear);

void build_dequantize_linear(OpContext& c) {
  Quantised q = read_quantised(c, 0);
  int64_t axis = c.attr_int("axis", 1), block = c.attr_int("block_size", 0);
  DType to = q.scale.dtype();
  q.scale = spread(q.scale, q.stored, axis, block);
  if (q.zero_point) q.zero_point = spread(*q.zero_point, q.stored, axis, block);
  c.set_output(0, dequantised(q).to(to));
}
BURIN_ONNX_OP(DequantizeLinear, 10, build_dequantize_linear);
BURIN_ONNX_OP_IN("com.microsoft", DequantizeLinear, 1, build_dequantize_linear);

// u8 over the range of x widened to hold 0
void build_dynamic_quantize_linear(OpContext& c) {
  Value x = input(c, 0);
  Ints all = range(0, static_cast<int64_t>(x.rank()));
  Value low = min(x.reduce(ReduceKind::min, all), 0.0);
  Value high = max(x.reduce(ReduceKind::max, all), 0.0);
  Value scale = as_stored((high - low) / 255.0);
  Value zero_point = clip(round_nearest_even(-low / scale), 0, 255).to(DType::u8);
  set(c, 0, saturated(x / scale, zero_point));
  set(c, 1, scale);
  set(c, 2, zero_point);
}
BURIN_ONNX_OP(DynamicQuantizeLinear, 11, build_dynamic_quantize_linear);

}  // namespace

}  // namespace burin::ops
