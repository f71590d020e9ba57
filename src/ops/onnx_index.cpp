// Index arithmetic for the gathers and scatters.
#include "ops/onnx_index.h"

namespace burin::ops {

DType index_dtype(const Shape& shape) {
  return shape.elements() < (int64_t{1} << 31) ? DType::i32 : DType::i64;
}

// sum over axes a of (a == axis ? index : iota_a) * stride_a
Value element_positions(Value x, Value indices, int64_t axis) {
  if (indices.rank() != x.rank()) refuse("indices and data differ in rank");
  DType dtype = index_dtype(x.shape());
  Dims strides = x.shape().strides();
  Value position = indices.to(dtype) * static_cast<double>(strides[static_cast<size_t>(axis)]);
  for (int64_t a = 0; a < static_cast<int64_t>(x.rank()); ++a) {
    if (a == axis) continue;
    if (indices.dim(a) > x.dim(a)) refuse("indices are larger than the data along an axis");
    if (indices.dim(a) == 1) continue;
    position =
        position + indices.iota(a, dtype) * static_cast<double>(strides[static_cast<size_t>(a)]);
  }
  return position;
}

Value take_along(Value x, Value indices, int64_t axis) {
  return x.reshape({x.shape().elements()}).take(element_positions(x, indices, axis), 0);
}

TupleIndex tuple_index(Value x, Value indices, size_t batch) {
  if (indices.rank() == 0) refuse("indices must have at least one axis");
  auto last = static_cast<int64_t>(indices.rank()) - 1;
  int64_t tuple = indices.dim(last);
  TupleIndex out{indices, 1, 1, static_cast<int64_t>(batch) + tuple};
  if (out.depth > static_cast<int64_t>(x.rank())) refuse("an index tuple is longer than the rank");
  auto depth = static_cast<size_t>(out.depth);
  out.rows = x.shape().elements(0, depth);
  out.row_size = x.shape().elements(depth, x.rank());
  DType dtype = index_dtype(x.shape());
  Dims dims = indices.dims(0, indices.rank() - 1);
  graph::Builder& b = indices.builder();
  Value position(b, b.full({dtype, Shape(dims)}, 0));
  int64_t stride = 1;
  for (int64_t a = out.depth - 1; a >= 0; --a) {
    int64_t j = a - static_cast<int64_t>(batch);
    Value component = j >= 0 ? wrap_indices(indices.slice(last, j, j + 1).reshape(dims), x.dim(a))
                             : position.iota(a, dtype);
    position = position + component.to(dtype) * static_cast<double>(stride);
    stride *= x.dim(a);
  }
  out.position = position;
  return out;
}

}  // namespace burin::ops
