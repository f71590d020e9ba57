// Grouping walks from the outputs to the inputs. Users ask for a node either as a buffer ("need")
// or at a map of a group's space ("request"); a node that one group alone requests, at one map,
// joins that group, movement ops join every group that requests them.
#include "lower/group.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "lower/dense_operands.h"
#include "lower/dense_sums.h"
#include "lower/group_absorb.h"
#include "lower/group_traffic.h"
#include "lower/kernels/list.h"
#include "lower/siblings.h"

namespace burin::lower {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

constexpr size_t kMaxCopies = 4;  // of one node, in as many groups
constexpr int kMaxRounds = 4;

// Whether a node with this map is computed again along an axis that it does not depend on. What
// uses no reduced axis is computed once per row.
bool computed_again(const Group& g, const IndexMap& map) {
  bool in_row = false, misses_row = false, misses_other = false;
  for (size_t d = 0; d < g.space.size(); ++d) {
    if (g.space[d] == 1) continue;
    bool used = std::any_of(map.begin(), map.end(), [&](const Affine& a) { return a.coefs[d]; });
    if (g.reduced[d] && used) in_row = true;
    if (!used) (g.reduced[d] ? misses_row : misses_other) = true;
  }
  return misses_other || (in_row && misses_row);
}

class Grouper {
 public:
  Grouper(const Graph& graph, const GroupFacts& facts, std::shared_ptr<const Homes> homes,
          const IdVector<NodeId, bool>& forced)
      : s_(graph, facts, *homes, forced), graph_(graph), homes_(std::move(homes)) {}

  Grouping run() {
    for (const graph::Port& port : graph_.outputs) s_.need(port.node, Stored::output);
    for (size_t i = 0; i < graph_.size(); ++i) {
      if (homes_->is_guest(NodeId(i))) s_.need(NodeId(i), Stored::several);
    }
    for (size_t i = graph_.size(); i-- > 0;) visit(NodeId(i));
    std::stable_sort(s_.groups.begin(), s_.groups.end(),
                     [](const Group& a, const Group& b) { return a.order < b.order; });
    return {std::move(s_.groups), std::move(s_.materialized), std::move(s_.stored), homes_};
  }

 private:
  const Shape& shape(NodeId id) const { return s_.shape(id); }

  void visit(NodeId id) {
    const Node& node = graph_[id];
    if (node.op == Op::parameter || node.op == Op::constant) {
      s_.materialized[id] = true;
    } else if (!s_.needed[id] && s_.requests[id].empty()) {
      return;
    } else if (node.type.shape.elements() == 0) {
      s_.materialized[id] = true;
    } else if (is_view(node.op)) {
      visit_view(id);
    } else if (node.op == Op::iota) {
      if (s_.needed[id]) s_.open_root(Group::Kind::map, id);
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

  // Whether every group that requests a view can read through it. Splits happen here.
  bool joins_all(NodeId view) {
    for (size_t i = 0; i < s_.requests[view].size(); ++i) {
      const Request& r = s_.requests[view][i];
      if (!s_.follow_view(view, r.group, r.map)) return false;
    }
    return true;
  }

  void visit_view(NodeId id) {
    NodeId operand = graph_[id].operands[0];
    if (!s_.needed[id] && joins_all(id)) {
      for (size_t i = 0; i < s_.requests[id].size(); ++i) {
        const Request& r = s_.requests[id][i];
        s_.request(operand, r.group, *s_.follow_view(id, r.group, r.map));
      }
      return;
    }
    if (graph_[id].op == Op::reshape) {
      s_.open_root(Group::Kind::alias, id);
      s_.need(operand, s_.stored[id] == Stored::output ? Stored::output : Stored::read);
      return;
    }
    size_t g = s_.open_root(Group::Kind::map, id);
    std::optional<IndexMap> map = s_.follow_view(id, g, s_.groups[g].value_map);
    s_.request(operand, g, std::move(*map));
  }

  void visit_elementwise(NodeId id) {
    const Request* r = s_.sole_request(id);
    if (s_.facts.early[id] && s_.stored[id] == Stored::no) s_.stored[id] = Stored::early;
    bool joins = r && s_.stored[id] == Stored::no &&
                 !(computed_again(s_.group_of(*r), r->map) && !s_.facts.after_reduce[id]) &&
                 !(s_.group_of(*r).has_reductions() && s_.facts.after_dense[id]);
    if (joins) return join(id, r->group, r->map);
    if (recomputed(id)) {
      for (size_t i = 0; i < s_.requests[id].size(); ++i) {
        join(id, s_.requests[id][i].group, s_.requests[id][i].map);
      }
      return;
    }
    size_t g = s_.open_root(Group::Kind::map, id);
    join(id, g, s_.groups[g].value_map);
    for (size_t i = 0; i < s_.requests[id].size(); ++i) {
      const Request& r = s_.requests[id][i];
      if (fits(i, id) && costs_nothing(s_, id, r)) join(id, r.group, r.map);
    }
  }

  // Whether the group of a node's request may compute the node: it asks for it once.
  bool fits(size_t request, NodeId id) {
    const std::vector<Request>& all = s_.requests[id];
    const Group& g = s_.group_of(all[request]);
    auto asks = std::count_if(all.begin(), all.end(),
                              [&](const Request& r) { return r.group == all[request].group; });
    return asks == 1 && g.members.size() < kMaxMembers && !computed_again(g, all[request].map);
  }

  void join(NodeId id, size_t g, const IndexMap& map) {
    IndexMap kept = map;  // members may move
    for (NodeId operand : graph_[id].operands) s_.request(operand, g, kept);
    s_.groups[g].members.push_back({id, std::move(kept)});
  }

  // Whether each of several groups computes the node for itself: reading what it is made of costs
  // them nothing or little, and the node is never stored.
  bool recomputed(NodeId id) {
    const std::vector<Request>& all = s_.requests[id];
    if (s_.needed[id] || all.size() < 2 || all.size() > kMaxCopies) return false;
    for (size_t i = 0; i < all.size(); ++i) {
      if (!fits(i, id)) return false;
    }
    return s_.facts.cheap[id] || costs_less_than_stored(s_, id);
  }

  void visit_reduce(NodeId id) {
    NodeId operand = graph_[id].operands[0];
    if (shape(operand).elements() == 0) {  // its identity everywhere
      size_t g = s_.open_root(Group::Kind::map, id);
      s_.groups[g].members.push_back({id, s_.groups[g].value_map});
      return;
    }
    const Request* r = s_.sole_request(id);
    if (r && absorb_reduce(s_, r->group, id)) return;
    size_t g = s_.open_root(Group::Kind::row, id);
    s_.requests[id] = {{static_cast<uint32_t>(g), s_.groups[g].value_map}};
    s_.requested[g].push_back(id);
    BURIN_CHECK(absorb_reduce(s_, g, id), "a reduction of its own");
  }

  void visit_dense(NodeId id) {
    const Request* r = s_.sole_request(id);
    size_t g;
    if (r && absorb_anchor(s_, r->group, id)) {
      g = r->group;
    } else {
      g = s_.open_root(Group::Kind::dense, id);
    }
    s_.groups[g].kind = Group::Kind::dense;
    s_.groups[g].anchor = id;
    for (size_t i = 0; i < graph_[id].operands.size(); ++i) {
      s_.groups[g].operands.push_back(dense_leaf(s_, id, graph_[id].operands[i]));
    }
  }

  void visit_movement(NodeId id) {
    const Node& node = graph_[id];
    if (s_.stored[id] != Stored::output) s_.stored[id] = Stored::alone;
    if (node.op == Op::concatenate) return visit_concatenate(id);
    if (node.op == Op::pad) return visit_pad(id);
    s_.open_root(Group::Kind::single, id);
    for (NodeId operand : node.operands) s_.need(operand, Stored::read);
  }

  // One group writes `part` at start + stride * coordinate of the root.
  void write_region(NodeId root, NodeId part, const Dims& start, const Dims& stride, NodeId order) {
    if (shape(part).elements() == 0) return;
    IndexMap map = identity_map(shape(part));
    for (size_t k = 0; k < map.size(); ++k) {
      map[k].offset = start[k];
      for (int64_t& c : map[k].coefs) c *= stride[k];
    }
    size_t g = s_.open(Group::Kind::map, part, root, std::move(map));
    s_.groups[g].order = order;
    s_.request(part, g, s_.groups[g].value_map);
  }

  void visit_concatenate(NodeId id) {
    s_.materialized[id] = true;
    if (homes_->is_beginning(id)) return;
    auto axis = static_cast<size_t>(graph_.attr<graph::AxisAttr>(id).axis);
    Dims start(shape(id).rank(), 0), stride(shape(id).rank(), 1);
    for (size_t i = 0; i < graph_[id].operands.size(); ++i) {
      NodeId part = graph_[id].operands[i];
      if (!homes_->is_operand(id, i)) {
        write_region(id, part, start, stride, homes_->first_reader(id, i));
      }
      start[axis] += shape(part)[axis];
    }
  }

  // Fills the whole, then writes the operand into it.
  void visit_pad(NodeId id) {
    const auto& attr = graph_.attr<graph::PadAttr>(id);
    size_t g = s_.open_root(Group::Kind::map, id);
    NodeId fill = graph_[id].operands[1];
    s_.groups[g].value = fill;
    s_.groups[g].value_map =
        IndexMap(shape(fill).rank(), Affine{0, Dims(s_.groups[g].space.size(), 0)});
    s_.request(fill, g, s_.groups[g].value_map);
    Dims stride = attr.interior;
    for (int64_t& s : stride) ++s;
    write_region(id, graph_[id].operands[0], attr.low, stride, id);
  }

  GroupState s_;
  const Graph& graph_;
  std::shared_ptr<const Homes> homes_;
};

// Marks elementwise nodes that a finished group computes more than once per value.
bool force_repeated(const Graph& graph, const Grouping& grouping, IdVector<NodeId, bool>& forced) {
  bool any = false;
  for (const Group& g : grouping.groups) {
    for (const Member& m : g.members) {
      if (graph[m.node].op == Op::reduce || m.node == g.root || forced[m.node]) continue;
      if (computed_again(g, m.map)) forced[m.node] = any = true;
    }
  }
  return any;
}

}  // namespace

bool Group::has_reductions() const {
  return std::find(reduced.begin(), reduced.end(), true) != reduced.end();
}

Grouping group_nodes(const Graph& graph, const loop::Machine& machine) {
  GroupFacts facts(graph);
  auto homes = std::make_shared<const Homes>(graph);
  IdVector<NodeId, bool> forced(graph.size(), false);
  Grouping grouping = Grouper(graph, facts, homes, forced).run();
  for (int round = 1; round < kMaxRounds && force_repeated(graph, grouping, forced); ++round) {
    grouping = Grouper(graph, facts, homes, forced).run();
  }
  join_siblings(graph, grouping);
  join_dense_sums(graph, grouping);
  join_dense_operands(graph, machine, grouping);
  return grouping;
}

}  // namespace burin::lower
