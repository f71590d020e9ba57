// What the rules for ONNX ops share: reading nodes into Values, refusing, dtypes, axes.
#pragma once

#include "onnx/node_view.h"
#include "ops/value.h"

namespace burin::ops {

using onnx::OpContext;
using Ints = std::vector<int64_t>;

// Throws graph::BuildError: the node cannot be built, because of `reason`.
[[noreturn]] void refuse(const std::string& reason, const std::string& way_out = {});

inline Value input(OpContext& c, size_t i) { return {c.b, c.input(i)}; }
inline Value constant(OpContext& c, Tensor value) { return {c.b, c.b.constant(std::move(value))}; }
Value ints_constant(OpContext& c, const Ints& values, Shape shape, DType dtype = DType::i64);
Value doubles_constant(OpContext& c, DType dtype, Shape shape, std::span<const double> values);
// The index along one axis of a new tensor.
inline Value iota(OpContext& c, DType dtype, Shape shape, int64_t axis) {
  return {c.b, c.b.iota({dtype, std::move(shape)}, axis)};
}
// Sets an output if the model wants it.
inline void set(OpContext& c, size_t i, NodeId value) {
  if (c.wants_output(i)) c.set_output(i, value);
}
// Throws if output i is wanted, because `reason`.
void refuse_output(OpContext& c, size_t i, const std::string& reason);

// TensorProto.DataType -> dtype; throws for strings, complex numbers and unknown codes.
DType dtype_from_onnx(int64_t code);

// Integers that older opsets keep in an attribute and newer ones in input i; nullopt if absent.
std::optional<Ints> ints_at(OpContext& c, std::string_view attribute, size_t i);
// One element, known while building, of input i; nullopt if the input is absent.
std::optional<double> known_scalar(OpContext& c, size_t i);

// Axes brought into [0, rank), ascending; throws for repeated ones.
Ints normal_axes(Ints axes, size_t rank);
// first, first + 1, ... last - 1
Ints range(int64_t first, int64_t last);
// The attribute if it is there with `count` entries, else `fallback` repeated.
Ints attr_per_axis(OpContext& c, std::string_view name, size_t count, int64_t fallback);
// a * b, refused when it overflows or passes the largest tensor.
int64_t product(int64_t a, int64_t b);

// NC<spatial> <-> N<spatial>C.
Value to_channels_last(Value x);
Value to_channels_first(Value x);
// A per-channel vector [C] broadcast along axis 1 of NC<spatial>.
Value per_channel(Value vector, const Shape& shape);

// Drops axes of size 1.
Value without_axes(Value x, const Ints& axes);

// x where indices are counted from the end if negative.
Value wrap_indices(Value indices, int64_t size);
// An f16 or bf16 value in f32; others as they are.
Value widen(Value x);

}  // namespace burin::ops

// A rule for an op of another domain: BURIN_ONNX_OP_IN("com.microsoft", FusedMatMul, 1, rule);
#define BURIN_ONNX_OP_IN(domain_name, type, since_opset, rule)                       \
  static const ::burin::onnx::RegisterOnnxOp register_other_##type##_##since_opset { \
    ::burin::onnx::OnnxOp { domain_name, #type, since_opset, 1 << 30, rule }         \
  }
