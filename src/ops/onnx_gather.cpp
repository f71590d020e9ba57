// Gather, GatherElements, GatherND, ReverseSequence. Those with an index per element turn it into
// a position in the flattened tensor.
#include "ops/onnx_index.h"

namespace burin::ops {

namespace {

// A known single index is a slice: views cost nothing.
Value take_one(Value x, const Tensor& index, int64_t axis) {
  int64_t i = index.as_int(0), size = x.dim(axis);
  if (i < -size || i >= size) {
    refuse("index " + std::to_string(i) + " is outside an axis of size " + std::to_string(size));
  }
  if (i < 0) i += size;
  auto at = static_cast<size_t>(axis);
  Dims dims = x.dims(0, at), after = x.dims(at + 1, x.rank());
  for (int64_t d : index.shape().dims()) dims.push_back(d);
  dims.insert(dims.end(), after.begin(), after.end());
  return x.slice(axis, i, i + 1).reshape(std::move(dims));
}

void build_gather(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", 0), x.rank());
  if (std::optional<Tensor> known = c.known_input(1); known && known->elements() == 1) {
    c.set_output(0, take_one(x, *known, axis));
    return;
  }
  c.set_output(0, x.take(wrap_indices(input(c, 1), x.dim(axis)), axis));
}
BURIN_ONNX_OP(Gather, 1, build_gather);

// out[i][j][k] = x[index[i][j][k]][j][k] for axis 0, and so on
void build_gather_elements(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", 0), x.rank());
  c.set_output(0, take_along(x, wrap_indices(input(c, 1), x.dim(axis)), axis));
}
BURIN_ONNX_OP(GatherElements, 11, build_gather_elements);

void build_gather_nd(OpContext& c) {
  Value x = input(c, 0), indices = input(c, 1);
  int64_t batch = c.attr_int("batch_dims", 0);
  if (batch < 0 || batch >= static_cast<int64_t>(indices.rank()) ||
      batch >= static_cast<int64_t>(x.rank())) {
    refuse("batch_dims is out of range");
  }
  TupleIndex at = tuple_index(x, indices, static_cast<size_t>(batch));
  Dims dims = at.position.dims(), row = x.dims(static_cast<size_t>(at.depth), x.rank());
  dims.insert(dims.end(), row.begin(), row.end());
  c.set_output(0, x.reshape({at.rows, at.row_size}).take(at.position, 0).reshape(dims));
}
BURIN_ONNX_OP(GatherND, 11, build_gather_nd);

// The first lengths[b] entries of the time axis of each batch entry come out backwards.
void build_reverse_sequence(OpContext& c) {
  Value x = input(c, 0), lengths = input(c, 1);
  int64_t batch = OpContext::axis(c.attr_int("batch_axis", 1), x.rank());
  int64_t time = OpContext::axis(c.attr_int("time_axis", 0), x.rank());
  if (batch == time || lengths.rank() != 1 || lengths.dim(0) != x.dim(batch)) {
    refuse("ReverseSequence needs one length for each batch entry");
  }
  Value length = lengths.to(DType::i32).broadcast(x.shape(), {batch});
  Value t = x.iota(time, DType::i32);
  c.set_output(0, take_along(x, select(t < length, length - 1.0 - t, t), time));
}
BURIN_ONNX_OP(ReverseSequence, 10, build_reverse_sequence);

}  // namespace

}  // namespace burin::ops
