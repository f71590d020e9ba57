// Index arithmetic on the graph: from per-axis indices to positions in a flattened tensor.
#pragma once

#include "ops/onnx_util.h"

namespace burin::ops {

// The integer type wide enough to count the elements of a tensor.
DType index_dtype(const Shape& shape);

// Positions in the flattened x of x[..., index at `axis`, ...] for each element of `indices`, whose
// other axes are x's or a prefix of them. Indices are not negative.
Value element_positions(Value x, Value indices, int64_t axis);
// numpy.take_along_axis; indices are not negative.
Value take_along(Value x, Value indices, int64_t axis);

// Tuples of indices in the last axis of `indices`, after `batch` common leading axes: x is seen as
// [rows, row_size] and each tuple as one row.
struct TupleIndex {
  Value position;  // row numbers, indices.shape without its last axis
  int64_t rows = 1, row_size = 1;
  int64_t depth = 0;  // how many leading axes of x are indexed, with the batch axes
};
// Negative indices count from the end.
TupleIndex tuple_index(Value x, Value indices, size_t batch);

}  // namespace burin::ops
