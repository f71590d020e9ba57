// ScatterElements (and its old name Scatter), ScatterND: data with some places written or combined.
#include "ops/onnx_index.h"

namespace burin::ops {

namespace {

graph::ScatterKind reduction(OpContext& c) {
  std::string kind = c.attr_string("reduction", "none");
  if (kind == "none") return graph::ScatterKind::assign;
  if (kind == "add") return graph::ScatterKind::add;
  if (kind == "mul") return graph::ScatterKind::mul;
  if (kind == "max") return graph::ScatterKind::max;
  if (kind == "min") return graph::ScatterKind::min;
  refuse("reduction is '" + kind + "'", "none, add, mul, max and min are known");
}

void build_scatter_elements(OpContext& c) {
  Value x = input(c, 0), indices = input(c, 1), updates = input(c, 2);
  int64_t axis = OpContext::axis(c.attr_int("axis", 0), x.rank());
  if (indices.shape() != updates.shape()) refuse("indices and updates differ in shape");
  Value at = element_positions(x, wrap_indices(indices, x.dim(axis)), axis);
  int64_t count = indices.shape().elements();
  Value y = x.wrap(c.b.scatter(x.reshape({x.shape().elements()}), at.reshape({count}),
                               updates.reshape({count}), reduction(c)));
  c.set_output(0, y.reshape(x.dims()));
}
BURIN_ONNX_OP(Scatter, 9, build_scatter_elements);
BURIN_ONNX_OP(ScatterElements, 11, build_scatter_elements);

void build_scatter_nd(OpContext& c) {
  Value x = input(c, 0), indices = input(c, 1), updates = input(c, 2);
  TupleIndex at = tuple_index(x, indices, 0);
  int64_t count = at.position.shape().elements();
  if (updates.shape().elements() != product(count, at.row_size)) {
    refuse("updates do not match indices and data");
  }
  Value y = x.wrap(c.b.scatter(x.reshape({at.rows, at.row_size}), at.position.reshape({count}),
                               updates.reshape({count, at.row_size}), reduction(c)));
  c.set_output(0, y.reshape(x.dims()));
}
BURIN_ONNX_OP(ScatterND, 11, build_scatter_nd);

}  // namespace

}  // namespace burin::ops
