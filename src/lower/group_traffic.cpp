// Counts bytes. Stored, a value is written (a line is read before), read by each group, and what it
// is made of is read once; computed anew, each group reads of that what it does not read anyway.
#include "lower/group_traffic.h"

#include "lower/costs.h"

namespace burin::lower {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

constexpr size_t kMostOps = 16;     // that computing a value anew may take
constexpr int64_t kSmallShare = 4;  // what is this much smaller costs nothing to read
constexpr double kWriteBytes = 2;   // moved for a byte written

// The large buffers that a value is made of.
struct Leaves {
  std::vector<NodeId> nodes;
  std::vector<NodeId> ops;  // elementwise nodes in between
  bool cheap = true;        // few simple ops,
  bool any_cost = false;    // or few of any

  bool has(NodeId id) const { return std::find(nodes.begin(), nodes.end(), id) != nodes.end(); }
  void add(NodeId id) {
    if (!has(id)) nodes.push_back(id);
  }
};

class StoredOrComputed {
 public:
  StoredOrComputed(const GroupState& state, NodeId id)
      : state_(state), graph_(state.graph), id_(id), points_(state.shape(id).elements()) {}

  bool recompute() {
    Leaves own;
    walk(id_, own);
    find_classes();
    if (!own.cheap && classes_.size() == 1) return shared_by_siblings();
    if (!own.cheap || own.nodes.empty()) return false;
    double again = 0;
    for (const Class& c : classes_) {
      for (NodeId leaf : own.nodes) again += costs(leaf, c);
    }
    double stored = bytes(id_) * static_cast<double>(classes_.size());
    for (NodeId leaf : own.nodes) {
      if (!state_.facts.after_dense[id_] || !is_dense(graph_[leaf].op)) stored += bytes(leaf);
    }
    if (!state_.facts.after_dense[id_]) stored += kWriteBytes * bytes(id_);
    return again < stored;
  }

  // Whether groups that will be siblings read nothing but what the node is made of: they can run
  // where that is known, and their kernel computes the node once.
  bool shared_by_siblings() const {
    Leaves own;
    own.any_cost = true;
    walk(id_, own);
    return own.cheap && !own.nodes.empty() && covers(own, classes_[0].reads);
  }

  // Whether the group of a request reads all that the node is made of for other nodes.
  bool is_free(const Request& r) {
    Leaves own;
    walk(id_, own);
    if (!own.cheap) return false;
    find_classes();
    const Group& g = state_.groups[r.group];
    auto reads = std::find_if(classes_.begin(), classes_.end(),
                              [&](const Class& c) { return c.group == &g || siblings(c, g); });
    return covers(reads->reads, own);
  }

 private:
  // Groups that will be siblings, and what they read but for the node.
  struct Class {
    const Group* group;
    Leaves reads;
  };

  double bytes(NodeId id) const {
    return static_cast<double>(points_ * size_of(graph_.type(id).dtype));
  }

  static bool covers(const Leaves& reads, const Leaves& wanted) {
    return std::all_of(wanted.nodes.begin(), wanted.nodes.end(),
                       [&](NodeId leaf) { return reads.has(leaf); });
  }

  // Bytes that a class reads more for a leaf. What is stored may be computed anew as well.
  double costs(NodeId leaf, const Class& c) const {
    if (c.reads.has(leaf)) return 0;
    if (!is_elementwise(leaf)) return bytes(leaf);
    Leaves inside;
    walk(leaf, inside);
    return inside.cheap && covers(c.reads, inside) ? 0 : bytes(leaf);
  }

  bool is_small(NodeId id) const { return state_.shape(id).elements() * kSmallShare < points_; }

  bool is_elementwise(NodeId id) const {
    return graph::is_elementwise(graph_[id].op) || graph_[id].op == Op::convert;
  }
  bool is_leaf(NodeId id) const {
    return !is_elementwise(id) || state_.needed[id] || state_.facts.read_from_memory[id];
  }

  // Adds what `from` is made of, but not what the node at hand is, unless it is `from`.
  void walk(NodeId from, Leaves& found) const {
    std::vector<NodeId> open = {from};
    while (!open.empty() && found.cheap) {
      NodeId id = open.back();
      open.pop_back();
      while (is_view(graph_[id].op)) id = graph_[id].operands[0];
      if (graph_[id].op == Op::iota || is_small(id)) continue;
      if (id == id_ && id != from) continue;
      if (id != from && is_leaf(id)) {
        found.add(id);
        continue;
      }
      if (std::find(found.ops.begin(), found.ops.end(), id) != found.ops.end()) continue;
      found.ops.push_back(id);
      found.cheap = found.ops.size() <= kMostOps && (found.any_cost || !costs_much(graph_[id].op));
      for (NodeId operand : graph_[id].operands) open.push_back(operand);
    }
  }

  static bool siblings(const Class& c, const Group& g) {
    return g.kind != Group::Kind::dense && c.group->kind == g.kind && c.group->space == g.space &&
           c.group->reduced == g.reduced;
  }

  // What a group reads that requests the node `id`.
  void add_reads(NodeId id, Leaves& reads) const {
    if (id == id_) return;
    if (is_leaf(id) && !is_view(graph_[id].op)) {
      if (!is_small(id)) reads.add(id);
      return;
    }
    walk(id, reads);
    reads.cheap = true;
  }

  void find_classes() {
    for (const Request& r : state_.requests[id_]) {
      const Group& g = state_.groups[r.group];
      auto it = std::find_if(classes_.begin(), classes_.end(),
                             [&](const Class& c) { return siblings(c, g); });
      if (it == classes_.end()) it = classes_.insert(it, {&g, {}});
      for (NodeId id : state_.requested[r.group]) add_reads(id, it->reads);
    }
  }

  const GroupState& state_;
  const Graph& graph_;
  NodeId id_;
  int64_t points_;
  std::vector<Class> classes_;
};

}  // namespace

bool costs_less_than_stored(const GroupState& state, NodeId id) {
  return StoredOrComputed(state, id).recompute();
}

bool costs_nothing(const GroupState& state, NodeId id, const Request& request) {
  return StoredOrComputed(state, id).is_free(request);
}

}  // namespace burin::lower
