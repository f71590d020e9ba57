// Primitives whose result is a view of the operand: reshape, transpose, broadcast, slice, reverse.
#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_reshape(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  auto shape = check_shape(args.wanted.shape.dims());
  if (!shape) refuse(args.op, shape.error().reason);
  if (x.dtype != args.wanted.dtype || x.shape.elements() != args.wanted.shape.elements()) {
    refuse(args.op,
           fmt::format("{} with {} elements does not become {} with {}", x.text(),
                       x.shape.elements(), args.wanted.text(), args.wanted.shape.elements()));
  }
  return args.wanted;
}

// out.dim(i) = in.dim(dims[i])
TensorType infer_transpose(const InferArgs& args) {
  const Dims& perm = attr_of<graph::DimsAttr>(args).dims;
  const TensorType& x = args.operands[0];
  check_count(args.op, "permutation", perm, x.shape.rank());
  check_axes(args.op, "permutation", perm, x.shape.rank());
  Dims out(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) out[i] = x.shape[static_cast<size_t>(perm[i])];
  return {x.dtype, Shape(std::move(out))};
}

TensorType infer_broadcast(const InferArgs& args) {
  const Dims& dims = attr_of<graph::DimsAttr>(args).dims;
  const TensorType& x = args.operands[0];
  if (x.dtype != args.wanted.dtype) {
    refuse(args.op, fmt::format("{} does not become {}", x.text(), args.wanted.text()));
  }
  check_count(args.op, "dims", dims, x.shape.rank());
  check_axes(args.op, "dims", dims, args.wanted.shape.rank());
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t to = args.wanted.shape[static_cast<size_t>(dims[i])];
    if (x.shape[i] != 1 && x.shape[i] != to) {
      refuse(args.op, fmt::format("axis {} of {} does not become axis {} of {}", i, x.text(),
                                  dims[i], args.wanted.text()));
    }
  }
  return args.wanted;
}

// out.dim = ceil((limit - start) / stride)
TensorType infer_slice(const InferArgs& args) {
  const auto& [start, limit, stride] = attr_of<graph::SliceAttr>(args);
  const TensorType& x = args.operands[0];
  check_count(args.op, "start", start, x.shape.rank());
  check_count(args.op, "limit", limit, x.shape.rank());
  check_count(args.op, "stride", stride, x.shape.rank());
  check_least(args.op, "stride", stride, 1);
  Dims out(x.shape.rank());
  for (size_t i = 0; i < out.size(); ++i) {
    if (start[i] < 0 || start[i] > limit[i] || limit[i] > x.shape[i]) {
      refuse(args.op,
             fmt::format("[{}, {}) is outside axis {} of {}", start[i], limit[i], i, x.text()));
    }
    out[i] = limit[i] == start[i] ? 0 : (limit[i] - start[i] - 1) / stride[i] + 1;
  }
  return {x.dtype, Shape(std::move(out))};
}

TensorType infer_reverse(const InferArgs& args) {
  check_axes(args.op, "dims", attr_of<graph::DimsAttr>(args).dims, args.operands[0].shape.rank());
  return args.operands[0];
}

const RegisterOp register_reshape(Op::reshape, {.arity = 1, .infer = infer_reshape});
const RegisterOp register_transpose(Op::transpose, {.arity = 1, .infer = infer_transpose});
const RegisterOp register_broadcast(Op::broadcast, {.arity = 1, .infer = infer_broadcast});
const RegisterOp register_slice(Op::slice, {.arity = 1, .infer = infer_slice});
const RegisterOp register_reverse(Op::reverse, {.arity = 1, .infer = infer_reverse});

}  // namespace

}  // namespace burin::ops
