// Primitives whose result is a view of the operand: reshape, transpose, broadcast, slice, reverse.
#include "ops/evaluate.h"

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
  check_range(args.op, "stride", stride, 1);
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

Array eval_reshape(const EvalArgs& args) {
  Array out = *args.operands[0];
  out.type = args.node.type;
  return out;
}

Array eval_transpose(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const Dims& perm = std::get<graph::DimsAttr>(args.node.attr).dims;
  Dims from = x.type.shape.strides(), strides(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) strides[i] = from[static_cast<size_t>(perm[i])];
  return view_of(x, args.node.type, 0, strides);
}

Array eval_broadcast(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const Dims& dims = std::get<graph::DimsAttr>(args.node.attr).dims;
  Dims from = x.type.shape.strides(), strides(args.node.type.shape.rank(), 0);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (x.type.shape[i] != 1) strides[static_cast<size_t>(dims[i])] = from[i];
  }
  return view_of(x, args.node.type, 0, strides);
}

Array eval_slice(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const auto& attr = std::get<graph::SliceAttr>(args.node.attr);
  Dims strides = x.type.shape.strides();
  if (args.node.type.shape.elements() == 0) return make_array(args.node.type);
  int64_t offset = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    offset += attr.start[i] * strides[i];
    // An axis of one element takes no step, and its stride may be as large as an attribute can.
    strides[i] = args.node.type.shape[i] > 1 ? strides[i] * attr.stride[i] : 0;
  }
  return view_of(x, args.node.type, offset, strides);
}

Array eval_reverse(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  Dims strides = x.type.shape.strides();
  int64_t offset = 0;
  for (int64_t axis : std::get<graph::DimsAttr>(args.node.attr).dims) {
    auto i = static_cast<size_t>(axis);
    offset += (x.type.shape[i] - 1) * strides[i];
    strides[i] = -strides[i];
  }
  return view_of(x, args.node.type, offset, strides);
}

#define X(name)                              \
  const RegisterOp register_##name(Op::name, \
                                   {.arity = 1, .infer = infer_##name, .eval = eval_##name});
X(reshape)
X(transpose)
X(broadcast)
X(slice)
X(reverse)
#undef X

}  // namespace

}  // namespace burin::ops
