// Strided views of constants and the copies that packers make from them.
#include "lower/weights.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "base/check.h"

namespace burin::lower {
namespace {

constexpr int kMaxDepth = 64;  // nodes between a use and its constant

// One strided box of elements.
struct Strided {
  int64_t offset = 0;
  Dims strides;
};

// A constant, and optionally a second one that multiplies it, seen through the same nodes.
struct Resolved {
  Shape shape;
  DType dtype = DType::f32;
  Tensor value;
  Strided at;
  Tensor scale;  // may be invalid
  Strided scale_at;
};

// Strides of the same elements under another shape, if they are still strided.
std::optional<Dims> reshape_strides(const Shape& from, const Dims& strides, const Shape& to) {
  Dims result(to.rank(), 0);
  size_t i = 0, j = 0;
  while (i < from.rank() || j < to.rank()) {
    if (i < from.rank() && from[i] == 1) {
      ++i;
      continue;
    }
    if (j < to.rank() && to[j] == 1) {
      ++j;
      continue;
    }
    if (i == from.rank() || j == to.rank()) return std::nullopt;
    // The shortest runs of axes [i, i2) and [j, j2) with as many elements.
    size_t i2 = i + 1, j2 = j + 1;
    int64_t a = from[i], b = to[j];
    while (a != b) {
      if (a < b) {
        if (i2 == from.rank()) return std::nullopt;
        a *= from[i2++];
      } else {
        if (j2 == to.rank()) return std::nullopt;
        b *= to[j2++];
      }
    }
    for (size_t k = i + 1; k < i2; ++k) {
      if (from[k] != 1 && strides[k - 1] != strides[k] * from[k]) return std::nullopt;
      if (from[k] == 1) return std::nullopt;
    }
    int64_t stride = strides[i2 - 1];
    for (size_t k = j2; k-- > j;) {
      result[k] = stride;
      stride *= to[k];
    }
    i = i2, j = j2;
  }
  return result;
}

// Applies one data-movement node to a view; false if the result is not strided.
bool apply(const graph::Node& node, const Shape& from, Strided& view) {
  const Shape& to = node.type.shape;
  switch (node.op) {
    case graph::Op::transpose: {
      const Dims& perm = std::get<graph::DimsAttr>(node.attr).dims;
      Dims strides;
      for (int64_t axis : perm) strides.push_back(view.strides[static_cast<size_t>(axis)]);
      view.strides = std::move(strides);
      return true;
    }
    case graph::Op::reshape: {
      std::optional<Dims> strides = reshape_strides(from, view.strides, to);
      if (strides) view.strides = std::move(*strides);
      return strides.has_value();
    }
    case graph::Op::slice: {
      const auto& attr = std::get<graph::SliceAttr>(node.attr);
      for (size_t i = 0; i < to.rank(); ++i) {
        view.offset += attr.start[i] * view.strides[i];
        view.strides[i] *= attr.stride[i];
      }
      return true;
    }
    case graph::Op::reverse: {
      for (int64_t axis : std::get<graph::DimsAttr>(node.attr).dims) {
        int64_t& stride = view.strides[static_cast<size_t>(axis)];
        view.offset += (to[static_cast<size_t>(axis)] - 1) * stride;
        stride = -stride;
      }
      return true;
    }
    case graph::Op::broadcast: {
      const Dims& dims = std::get<graph::DimsAttr>(node.attr).dims;
      Dims strides(to.rank(), 0);
      for (size_t i = 0; i < dims.size(); ++i) {
        auto axis = static_cast<size_t>(dims[i]);
        if (from[i] == to[axis]) strides[axis] = view.strides[i];
      }
      view.strides = std::move(strides);
      return true;
    }
    default:
      return false;
  }
}

std::optional<Resolved> resolve(const graph::Graph& graph, graph::NodeId id, int depth);

std::optional<Resolved> resolve_product(const graph::Graph& graph, const graph::Node& node,
                                        int depth) {
  std::optional<Resolved> a = resolve(graph, node.operands[0], depth);
  if (!a) return std::nullopt;
  std::optional<Resolved> b = resolve(graph, node.operands[1], depth);
  if (!b || a->scale.valid() || b->scale.valid()) return std::nullopt;
  if (a->dtype != a->value.dtype() || b->dtype != b->value.dtype()) return std::nullopt;
  if (!is_float(a->dtype)) return std::nullopt;
  if (a->value.elements() < b->value.elements()) std::swap(a, b);
  a->scale = b->value;
  a->scale_at = b->at;
  return a;
}

std::optional<Resolved> resolve(const graph::Graph& graph, graph::NodeId id, int depth) {
  const graph::Node& node = graph[id];
  if (node.op == graph::Op::constant) {
    const Tensor& value = graph.constant(id);
    return Resolved{value.shape(), value.dtype(), value, {0, value.shape().strides()}, {}, {}};
  }
  if (depth == 0 || node.operands.empty()) return std::nullopt;
  if (node.op == graph::Op::mul) return resolve_product(graph, node, depth - 1);

  std::optional<Resolved> in = resolve(graph, node.operands[0], depth - 1);
  if (!in) return std::nullopt;
  if (node.op == graph::Op::convert) {
    // One rounding at most: from the stored dtype to the last.
    bool once = in->dtype == in->value.dtype() && is_float(in->dtype) && is_float(node.type.dtype);
    if (!once || in->scale.valid()) return std::nullopt;
    in->dtype = node.type.dtype;
    return in;
  }
  if (!apply(node, in->shape, in->at)) return std::nullopt;
  if (in->scale.valid() && !apply(node, in->shape, in->scale_at)) return std::nullopt;
  in->shape = node.type.shape;
  return in;
}

}  // namespace

double WeightView::at(std::span<const int64_t> index) const {
  int64_t i = offset;
  for (size_t d = 0; d < index.size(); ++d) i += index[d] * strides[d];
  double x = value.as_double(i);
  if (scale_axis < 0) return x;
  return x * scale.as_double(scale_offset + index[static_cast<size_t>(scale_axis)] * scale_stride);
}

std::optional<WeightView> resolve_weights(const graph::Graph& graph, graph::NodeId node) {
  std::optional<Resolved> found = resolve(graph, node, kMaxDepth);
  if (!found || found->shape.elements() == 0) return std::nullopt;
  WeightView view;
  view.type = {found->dtype, found->shape};
  view.value = found->value;
  view.offset = found->at.offset;
  view.strides = found->at.strides;
  if (!found->scale.valid()) return view;
  view.scale = found->scale;
  view.scale_offset = found->scale_at.offset;
  view.scale_axis = 0;
  if (found->shape.rank() == 0) return std::nullopt;
  for (size_t i = 0; i < found->shape.rank(); ++i) {
    if (found->shape[i] == 1 || found->scale_at.strides[i] == 0) continue;
    if (view.scale_stride != 0) return std::nullopt;  // varies along two axes
    view.scale_axis = static_cast<int>(i);
    view.scale_stride = found->scale_at.strides[i];
  }
  return view;
}

}  // namespace burin::lower
