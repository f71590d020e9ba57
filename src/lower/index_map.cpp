// Composition of affine coordinate maps with the movement ops.
#include "lower/index_map.h"

#include <algorithm>

#include "base/check.h"

namespace burin::lower {

using graph::DimsAttr;
using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

Affine constant_affine(int64_t offset, size_t axes) { return {offset, Dims(axes, 0)}; }

// The digits of `value` in the mixed radix of `shape`; the first axis that is not 1 takes the rest.
Dims digits_of(int64_t value, const Shape& shape) {
  Dims digits(shape.rank(), 0);
  size_t top = 0;
  while (top < shape.rank() && shape[top] <= 1) ++top;
  for (size_t k = shape.rank(); k-- > top;) {
    if (shape[k] <= 1) continue;
    digits[k] = k == top ? value : value % shape[k];
    value /= shape[k];
  }
  return digits;
}

IndexMap through_transpose(const Dims& perm, const IndexMap& map) {
  IndexMap out(map.size());
  for (size_t i = 0; i < perm.size(); ++i) out[static_cast<size_t>(perm[i])] = map[i];
  return out;
}

IndexMap through_broadcast(const Dims& dims, const Shape& operand, const IndexMap& map,
                           size_t axes) {
  IndexMap out;
  for (size_t i = 0; i < dims.size(); ++i) {
    out.push_back(operand[i] == 1 ? constant_affine(0, axes) : map[static_cast<size_t>(dims[i])]);
  }
  return out;
}

IndexMap through_slice(const graph::SliceAttr& attr, IndexMap map) {
  for (size_t i = 0; i < map.size(); ++i) {
    map[i].offset = map[i].offset * attr.stride[i] + attr.start[i];
    for (int64_t& c : map[i].coefs) c *= attr.stride[i];
  }
  return map;
}

IndexMap through_reverse(const Dims& dims, const Shape& shape, IndexMap map) {
  for (int64_t axis : dims) {
    Affine& a = map[static_cast<size_t>(axis)];
    a.offset = shape[static_cast<size_t>(axis)] - 1 - a.offset;
    for (int64_t& c : a.coefs) c = -c;
  }
  return map;
}

}  // namespace

bool Affine::is_constant() const {
  return std::all_of(coefs.begin(), coefs.end(), [](int64_t c) { return c == 0; });
}

Dims space_of(const Shape& shape) {
  Dims space;
  for (int64_t d : shape.dims()) {
    if (d != 1) space.push_back(d);
  }
  return space;
}

IndexMap identity_map(const Shape& shape) {
  size_t axes = space_of(shape).size(), next = 0;
  IndexMap map;
  for (int64_t d : shape.dims()) {
    map.push_back(constant_affine(0, axes));
    if (d != 1) map.back().coefs[next++] = 1;
  }
  return map;
}

Affine linearize(const IndexMap& map, const Shape& shape, size_t axes) {
  Affine out = constant_affine(0, axes);
  Dims strides = shape.strides();
  for (size_t i = 0; i < map.size(); ++i) {
    if (shape[i] == 1) continue;
    out.offset += map[i].offset * strides[i];
    for (size_t d = 0; d < axes; ++d) out.coefs[d] += map[i].coefs[d] * strides[i];
  }
  return out;
}

Delinearized delinearize(const Affine& position, const Shape& shape, const Dims& space) {
  IndexMap map(shape.rank(), constant_affine(0, space.size()));
  Dims last(shape.rank());  // the largest coordinate per axis of the shape
  auto offset = digits_of(position.offset, shape);
  for (size_t k = 0; k < shape.rank(); ++k) last[k] = map[k].offset = offset[k];
  if (position.offset < 0) return {};
  for (size_t d = 0; d < space.size(); ++d) {
    if (position.coefs[d] < 0) return {};
    if (position.coefs[d] == 0 || space[d] <= 1) continue;
    Dims digits = digits_of(position.coefs[d], shape);
    for (size_t k = 0; k < shape.rank(); ++k) {
      map[k].coefs[d] = digits[k];
      last[k] += digits[k] * (space[d] - 1);
      // The axis runs over the edge of this coordinate: its inner part fits, its outer carries.
      bool alone = std::count_if(digits.begin(), digits.end(), [](int64_t x) { return x; }) == 1;
      if (digits[k] == 0 || !alone || digits[k] * (space[d] - 1) < shape[k]) continue;
      int64_t inner = shape[k] / digits[k];
      bool fits =
          inner > 1 && inner < space[d] && shape[k] % digits[k] == 0 && space[d] % inner == 0;
      if (fits) return {.map = {}, .split = SplitRequest{d, inner}};
      return {};
    }
  }
  for (size_t k = 0; k < shape.rank(); ++k) {
    if (shape[k] > 0 && last[k] >= shape[k]) return {};
  }
  return {.map = std::move(map), .split = {}};
}

bool is_view(Op op) {
  return op == Op::reshape || op == Op::transpose || op == Op::broadcast || op == Op::slice ||
         op == Op::reverse;
}

Delinearized through_view(const Graph& graph, NodeId view, const IndexMap& map, const Dims& space) {
  const Node& node = graph[view];
  const Shape& operand = graph.type(node.operands[0]).shape;
  switch (node.op) {
    case Op::transpose: return {through_transpose(std::get<DimsAttr>(node.attr).dims, map), {}};
    case Op::broadcast:
      return {through_broadcast(std::get<DimsAttr>(node.attr).dims, operand, map, space.size()),
              {}};
    case Op::slice: return {through_slice(std::get<graph::SliceAttr>(node.attr), map), {}};
    case Op::reverse:
      return {through_reverse(std::get<DimsAttr>(node.attr).dims, operand, map), {}};
    default: break;
  }
  BURIN_CHECK(node.op == Op::reshape, "not a view");
  return delinearize(linearize(map, node.type.shape, space.size()), operand, space);
}

void split_axis(Affine& affine, SplitRequest split) {
  auto at = affine.coefs.begin() + static_cast<int64_t>(split.axis);
  int64_t coef = *at;
  *at = coef * split.inner;
  affine.coefs.insert(at + 1, coef);
}

void split_axis(IndexMap& map, SplitRequest split) {
  for (Affine& a : map) split_axis(a, split);
}

void append_axes(IndexMap& map, size_t count) {
  for (Affine& a : map) a.coefs.resize(a.coefs.size() + count, 0);
}

View view_of(const IndexMap& map, const TensorType& type, int pointer, size_t axes) {
  Affine position = linearize(map, type.shape, axes);
  return {pointer, type.dtype, position.offset, std::move(position.coefs)};
}

View widen_view(View view, const Shape& shape) {
  Dims strides;
  size_t next = 0;
  for (int64_t d : shape.dims()) strides.push_back(d == 1 ? 0 : view.strides[next++]);
  view.strides = std::move(strides);
  return view;
}

}  // namespace burin::lower
