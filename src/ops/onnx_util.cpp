// Shared pieces of the ONNX rules.
#include "ops/onnx_util.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"

namespace burin::ops {

void refuse(const std::string& reason, const std::string& way_out) {
  throw graph::BuildError(reason, way_out);
}

Value ints_constant(OpContext& c, const Ints& values, Shape shape, DType dtype) {
  return constant(c, Tensor::from_ints({dtype, std::move(shape)}, values));
}

Value doubles_constant(OpContext& c, DType dtype, Shape shape, std::span<const double> values) {
  return constant(c, Tensor::from_doubles({dtype, std::move(shape)}, values));
}

void refuse_output(OpContext& c, size_t i, const std::string& reason) {
  if (c.wants_output(i)) {
    refuse("output " + std::to_string(i) + " is wanted: " + reason,
           "export the model without this output");
  }
}

DType dtype_from_onnx(int64_t code) {
  switch (code) {
    case 1: return DType::f32;
    case 2: return DType::u8;
    case 3: return DType::i8;
    case 4: return DType::u16;
    case 5: return DType::i16;
    case 6: return DType::i32;
    case 7: return DType::i64;
    case 8: refuse("tensors of strings are not supported", "encode the text outside the model");
    case 9: return DType::pred;
    case 10: return DType::f16;
    case 11: return DType::f64;
    case 12: return DType::u32;
    case 13: return DType::u64;
    case 14:
    case 15: refuse("complex numbers are not supported", "keep real and imaginary parts apart");
    case 16: return DType::bf16;
    default: refuse("element type " + std::to_string(code) + " is not supported");
  }
}

std::optional<Ints> ints_at(OpContext& c, std::string_view attribute, size_t i) {
  if (c.has_input(i)) return c.ints_input(i);
  if (c.has_attr(attribute)) return c.attr_ints(attribute);
  return std::nullopt;
}

std::optional<double> known_scalar(OpContext& c, size_t i) {
  if (!c.has_input(i)) return std::nullopt;
  Tensor t = c.constant_input(i);
  if (t.elements() != 1) refuse("input " + std::to_string(i) + " must have one element");
  return t.as_double(0);
}

Ints normal_axes(Ints axes, size_t rank) {
  for (int64_t& a : axes) a = OpContext::axis(a, rank);
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) refuse("an axis is repeated");
  return axes;
}

Ints range(int64_t first, int64_t last) {
  Ints out(static_cast<size_t>(std::max<int64_t>(last - first, 0)));
  std::iota(out.begin(), out.end(), first);
  return out;
}

Ints attr_per_axis(OpContext& c, std::string_view name, size_t count, int64_t fallback) {
  Ints values = c.attr_ints(name);
  if (values.empty()) values.assign(count, fallback);
  if (values.size() != count) {
    refuse("attribute " + std::string(name) + " has " + std::to_string(values.size()) +
           " entries where " + std::to_string(count) + " are needed");
  }
  return values;
}

int64_t product(int64_t a, int64_t b) {
  std::optional<int64_t> p = checked_mul(a, b);
  if (!p || *p > kMaxElements || *p < 0) refuse("a size passes the largest tensor");
  return *p;
}

Value to_channels_last(Value x) {
  if (x.rank() < 2) refuse("a tensor with batch and channels is needed, not " + x.type().text());
  Ints perm = {0};
  for (int64_t a = 2; a < static_cast<int64_t>(x.rank()); ++a) perm.push_back(a);
  perm.push_back(1);
  return x.transpose(perm);
}

Value to_channels_first(Value x) {
  auto rank = static_cast<int64_t>(x.rank());
  Ints perm = {0, rank - 1};
  for (int64_t a = 1; a < rank - 1; ++a) perm.push_back(a);
  return x.transpose(perm);
}

Value per_channel(Value vector, const Shape& shape) {
  if (shape.rank() < 2 || vector.rank() != 1 || vector.dim(0) != shape[1]) {
    refuse("a vector of one value per channel is needed, not " + vector.type().text());
  }
  return vector.broadcast(shape, {1});
}

Value without_axes(Value x, const Ints& axes) {
  Dims dims;
  for (size_t i = 0; i < x.rank(); ++i) {
    if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(i)) == axes.end()) {
      dims.push_back(x.shape()[i]);
    }
  }
  return x.reshape(std::move(dims));
}

Value wrap_indices(Value indices, int64_t size) {
  if (!is_signed(indices.dtype())) return indices;
  return select(indices < 0.0, indices + static_cast<double>(size), indices);
}

Value widen(Value x) {
  return x.dtype() == DType::f16 || x.dtype() == DType::bf16 ? x.to(DType::f32) : x;
}

}  // namespace burin::ops
