// Indexed access: gather and scatter.
#include "ops/rules.h"

namespace burin::ops {

namespace {

// x[a..., n, b...] taken at indices[i...] along the axis of n -> [a..., i..., b...]
TensorType infer_gather(const InferArgs& args) {
  int64_t axis = attr_of<graph::AxisAttr>(args).axis;
  const TensorType &x = args.operands[0], &indices = args.operands[1];
  check_axis(args.op, axis, x.shape.rank());
  check_index_dtype(args.op, indices);
  if (x.shape[static_cast<size_t>(axis)] == 0) {
    refuse(args.op, fmt::format("takes from the empty axis {} of {}", axis, x.text()));
  }
  Dims out(x.shape.dims().begin(), x.shape.dims().begin() + axis);
  out.insert(out.end(), indices.shape.dims().begin(), indices.shape.dims().end());
  out.insert(out.end(), x.shape.dims().begin() + axis + 1, x.shape.dims().end());
  return {x.dtype, Shape(std::move(out))};
}

// x[N, r...], indices[K], updates[K, r...] -> [N, r...]
TensorType infer_scatter(const InferArgs& args) {
  const TensorType &x = args.operands[0], &indices = args.operands[1], &updates = args.operands[2];
  graph::ScatterKind kind = attr_of<graph::ScatterAttr>(args).kind;
  check_index_dtype(args.op, indices);
  check_same_dtype(args.op, x, updates);
  if (kind != graph::ScatterKind::assign) check_numeric(args.op, x);
  if (x.shape.rank() == 0 || indices.shape.rank() != 1) {
    refuse(args.op,
           fmt::format("into {} at {}: wants x[N,...] and indices[K]", x.text(), indices.text()));
  }
  Dims wanted = x.shape.dims();
  wanted[0] = indices.shape[0];
  if (updates.shape.dims() != wanted) {
    refuse(args.op,
           fmt::format("updates are {}, not of shape {}", updates.text(), Shape(wanted).text()));
  }
  return x;
}

const RegisterOp register_gather(Op::gather, {.arity = 2, .infer = infer_gather});
const RegisterOp register_scatter(Op::scatter, {.arity = 3, .infer = infer_scatter});

}  // namespace

}  // namespace burin::ops
