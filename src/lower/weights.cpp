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
    default: return false;
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
    DType from = in->dtype, to = node.type.dtype;
    bool alike = (is_float(from) && is_float(to)) || (is_integer(from) && is_integer(to));
    if (!alike || from != in->value.dtype() || in->scale.valid()) return std::nullopt;
    in->dtype = node.type.dtype;
    return in;
  }
  if (!apply(node, in->shape, in->at)) return std::nullopt;
  if (in->scale.valid() && !apply(node, in->shape, in->scale_at)) return std::nullopt;
  in->shape = node.type.shape;
  return in;
}

}  // namespace

bool same_elements(const WeightView& a, const WeightView& b) {
  auto same_memory = [](const Tensor& x, const Tensor& y) {
    return x.valid() == y.valid() && (!x.valid() || (x.data() == y.data() && x.type() == y.type()));
  };
  return a.type == b.type && same_memory(a.value, b.value) && a.offset == b.offset &&
         a.strides == b.strides && same_memory(a.scale, b.scale) &&
         a.scale_offset == b.scale_offset && a.scale_strides == b.scale_strides;
}

double WeightView::at(std::span<const int64_t> index) const {
  double x =
      value.as_double(std::inner_product(index.begin(), index.end(), strides.begin(), offset));
  if (!scale.valid()) return x;
  return x * scale.as_double(std::inner_product(index.begin(), index.end(), scale_strides.begin(),
                                                scale_offset));
}

std::optional<WeightView> resolve_weights(const graph::Graph& graph, graph::NodeId node) {
  std::optional<Resolved> found = resolve(graph, node, kMaxDepth);
  if (!found || found->shape.elements() == 0) return std::nullopt;
  WeightView view;
  view.type = {found->dtype, found->shape};
  view.value = found->value;
  view.offset = found->at.offset;
  view.strides = found->at.strides;
  view.scale = found->scale;
  view.scale_offset = found->scale_at.offset;
  view.scale_strides = found->scale_at.strides;
  return view;
}

namespace {

// The step of axes walked as one; nothing if their steps differ.
std::optional<int64_t> merged_stride(const Shape& shape, const Dims& strides,
                                     const std::vector<size_t>& axes) {
  int64_t stride = 0, expected = 0;
  bool inner = false;
  for (size_t i = axes.size(); i-- > 0;) {
    if (shape[axes[i]] == 1) continue;
    if (!inner) stride = strides[axes[i]];
    if (inner && strides[axes[i]] != expected) return std::nullopt;
    expected = strides[axes[i]] * shape[axes[i]];
    inner = true;
  }
  return stride;
}

}  // namespace

std::optional<WeightView> merge_axes(const WeightView& view,
                                     std::span<const std::vector<size_t>> groups) {
  WeightView out = view;
  out.strides.clear();
  out.scale_strides.clear();
  Dims dims;
  for (const std::vector<size_t>& axes : groups) {
    int64_t size = 1;
    for (size_t axis : axes) size *= view.type.shape[axis];
    dims.push_back(size);
    std::optional<int64_t> stride = merged_stride(view.type.shape, view.strides, axes);
    if (!stride) return std::nullopt;
    out.strides.push_back(*stride);
    if (!view.scale.valid()) continue;
    stride = merged_stride(view.type.shape, view.scale_strides, axes);
    if (!stride) return std::nullopt;
    out.scale_strides.push_back(*stride);
  }
  out.type.shape = Shape(std::move(dims));
  return out;
}

WeightView split_axis(const WeightView& view, size_t axis, int64_t inner) {
  WeightView out = view;
  Dims dims = view.type.shape.dims();
  auto at = static_cast<std::ptrdiff_t>(axis);
  dims[axis] /= inner;
  dims.insert(dims.begin() + at + 1, inner);
  auto split = [&](Dims& strides) { strides.insert(strides.begin() + at, strides[axis] * inner); };
  split(out.strides);
  if (out.scale.valid()) split(out.scale_strides);
  out.type.shape = Shape(std::move(dims));
  return out;
}

}  // namespace burin::lower
