// Indexed access: gather and scatter.
#include <algorithm>

#include "ops/combine.h"

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

// Indices outside the axis are clamped into it.
Array eval_gather(const EvalArgs& args) {
  const Array &x = *args.operands[0], &indices = *args.operands[1];
  auto axis = static_cast<size_t>(std::get<graph::AxisAttr>(args.node.attr).axis);
  Array out = make_array(args.node.type);
  if (out.type.shape.elements() == 0) return out;
  int64_t outer = x.type.shape.elements(0, axis), size = x.type.shape[axis];
  int64_t inner = x.type.shape.elements(axis + 1, x.type.shape.rank());
  auto copy = [&](const auto& from, auto& to) {
    auto next = to.begin();
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t index : indices.i) {
        int64_t row = o * size + std::clamp<int64_t>(index, 0, size - 1);
        next = std::copy_n(from.begin() + row * inner, inner, next);
      }
    }
  };
  if (is_float(x.type.dtype))
    copy(x.f, out.f);
  else
    copy(x.i, out.i);
  return out;
}

template <class T>
T scattered(graph::ScatterKind kind, T old, T update) {
  switch (kind) {
    case graph::ScatterKind::assign: return update;
    case graph::ScatterKind::add: return combined<ReduceKind::sum>(old, update);
    case graph::ScatterKind::mul: return combined<ReduceKind::prod>(old, update);
    case graph::ScatterKind::max: return combined<ReduceKind::max>(old, update);
    case graph::ScatterKind::min: return combined<ReduceKind::min>(old, update);
  }
  return old;
}

// Updates are applied in order; those whose index is outside [0, N) are dropped.
Array eval_scatter(const EvalArgs& args) {
  const Array &indices = *args.operands[1], &updates = *args.operands[2];
  graph::ScatterKind kind = std::get<graph::ScatterAttr>(args.node.attr).kind;
  Array out = *args.operands[0];
  const Shape& shape = out.type.shape;
  auto inner = static_cast<size_t>(shape.elements(1, shape.rank()));
  visit_evaluated(out.type.dtype, [&](auto t) {
    using T = decltype(t);
    auto& to = out.values<T>();
    const auto& from = updates.values<T>();
    for (size_t k = 0; k < indices.i.size(); ++k) {
      if (indices.i[k] < 0 || indices.i[k] >= shape[0]) continue;
      size_t row = static_cast<size_t>(indices.i[k]) * inner;
      for (size_t n = 0; n < inner; ++n) {
        T old = static_cast<T>(to[row + n]), update = static_cast<T>(from[k * inner + n]);
        to[row + n] = scattered<T>(kind, old, update);
      }
    }
  });
  return out;
}

const RegisterOp register_gather(Op::gather,
                                 {.arity = 2, .infer = infer_gather, .eval = eval_gather});
const RegisterOp register_scatter(Op::scatter,
                                  {.arity = 3, .infer = infer_scatter, .eval = eval_scatter});

}  // namespace

}  // namespace burin::ops
