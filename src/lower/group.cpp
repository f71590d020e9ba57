// Grouping walks from the outputs to the inputs. Users ask for a node either as a buffer ("need")
// or at a map of a group's space ("request"); a node that one group alone requests, at one map,
// joins that group, movement ops join every group that requests them.
#include "lower/group.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "lower/group_facts.h"
#include "lower/kernels/list.h"

namespace burin::lower {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

constexpr size_t kMaxMembers = 40;  // of one group: bounds code size and pointers
constexpr size_t kMaxRequests = 96;
constexpr size_t kMaxCopies = 4;        // of one node, in as many groups
constexpr size_t kRecentRequests = 64;  // looked through for an equal one
constexpr int64_t kFewChannels = 4;
constexpr int kMaxSplits = 8;
constexpr int kMaxRounds = 4;

struct Request {
  uint32_t group = 0;
  IndexMap map;
  friend bool operator==(const Request&, const Request&) = default;
};

Affine row_major(const Shape& shape) {
  IndexMap map = identity_map(shape);
  return linearize(map, shape, space_of(shape).size());
}

// The sizes of the axes that a reduction removes.
Shape reduced_shape(const Graph& graph, NodeId reduce) {
  Dims sizes;
  const Shape& x = graph.type(graph[reduce].operands[0]).shape;
  for (int64_t axis : graph.attr<graph::ReduceAttr>(reduce).dims) {
    sizes.push_back(x[static_cast<size_t>(axis)]);
  }
  return Shape(std::move(sizes));
}

// Whether a node with this map is computed again along an axis that it does not depend on. What
// uses no reduced axis is computed once per row.
bool computed_again(const Group& g, const IndexMap& map) {
  bool in_row = false, misses_row = false, misses_other = false;
  for (size_t d = 0; d < g.space.size(); ++d) {
    bool used = std::any_of(map.begin(), map.end(), [&](const Affine& a) { return a.coefs[d]; });
    if (g.reduced[d] && used) in_row = true;
    if (!used) (g.reduced[d] ? misses_row : misses_other) = true;
  }
  return misses_other || (in_row && misses_row);
}

class Grouper {
 public:
  Grouper(const Graph& graph, const GroupFacts& facts, const IdVector<NodeId, bool>& forced)
      : graph_(graph),
        facts_(facts),
        needed_(forced),
        requests_(graph.size()),
        materialized_(graph.size(), false) {}

  Grouping run() {
    for (const graph::Port& port : graph_.outputs) needed_[port.node] = true;
    for (size_t i = graph_.size(); i-- > 0;) visit(NodeId(i));
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const Group& a, const Group& b) { return a.target < b.target; });
    return {std::move(groups_), std::move(materialized_)};
  }

 private:
  const Shape& shape(NodeId id) const { return graph_.type(id).shape; }
  Group& group(const Request& r) { return groups_[r.group]; }

  void request(NodeId id, size_t group, IndexMap map) {
    Op op = graph_[id].op;
    if (needed_[id] || op == Op::parameter || op == Op::constant) return;  // read from its buffer
    std::vector<Request>& all = requests_[id];
    Request r{static_cast<uint32_t>(group), std::move(map)};
    auto recent = all.end() - static_cast<int64_t>(std::min(all.size(), kRecentRequests));
    if (std::find(recent, all.end(), r) != all.end()) return;
    all.push_back(std::move(r));
    if (requested_.size() <= group) requested_.resize(group + 1);
    requested_[group].push_back(id);
  }

  size_t open(Group::Kind kind, NodeId value, NodeId target, Affine output) {
    Group g;
    g.kind = kind;
    g.value = value;
    g.value_map = identity_map(shape(value));
    g.target = target;
    g.output = std::move(output);
    g.space = space_of(shape(value));
    g.reduced.assign(g.space.size(), false);
    groups_.push_back(std::move(g));
    requested_.resize(groups_.size());
    return groups_.size() - 1;
  }
  size_t open_root(Group::Kind kind, NodeId id) {
    materialized_[id] = true;
    return open(kind, id, id, row_major(shape(id)));
  }

  void visit(NodeId id) {
    const Node& node = graph_[id];
    if (node.op == Op::parameter || node.op == Op::constant) {
      materialized_[id] = true;
    } else if (!needed_[id] && requests_[id].empty()) {
      return;
    } else if (node.type.shape.elements() == 0) {
      materialized_[id] = true;
    } else if (is_view(node.op)) {
      visit_view(id);
    } else if (node.op == Op::iota) {
      if (needed_[id]) open_root(Group::Kind::map, id);
    } else if (graph::is_elementwise(node.op) || node.op == Op::convert) {
      visit_elementwise(id);
    } else if (node.op == Op::reduce) {
      visit_reduce(id);
    } else if (is_dense(node.op)) {
      visit_dense(id);
    } else {
      visit_movement(id);
    }
  }

  // The operand's map in group `g`, after splitting axes of the group's space where that helps.
  // `map` must be owned by a request or the group, so that splits reach it.
  std::optional<IndexMap> follow_view(NodeId view, size_t g, const IndexMap& map) {
    for (int round = 0; round < kMaxSplits; ++round) {
      Delinearized d = through_view(graph_, view, map, groups_[g].space);
      if (d.map) return std::move(d.map);
      if (!d.split || groups_[g].kind == Group::Kind::dense) return std::nullopt;
      split(g, *d.split);
    }
    return std::nullopt;
  }

  void split(size_t g, SplitRequest s) {
    Group& group = groups_[g];
    auto at = static_cast<int64_t>(s.axis);
    group.space[s.axis] /= s.inner;
    group.space.insert(group.space.begin() + at + 1, s.inner);
    bool reduced = group.reduced[s.axis];
    group.reduced.insert(group.reduced.begin() + at + 1, reduced);
    each_map(g, [&](IndexMap& map) { split_axis(map, s); });
    split_axis(group.output, s);
  }

  // All maps over the space of a group: its members' and those still to be visited.
  template <class F>
  void each_map(size_t g, F&& f) {
    f(groups_[g].value_map);
    for (Member& m : groups_[g].members) f(m.map);
    std::vector<NodeId>& ids = requested_[g];
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (NodeId id : ids) {
      for (Request& r : requests_[id]) {
        if (r.group == g) f(r.map);
      }
    }
  }

  // Whether every group that requests a view can read through it. Splits happen here.
  bool joins_all(NodeId view) {
    for (size_t i = 0; i < requests_[view].size(); ++i) {
      const Request& r = requests_[view][i];
      if (!follow_view(view, r.group, r.map)) return false;
    }
    return true;
  }

  void visit_view(NodeId id) {
    NodeId operand = graph_[id].operands[0];
    if (!needed_[id] && joins_all(id)) {
      for (size_t i = 0; i < requests_[id].size(); ++i) {
        const Request& r = requests_[id][i];
        request(operand, r.group, *follow_view(id, r.group, r.map));
      }
      return;
    }
    if (graph_[id].op == Op::reshape) {
      open_root(Group::Kind::alias, id);
      needed_[operand] = true;
      return;
    }
    size_t g = open_root(Group::Kind::map, id);
    std::optional<IndexMap> map = follow_view(id, g, groups_[g].value_map);
    request(operand, g, std::move(*map));
  }

  // The only request, if there is one and the node may live inside that group.
  const Request* sole_request(NodeId id) {
    if (needed_[id] || requests_[id].size() != 1) return nullptr;
    const Request& r = requests_[id][0];
    bool full = group(r).members.size() >= kMaxMembers || requested_[r.group].size() > kMaxRequests;
    return full ? nullptr : &r;
  }

  void visit_elementwise(NodeId id) {
    const Request* r = sole_request(id);
    bool joins = r && !(computed_again(group(*r), r->map) && !facts_.after_reduce[id]) &&
                 !(group(*r).has_reductions() && facts_.after_dense[id]);
    if (joins) return join(id, r->group, r->map);
    if (recomputed(id)) {
      for (size_t i = 0; i < requests_[id].size(); ++i) {
        join(id, requests_[id][i].group, requests_[id][i].map);
      }
      return;
    }
    size_t g = open_root(Group::Kind::map, id);
    join(id, g, groups_[g].value_map);
  }

  void join(NodeId id, size_t g, const IndexMap& map) {
    IndexMap kept = map;  // members may move
    for (NodeId operand : graph_[id].operands) request(operand, g, kept);
    groups_[g].members.push_back({id, std::move(kept)});
  }

  // Whether each of several groups computes the node for itself: reading its one large operand
  // instead costs them nothing, and the node is never stored.
  bool recomputed(NodeId id) {
    const std::vector<Request>& all = requests_[id];
    if (needed_[id] || all.size() > kMaxCopies || !facts_.cheap[id]) return false;
    for (size_t i = 0; i < all.size(); ++i) {
      const Group& g = group(all[i]);
      bool twice = std::any_of(all.begin(), all.begin() + static_cast<int64_t>(i),
                               [&](const Request& r) { return r.group == all[i].group; });
      if (twice || g.members.size() >= kMaxMembers || computed_again(g, all[i].map)) return false;
    }
    return all.size() > 1;
  }

  void visit_reduce(NodeId id) {
    NodeId operand = graph_[id].operands[0];
    if (shape(operand).elements() == 0) {  // its identity everywhere
      size_t g = open_root(Group::Kind::map, id);
      groups_[g].members.push_back({id, groups_[g].value_map});
      return;
    }
    const Request* r = sole_request(id);
    if (r && absorb_reduce(r->group, id)) return;
    size_t g = open_root(Group::Kind::row, id);
    requests_[id] = {{static_cast<uint32_t>(g), groups_[g].value_map}};
    requested_[g].push_back(id);
    BURIN_CHECK(absorb_reduce(g, id), "a reduction of its own");
  }

  // The axes of the space behind the coordinates of a reduction; nothing unless each coordinate is
  // one whole axis.
  std::optional<std::vector<bool>> whole_axes(const Group& g, NodeId id, const IndexMap& map) {
    std::vector<bool> used(g.space.size(), false);
    for (size_t k = 0; k < map.size(); ++k) {
      if (shape(id)[k] == 1) continue;
      size_t axis = g.space.size();
      for (size_t d = 0; d < g.space.size(); ++d) {
        if (map[k].coefs[d] == 0) continue;
        if (map[k].coefs[d] != 1 || axis < g.space.size() || used[d]) return std::nullopt;
        axis = d;
      }
      if (axis == g.space.size() || map[k].offset || g.space[axis] != shape(id)[k]) {
        return std::nullopt;
      }
      used[axis] = true;
    }
    return used;
  }

  bool absorb_reduce(size_t g, NodeId id) {
    for (int round = 0; round < kMaxSplits; ++round) {
      Group& group = groups_[g];
      if (group.kind == Group::Kind::dense) return false;
      const IndexMap map = requests_[id][0].map;
      std::optional<std::vector<bool>> kept = whole_axes(group, id, map);
      if (!kept) return false;
      Shape sizes = reduced_shape(graph_, id);
      if (!choose_reduced(g, *kept, sizes)) return false;
      if (groups_[g].space.size() != kept->size()) continue;  // axes were appended: look again
      Delinearized d = through_reduce(graph_, id, map, groups_[g]);
      if (!d.map && d.split) {
        split(g, *d.split);
        continue;
      }
      if (!d.map) return false;
      groups_[g].kind = Group::Kind::row;
      groups_[g].members.push_back({id, map});
      request(graph_[id].operands[0], g, std::move(*d.map));
      return true;
    }
    return false;
  }

  // Fixes which axes of the group's space are reduced, appending them if the group has none.
  bool choose_reduced(size_t g, const std::vector<bool>& kept, const Shape& sizes) {
    Group& group = groups_[g];
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
      if (points != sizes.elements() || !facts_.row_fits(total / points, points)) return false;
      for (size_t d = 0; d < kept.size(); ++d) group.reduced[d] = !kept[d];
      return true;
    }
    size_t count = std::max<size_t>(1, sizes.rank());
    each_map(g, [&](IndexMap& map) { append_axes(map, count); });
    group.output.coefs.resize(group.output.coefs.size() + count, 0);
    for (size_t i = 0; i < count; ++i) {
      group.space.push_back(sizes.rank() ? sizes[i] : 1);
      group.reduced.push_back(true);
    }
    return true;
  }

  void visit_dense(NodeId id) {
    const Request* r = sole_request(id);
    size_t g;
    if (r && absorb_anchor(r->group, id)) {
      g = r->group;
    } else {
      g = open_root(Group::Kind::dense, id);
    }
    groups_[g].kind = Group::Kind::dense;
    groups_[g].anchor = id;
    for (size_t i = 0; i < graph_[id].operands.size(); ++i) {
      groups_[g].operands.push_back(dense_leaf(id, graph_[id].operands[i]));
    }
  }

  // Makes the anchor's axes the group's space, if the group visits all of the anchor in row-major
  // order and stores along its last axis.
  bool absorb_anchor(size_t g, NodeId id) {
    Group& group = groups_[g];
    if (group.kind != Group::Kind::map) return false;
    Dims space = space_of(shape(id));
    Shape old(group.space);
    if (old.elements() != shape(id).elements() ||
        linearize(requests_[id][0].map, shape(id), group.space.size()) != row_major(old)) {
      return false;
    }
    Delinearized back = delinearize(row_major(Shape(space)), old, space);
    if (!back.map || (!space.empty() && compose(group.output, *back.map).coefs.back() != 1)) {
      return false;
    }
    each_map(g, [&](IndexMap& map) {
      for (Affine& a : map) a = compose(a, *back.map);
    });
    group.output = compose(group.output, *back.map);
    group.space = space;
    group.reduced.assign(space.size(), false);
    return true;
  }

  // a(old(point))
  static Affine compose(const Affine& a, const IndexMap& old) {
    Affine out{a.offset, Dims(old.empty() ? 0 : old[0].coefs.size(), 0)};
    for (size_t d = 0; d < old.size(); ++d) {
      out.offset += a.coefs[d] * old[d].offset;
      for (size_t k = 0; k < out.coefs.size(); ++k) out.coefs[k] += a.coefs[d] * old[d].coefs[k];
    }
    return out;
  }

  // Follows an operand through movement ops while the kernel can still read it well.
  DenseLeaf dense_leaf(NodeId anchor, NodeId operand) {
    if (graph_[anchor].op != Op::reduce_window && resolve_weights(graph_, operand)) return {};
    Dims space = space_of(shape(operand));
    IndexMap map = identity_map(shape(operand));
    NodeId leaf = operand;
    while (is_view(graph_[leaf].op) && !needed_[leaf]) {
      Delinearized d = through_view(graph_, leaf, map, space);
      if (!d.map) break;
      NodeId next = graph_[leaf].operands[0];
      Affine position = linearize(*d.map, shape(next), space.size());
      // A convolution reads few channels one at a time, so their distance is free.
      bool few =
          graph_[anchor].op == Op::convolution && shape(operand).dims().back() <= kFewChannels;
      bool any_axis = graph_[anchor].op == Op::dot_general || few;
      bool contiguous = any_axis ? std::count(position.coefs.begin(), position.coefs.end(), 1) > 0
                                 : space.empty() || position.coefs.back() == 1;
      bool backwards = std::any_of(position.coefs.begin(), position.coefs.end(),
                                   [](int64_t c) { return c < 0; });
      if (!contiguous || backwards) break;
      map = std::move(*d.map);
      leaf = next;
    }
    needed_[leaf] = true;
    View view = view_of(map, graph_.type(leaf), 0, space.size());
    return {leaf, widen_view(view, shape(operand))};
  }

  void visit_movement(NodeId id) {
    const Node& node = graph_[id];
    if (node.op == Op::concatenate) return visit_concatenate(id);
    if (node.op == Op::pad) return visit_pad(id);
    open_root(Group::Kind::single, id);
    for (NodeId operand : node.operands) needed_[operand] = true;
  }

  // One group writes `part` at start + stride * coordinate of the target.
  void write_region(NodeId target, NodeId part, const Dims& start, const Dims& stride) {
    if (shape(part).elements() == 0) return;
    IndexMap map = identity_map(shape(part));
    size_t axes = space_of(shape(part)).size();
    for (size_t k = 0; k < map.size(); ++k) {
      map[k].offset = start[k];
      for (int64_t& c : map[k].coefs) c *= stride[k];
    }
    Dims strides = shape(target).strides();
    Affine output{0, Dims(axes, 0)};
    for (size_t k = 0; k < map.size(); ++k) {
      output.offset += map[k].offset * strides[k];
      for (size_t d = 0; d < axes; ++d) output.coefs[d] += map[k].coefs[d] * strides[k];
    }
    size_t g = open(Group::Kind::map, part, target, std::move(output));
    request(part, g, groups_[g].value_map);
  }

  void visit_concatenate(NodeId id) {
    materialized_[id] = true;
    auto axis = static_cast<size_t>(graph_.attr<graph::AxisAttr>(id).axis);
    Dims start(shape(id).rank(), 0), stride(shape(id).rank(), 1);
    for (NodeId part : graph_[id].operands) {
      write_region(id, part, start, stride);
      start[axis] += shape(part)[axis];
    }
  }

  // Fills the whole, then writes the operand into it.
  void visit_pad(NodeId id) {
    const auto& attr = graph_.attr<graph::PadAttr>(id);
    size_t g = open_root(Group::Kind::map, id);
    NodeId fill = graph_[id].operands[1];
    groups_[g].value = fill;
    groups_[g].value_map =
        IndexMap(shape(fill).rank(), Affine{0, Dims(groups_[g].space.size(), 0)});
    request(fill, g, groups_[g].value_map);
    Dims stride = attr.interior;
    for (int64_t& s : stride) ++s;
    write_region(id, graph_[id].operands[0], attr.low, stride);
  }

  const Graph& graph_;
  const GroupFacts& facts_;
  IdVector<NodeId, bool> needed_;
  IdVector<NodeId, std::vector<Request>> requests_;
  IdVector<NodeId, bool> materialized_;
  std::vector<Group> groups_;
  std::vector<std::vector<NodeId>> requested_;  // per group: the nodes with requests from it
};

// Marks elementwise nodes that a finished group computes more than once per value.
bool force_repeated(const Graph& graph, const Grouping& grouping, IdVector<NodeId, bool>& forced) {
  bool any = false;
  for (const Group& g : grouping.groups) {
    for (const Member& m : g.members) {
      if (graph[m.node].op == Op::reduce || m.node == g.target || forced[m.node]) continue;
      if (computed_again(g, m.map)) forced[m.node] = any = true;
    }
  }
  return any;
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

bool Group::has_reductions() const {
  return std::find(reduced.begin(), reduced.end(), true) != reduced.end();
}

Grouping group_nodes(const Graph& graph) {
  GroupFacts facts(graph);
  IdVector<NodeId, bool> forced(graph.size(), false);
  Grouping grouping = Grouper(graph, facts, forced).run();
  for (int round = 1; round < kMaxRounds && force_repeated(graph, grouping, forced); ++round) {
    grouping = Grouper(graph, facts, forced).run();
  }
  return grouping;
}

}  // namespace burin::lower
