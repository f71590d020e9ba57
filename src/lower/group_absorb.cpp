// Reductions and dense nodes join groups whose space suits them.
#include "lower/group_absorb.h"

#include <algorithm>
#include <numeric>

#include "lower/kernels/list.h"
#include "lower/kernels/weight_gradient.h"

namespace burin::lower {

using graph::Graph;
using graph::NodeId;
using graph::Op;

namespace {

constexpr int64_t kFewChannels = 4;

// The sizes of the axes that a reduction removes.
Shape reduced_shape(const Graph& graph, NodeId reduce) {
  Dims sizes;
  const Shape& x = graph.type(graph[reduce].operands[0]).shape;
  for (int64_t axis : graph.attr<graph::ReduceAttr>(reduce).dims) {
    sizes.push_back(x[static_cast<size_t>(axis)]);
  }
  return Shape(std::move(sizes));
}

// The axes of the space behind the coordinates of a reduction; nothing unless each coordinate is
// one whole axis.
std::optional<std::vector<bool>> whole_axes(const GroupState& state, const Group& g, NodeId id,
                                            const IndexMap& map) {
  std::vector<bool> used(g.space.size(), false);
  for (size_t k = 0; k < map.size(); ++k) {
    if (state.shape(id)[k] == 1) continue;
    size_t axis = g.space.size();
    for (size_t d = 0; d < g.space.size(); ++d) {
      if (map[k].coefs[d] == 0) continue;
      if (map[k].coefs[d] != 1 || axis < g.space.size() || used[d]) return std::nullopt;
      axis = d;
    }
    if (axis == g.space.size() || map[k].offset || g.space[axis] != state.shape(id)[k]) {
      return std::nullopt;
    }
    used[axis] = true;
  }
  return used;
}

// Fixes which axes of the group's space are reduced, appending them if the group has none.
bool choose_reduced(GroupState& state, size_t g, const std::vector<bool>& kept,
                    const Shape& sizes) {
  Group& group = state.groups[g];
  int64_t points = 1, total = 1;
  bool any = false;
  for (size_t d = 0; d < kept.size(); ++d) {
    if (!kept[d]) points *= group.space[d];
    if (!kept[d]) any = true;
    total *= group.space[d];
  }
  if (group.has_reductions()) {
    for (size_t d = 0; d < kept.size(); ++d) {
      if (kept[d] == group.reduced[d]) return false;
    }
    return points == sizes.elements();
  }
  if (any) {
    if (points != sizes.elements() || !state.facts.row_fits(total / points, points)) return false;
    for (size_t d = 0; d < kept.size(); ++d) group.reduced[d] = !kept[d];
    return true;
  }
  size_t count = std::max<size_t>(1, sizes.rank());
  state.each_map(g, [&](IndexMap& map) { append_axes(map, count); });
  group.output.coefs.resize(group.output.coefs.size() + count, 0);
  for (size_t i = 0; i < count; ++i) {
    group.space.push_back(sizes.rank() ? sizes[i] : 1);
    group.reduced.push_back(true);
  }
  return true;
}

// The point of a group's space at each point of `space`, that of a node which the group visits in
// row-major order or in that of a transpose; nothing if it is another order.
std::optional<IndexMap> way_back(const GroupState& state, const Group& group, NodeId id,
                                 const Dims& space) {
  Affine position = linearize(state.requests[id][0].map, state.shape(id), group.space.size());
  std::vector<size_t> order(group.space.size());  // of the group's axes, outermost first
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return position.coefs[a] > position.coefs[b]; });
  Dims sizes, coefs;
  for (size_t axis : order) {
    sizes.push_back(group.space[axis]);
    coefs.push_back(position.coefs[axis]);
  }
  if (position.offset != 0 || coefs != row_major(Shape(sizes)).coefs) return std::nullopt;
  Delinearized found = delinearize(row_major(Shape(space)), Shape(sizes), space);
  if (!found.map) return std::nullopt;
  IndexMap back(order.size());
  for (size_t i = 0; i < order.size(); ++i) back[order[i]] = std::move((*found.map)[i]);
  return back;
}

// a(old(point))
Affine compose(const Affine& a, const IndexMap& old) {
  Affine out{a.offset, Dims(old.empty() ? 0 : old[0].coefs.size(), 0)};
  for (size_t d = 0; d < old.size(); ++d) {
    out.offset += a.coefs[d] * old[d].offset;
    for (size_t k = 0; k < out.coefs.size(); ++k) out.coefs[k] += a.coefs[d] * old[d].coefs[k];
  }
  return out;
}

}  // namespace

Delinearized through_reduce(const Graph& graph, NodeId reduce, const IndexMap& map,
                            const Group& group) {
  Affine position{0, Dims(group.space.size(), 0)};
  int64_t stride = 1;
  for (size_t d = group.space.size(); d-- > 0;) {
    if (!group.reduced[d]) continue;
    position.coefs[d] = stride;
    stride *= group.space[d];
  }
  Delinearized inner = delinearize(position, reduced_shape(graph, reduce), group.space);
  if (!inner.map) return inner;
  const Dims& axes = graph.attr<graph::ReduceAttr>(reduce).dims;
  size_t rank = graph.type(graph[reduce].operands[0]).shape.rank();
  IndexMap joined;
  size_t next_kept = 0, next_reduced = 0;
  for (size_t k = 0; k < rank; ++k) {
    bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(k)) != axes.end();
    joined.push_back(reduced ? (*inner.map)[next_reduced++] : map[next_kept++]);
  }
  return {.map = std::move(joined), .split = {}};
}

bool absorb_reduce(GroupState& state, size_t g, NodeId id) {
  for (int round = 0; round < kMaxSplits; ++round) {
    Group& group = state.groups[g];
    if (group.kind == Group::Kind::dense) return false;
    const IndexMap map = state.requests[id][0].map;
    std::optional<std::vector<bool>> kept = whole_axes(state, group, id, map);
    if (!kept) return false;
    Shape sizes = reduced_shape(state.graph, id);
    if (!choose_reduced(state, g, *kept, sizes)) return false;
    if (state.groups[g].space.size() != kept->size()) continue;  // axes were appended: look again
    Delinearized d = through_reduce(state.graph, id, map, state.groups[g]);
    if (!d.map && d.split) {
      state.split(g, *d.split);
      continue;
    }
    if (!d.map) return false;
    state.groups[g].kind = Group::Kind::row;
    state.groups[g].members.push_back({id, map});
    state.request(state.graph[id].operands[0], g, std::move(*d.map));
    return true;
  }
  return false;
}

bool absorb_anchor(GroupState& state, size_t g, NodeId id) {
  Group& group = state.groups[g];
  if (group.kind != Group::Kind::map) return false;
  Dims space = space_of(state.shape(id));
  if (Shape(group.space).elements() != state.shape(id).elements()) return false;
  std::optional<IndexMap> back = way_back(state, group, id, space);
  if (!back || (!space.empty() && compose(group.output, *back).coefs.back() != 1)) return false;
  state.each_map(g, [&](IndexMap& map) {
    for (Affine& a : map) a = compose(a, *back);
  });
  group.output = compose(group.output, *back);
  group.space = space;
  group.reduced.assign(space.size(), false);
  return true;
}

DenseLeaf dense_leaf(GroupState& state, NodeId anchor, NodeId operand) {
  if (state.graph[anchor].op != Op::reduce_window && resolve_weights(state.graph, operand))
    return {};
  Dims space = space_of(state.shape(operand));
  IndexMap map = identity_map(state.shape(operand));
  NodeId leaf = operand;
  while (is_view(state.graph[leaf].op) && !state.needed[leaf]) {
    Delinearized d = through_view(state.graph, leaf, map, space);
    if (!d.map) break;
    NodeId next = state.graph[leaf].operands[0];
    Affine position = state.place(next, *d.map, space.size());
    // A convolution reads few channels one at a time, so their distance is free.
    bool few = state.graph[anchor].op == Op::convolution &&
               state.shape(operand).dims().back() <= kFewChannels;
    bool any_axis =
        state.graph[anchor].op == Op::dot_general || few || is_weight_gradient(state.graph, anchor);
    bool contiguous = any_axis ? std::count(position.coefs.begin(), position.coefs.end(), 1) > 0
                               : space.empty() || position.coefs.back() == 1;
    bool backwards =
        std::any_of(position.coefs.begin(), position.coefs.end(), [](int64_t c) { return c < 0; });
    if (!contiguous || backwards) break;
    map = std::move(*d.map);
    leaf = next;
  }
  state.need(leaf, Stored::read);
  NodeId home = state.homes.node(leaf);
  View view = view_of(state.homes.map(leaf, map), state.graph.type(home), 0, space.size());
  return {home, widen_view(view, state.shape(operand))};
}

}  // namespace burin::lower
