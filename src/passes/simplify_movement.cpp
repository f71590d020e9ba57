// Rules of ops that only move elements: reshape, transpose, broadcast, slice, pad and the like.
#include "passes/dims.h"
#include "passes/simplify_rules.h"

namespace burin::passes {

namespace {

using graph::AxisAttr;
using graph::DimsAttr;
using graph::PadAttr;
using graph::ReduceAttr;
using graph::SliceAttr;

bool all_are(const Dims& dims, int64_t value) {
  return std::all_of(dims.begin(), dims.end(), [&](int64_t d) { return d == value; });
}

NodeId keeps_shape(Simplifier& s, NodeId id) {
  return s.shape(id) == s.shape(s.operand(id)) ? s.operand(id) : NodeId();
}

NodeId reshape_of_reshape(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  return s.op(inner) == Op::reshape ? s.reshape(s.operand(inner), s.shape(id)) : NodeId();
}

NodeId reshape_of_constant(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  if (s.op(x) != Op::constant) return {};
  return s.constant(s.graph().constant(x).reshaped(s.shape(id)));
}

NodeId reshape_of_splat(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::broadcast) return {};
  NodeId x = s.operand(inner);
  if (s.shape(x).elements() != 1 || s.shape(id).rank() == 0) return {};
  return s.broadcast(s.reshape(x, {}), s.shape(id), {});
}

// reshape(pad(x)) => pad(reshape(x)), where the reshape only adds or drops axes of size 1: brings
// the padding to the window behind.
NodeId reshape_of_pad(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::pad) return {};
  NodeId x = s.operand(inner);
  PadAttr a = s.attr<PadAttr>(inner);
  Shape from = s.shape(x), padded = s.shape(inner), to = s.shape(id);
  if (squeezed(padded.dims()) != squeezed(to.dims())) return {};
  Dims sizes(to.rank(), 1);
  PadAttr moved{Dims(to.rank(), 0), Dims(to.rank(), 0), Dims(to.rank(), 0)};
  size_t axis = 0;  // of the padded operand
  for (size_t i = 0; i <= to.rank(); ++i) {
    bool unit = i < to.rank() && to[i] == 1;
    for (; !unit && axis < from.rank() && padded[axis] == 1; ++axis) {
      if (from[axis] != 1) return {};
    }
    if (unit || i == to.rank()) continue;
    sizes[i] = from[axis];
    moved.low[i] = a.low[axis];
    moved.high[i] = a.high[axis];
    moved.interior[i] = a.interior[axis++];
  }
  return s.add(Op::pad, {s.reshape(x, Shape(sizes)), s.operand(inner, 1)}, moved);
}

NodeId transpose_identity(Simplifier& s, NodeId id) {
  return is_identity(s.attr<DimsAttr>(id).dims) ? s.operand(id) : NodeId();
}

NodeId transpose_of_transpose(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::transpose) return {};
  Dims perm = permuted(s.attr<DimsAttr>(inner).dims, s.attr<DimsAttr>(id).dims);
  return s.add(Op::transpose, {s.operand(inner)}, DimsAttr{perm});
}

NodeId transpose_of_units(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  if (!moves_only_units(s.attr<DimsAttr>(id).dims, s.shape(x))) return {};
  return s.reshape(x, s.shape(id));
}

NodeId transpose_of_broadcast(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::broadcast) return {};
  Dims to = inverse(s.attr<DimsAttr>(id).dims);
  return s.broadcast(s.operand(inner), s.shape(id), permuted(to, s.attr<DimsAttr>(inner).dims));
}

NodeId broadcast_of_broadcast(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::broadcast) return {};
  Dims dims = permuted(s.attr<DimsAttr>(id).dims, s.attr<DimsAttr>(inner).dims);
  return s.broadcast(s.operand(inner), s.shape(id), dims);
}

// A broadcast that adds nothing but axes of size 1 and keeps the order of the others.
NodeId broadcast_of_units(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  if (s.shape(x).elements() != s.shape(id).elements()) return {};
  Dims dims = s.attr<DimsAttr>(id).dims;
  Dims kept;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (s.shape(x)[i] != 1) kept.push_back(dims[i]);
  }
  return std::is_sorted(kept.begin(), kept.end()) ? s.reshape(x, s.shape(id)) : NodeId();
}

// The axes of the result for each axis of x, where `named` are those of its axes larger than 1 in
// order: each axis of size 1 takes a free one between its neighbours'. Nothing if there is none.
std::optional<Dims> fit_units(const Shape& x, const Dims& named, size_t rank) {
  Dims dims;
  size_t next = 0;
  int64_t last = -1;
  for (size_t i = 0; i < x.rank(); ++i) {
    bool unit = x[i] == 1;
    last = unit ? last + 1 : named[next++];
    int64_t bound = next < named.size() ? named[next] : static_cast<int64_t>(rank);
    if (unit && last >= bound) return std::nullopt;
    dims.push_back(last);
  }
  return dims;
}

// broadcast(reshape(x)) => broadcast(x), where the reshape only adds or drops axes of size 1.
NodeId broadcast_of_reshape(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::reshape) return {};
  NodeId x = s.operand(inner);
  Shape from = s.shape(x), to = s.shape(inner);
  if (squeezed(from.dims()) != squeezed(to.dims())) return {};
  Dims dims = s.attr<DimsAttr>(id).dims, named;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (to[i] != 1) named.push_back(dims[i]);
  }
  if (!std::is_sorted(named.begin(), named.end())) return {};
  auto fitted = fit_units(from, named, s.shape(id).rank());
  return fitted ? s.broadcast(x, s.shape(id), *fitted) : NodeId();
}

// Drops axes of size 1 in front of a broadcast where that costs nothing.
NodeId broadcast_squeezed(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  if (s.op(x) != Op::constant && s.op(x) != Op::reshape) return {};
  Dims sizes = s.shape(x).dims(), dims = s.attr<DimsAttr>(id).dims, kept;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (sizes[i] != 1) kept.push_back(dims[i]);
  }
  if (kept.size() == dims.size()) return {};
  return s.broadcast(s.reshape(x, Shape(squeezed(sizes))), s.shape(id), kept);
}

NodeId slice_of_slice(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::slice) return {};
  SliceAttr a = s.attr<SliceAttr>(inner), b = s.attr<SliceAttr>(id);
  Dims sizes = s.shape(id).dims();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) {
      a.limit[i] = a.start[i];
      continue;
    }
    a.start[i] += b.start[i] * a.stride[i];
    a.stride[i] = sizes[i] == 1 ? 1 : a.stride[i] * b.stride[i];
    a.limit[i] = a.start[i] + (sizes[i] - 1) * a.stride[i] + 1;
  }
  return s.add(Op::slice, {s.operand(inner)}, a);
}

// slice(broadcast(x)) => broadcast(slice(x)), slicing only the axes that x really has.
NodeId slice_of_broadcast(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::broadcast) return {};
  NodeId x = s.operand(inner);
  SliceAttr a = s.attr<SliceAttr>(id), own;
  Dims dims = s.attr<DimsAttr>(inner).dims, sizes = s.shape(x).dims();
  for (size_t i = 0; i < dims.size(); ++i) {
    size_t axis = to_index(dims[i]);
    bool whole = sizes[i] == 1 && s.shape(id)[axis] != 0;
    own.start.push_back(whole ? 0 : a.start[axis]);
    own.limit.push_back(whole ? 1 : a.limit[axis]);
    own.stride.push_back(whole ? 1 : a.stride[axis]);
  }
  return s.broadcast(s.add(Op::slice, {x}, own), s.shape(id), dims);
}

// A slice that lies within one operand of a concatenation.
NodeId slice_of_concatenate(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::concatenate) return {};
  SliceAttr a = s.attr<SliceAttr>(id);
  size_t axis = to_index(s.attr<AxisAttr>(inner).axis);
  int64_t offset = 0;
  for (NodeId piece : s.operands(inner)) {
    int64_t end = offset + s.shape(piece)[axis];
    if (a.start[axis] >= offset && a.limit[axis] <= end && a.start[axis] < a.limit[axis]) {
      a.start[axis] -= offset;
      a.limit[axis] -= offset;
      return s.add(Op::slice, {piece}, a);
    }
    offset = end;
  }
  return {};
}

NodeId pad_of_pad(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::pad) return {};
  PadAttr a = s.attr<PadAttr>(inner), b = s.attr<PadAttr>(id);
  auto value = s.uniform(s.operand(id, 1));
  bool same = s.operand(id, 1) == s.operand(inner, 1) ||
              (value && s.is_uniform(s.operand(inner, 1), *value));
  if (!same || !all_are(b.interior, 0)) return {};
  for (size_t i = 0; i < a.low.size(); ++i) {
    a.low[i] += b.low[i];
    a.high[i] += b.high[i];
  }
  return s.add(Op::pad, {s.operand(inner), s.operand(inner, 1)}, a);
}

NodeId concatenate_one(Simplifier& s, NodeId id) {
  return s.operand_count(id) == 1 ? s.operand(id) : NodeId();
}

NodeId concatenate_without_empty(Simplifier& s, NodeId id) {
  std::vector<NodeId> all = s.operands(id), kept;
  for (NodeId x : all) {
    if (s.shape(x).elements() != 0) kept.push_back(x);
  }
  if (kept.empty() || kept.size() == all.size()) return {};
  return s.add(Op::concatenate, kept, s.attr<AxisAttr>(id));
}

NodeId reverse_of_units(Simplifier& s, NodeId id) {
  Dims dims = s.attr<DimsAttr>(id).dims, kept;
  for (int64_t axis : dims) {
    if (s.shape(id)[to_index(axis)] > 1) kept.push_back(axis);
  }
  if (kept.size() == dims.size() && !dims.empty()) return {};
  if (kept.empty()) return s.operand(id);
  return s.add(Op::reverse, {s.operand(id)}, DimsAttr{kept});
}

NodeId reverse_of_reverse(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::reverse) return {};
  Dims a = s.attr<DimsAttr>(inner).dims, b = s.attr<DimsAttr>(id).dims, once;
  for (int64_t axis : a) {
    if (!contains(b, axis)) once.push_back(axis);
  }
  for (int64_t axis : b) {
    if (!contains(a, axis)) once.push_back(axis);
  }
  return s.add(Op::reverse, {s.operand(inner)}, DimsAttr{once});
}

NodeId reduce_units(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  for (int64_t axis : s.attr<ReduceAttr>(id).dims) {
    if (s.shape(x)[to_index(axis)] != 1) return {};
  }
  return s.reshape(x, s.shape(id));
}

// reduce(reshape(x)) => reshape(reduce(x)), where the reshape keeps reduced and other axes apart.
NodeId reduce_of_reshape(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::reshape || s.shape(inner).elements() == 0) return {};
  NodeId x = s.operand(inner);
  ReduceAttr attr = s.attr<ReduceAttr>(id);
  Dims axes;
  for (const AxisGroup& group : regroup(s.shape(x), s.shape(inner))) {
    auto reduced = std::count_if(group.to.begin(), group.to.end(),
                                 [&](int64_t axis) { return contains(attr.dims, axis); });
    if (reduced == 0) continue;
    if (reduced != static_cast<int64_t>(group.to.size())) return {};
    axes.insert(axes.end(), group.from.begin(), group.from.end());
  }
  attr.dims = axes;
  return s.reshape(s.add(Op::reduce, {x}, attr), s.shape(id));
}

NodeId reduce_of_reduce(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::reduce) return {};
  ReduceAttr a = s.attr<ReduceAttr>(inner), b = s.attr<ReduceAttr>(id);
  if (a.kind != b.kind) return {};
  Dims kept;  // axes of x that the inner one leaves
  for (size_t i = 0; i < s.shape(s.operand(inner)).rank(); ++i) {
    if (!contains(a.dims, static_cast<int64_t>(i))) kept.push_back(static_cast<int64_t>(i));
  }
  for (int64_t axis : b.dims) a.dims.push_back(kept[to_index(axis)]);
  std::sort(a.dims.begin(), a.dims.end());
  return s.add(Op::reduce, {s.operand(inner)}, a);
}

// Constant indices that advance by one positive step: a slice, which reads no indices.
NodeId gather_of_range(Simplifier& s, NodeId id) {
  constexpr int64_t kMostIndices = 64;
  NodeId x = s.operand(id, 0), indices = s.operand(id, 1);
  if (s.op(indices) != Op::constant) return {};
  const Tensor value = s.graph().constant(indices);
  size_t axis = to_index(s.attr<AxisAttr>(id).axis);
  int64_t size = s.shape(x)[axis];
  if (value.elements() < 1 || value.elements() > kMostIndices || size < 1) return {};
  Dims at = value.to_ints();
  for (int64_t& i : at) i = std::clamp<int64_t>(i, 0, size - 1);
  int64_t step = at.size() > 1 ? at[1] - at[0] : 1;
  if (step < 1) return {};
  for (size_t i = 1; i < at.size(); ++i) {
    if (at[i] - at[i - 1] != step) return {};
  }
  SliceAttr slice{Dims(s.shape(x).rank(), 0), s.shape(x).dims(), Dims(s.shape(x).rank(), 1)};
  slice.start[axis] = at.front();
  slice.limit[axis] = at.back() + 1;
  slice.stride[axis] = step;
  return s.reshape(s.add(Op::slice, {x}, slice), s.shape(id));
}

constexpr Rule kMovementRules[] = {
    {Op::reshape, "reshape(x) to its own shape => x", keeps_shape},
    {Op::reshape, "reshape(reshape(x)) => reshape(x)", reshape_of_reshape},
    {Op::reshape, "reshape(constant) => constant", reshape_of_constant},
    {Op::reshape, "reshape(pad(x)) of axes of size 1 => pad(reshape(x))", reshape_of_pad},
    {Op::reshape, "reshape(broadcast(one element)) => broadcast(x)", reshape_of_splat},
    {Op::transpose, "transpose(x) in the same order => x", transpose_identity},
    {Op::transpose, "transpose(transpose(x)) => transpose(x)", transpose_of_transpose},
    {Op::transpose, "transpose(x) of axes of size 1 => reshape(x)", transpose_of_units},
    {Op::transpose, "transpose(broadcast(x)) => broadcast(x)", transpose_of_broadcast},
    {Op::broadcast, "broadcast(broadcast(x)) => broadcast(x)", broadcast_of_broadcast},
    {Op::broadcast, "broadcast(x) that adds axes of size 1 => reshape(x)", broadcast_of_units},
    {Op::broadcast, "broadcast(reshape(x)) of axes of size 1 => broadcast(x)",
     broadcast_of_reshape},
    {Op::broadcast, "broadcast(x[1,n,1]) => broadcast(x[n])", broadcast_squeezed},
    {Op::slice, "slice(x) of everything => x", keeps_shape},
    {Op::slice, "slice(slice(x)) => slice(x)", slice_of_slice},
    {Op::slice, "slice(broadcast(x)) => broadcast(slice(x))", slice_of_broadcast},
    {Op::slice, "slice(concatenate(x, y)) => slice(x)", slice_of_concatenate},
    {Op::pad, "pad(x) by nothing => x", keeps_shape},
    {Op::pad, "pad(pad(x, v), v) => pad(x, v)", pad_of_pad},
    {Op::concatenate, "concatenate(x) => x", concatenate_one},
    {Op::concatenate, "concatenate(x, empty) => concatenate(x)", concatenate_without_empty},
    {Op::reverse, "reverse(x) of axes of size 1 => x", reverse_of_units},
    {Op::reverse, "reverse(reverse(x)) => reverse(x)", reverse_of_reverse},
    {Op::reduce, "reduce(x) over axes of size 1 => reshape(x)", reduce_units},
    {Op::reduce, "reduce(reshape(x)) => reshape(reduce(x))", reduce_of_reshape},
    {Op::reduce, "reduce(reduce(x)) => reduce(x)", reduce_of_reduce},
    {Op::gather, "gather(x, [a, a + n, ...]) => slice(x)", gather_of_range},
};

}  // namespace

std::span<const Rule> movement_rules() { return kMovementRules; }

}  // namespace burin::passes
