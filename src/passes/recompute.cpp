// Chooses what stays, then copies the rest behind the boundary.
#include "passes/recompute.h"

#include <algorithm>

#include "graph/op_def.h"
#include "graph/rewrite.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;
using graph::SourceId;

constexpr int64_t kSmallShare = 512;  // values up to one in so many of all bytes are small

bool is_stored_anyway(Op op) { return op == Op::parameter || op == Op::constant; }

bool is_cheap(Op op) {
  switch (op) {
    case Op::convert:
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast:
    case Op::slice:
    case Op::reverse:
    case Op::iota: return true;
    default: return graph::is_elementwise(op);
  }
}

// Who uses the values from before the boundary.
struct Uses {
  IdVector<NodeId, size_t>
      last_early;               // the last user before the boundary; the node itself if none
  IdVector<NodeId, char> late;  // has users behind it
};

Uses find_uses(const Graph& graph, NodeId boundary) {
  Uses uses{IdVector<NodeId, size_t>(graph.size(), 0), IdVector<NodeId, char>(graph.size(), 0)};
  for (size_t i = 0; i < graph.size(); ++i) {
    uses.last_early[NodeId(i)] = i;
    for (NodeId operand : graph[NodeId(i)].operands) {
      if (operand > boundary || is_stored_anyway(graph[operand].op)) continue;
      if (NodeId(i) > boundary) {
        uses.late[operand] = 1;
      } else {
        uses.last_early[operand] = i;
      }
    }
  }
  return uses;
}

class Chooser {
 public:
  Chooser(const Graph& graph, NodeId boundary)
      : graph_(graph),
        boundary_(boundary.index),
        uses_(find_uses(graph, boundary)),
        kept_(graph.size(), 0),
        total_(activation_bytes(graph, boundary)) {}

  // Which nodes before the boundary stay.
  IdVector<NodeId, char> choose(const RecomputePolicy& policy) {
    size_t last_cut = policy.window > 0 ? cut_windows(policy.window) : boundary_ + 1;
    for (size_t i = 0; i <= boundary_; ++i) {
      NodeId id(i);
      bool small = bytes(i) <= total_ / kSmallShare;
      bool dear = policy.window == 0 && !is_cheap(graph_[id].op);
      if (i > last_cut || small || dear || is_stored_anyway(graph_[id].op)) kept_[id] = 1;
    }
    for (const graph::Port& port : graph_.outputs) kept_[port.node] = 1;
    return std::move(kept_);
  }

 private:
  int64_t bytes(size_t i) const { return graph_.type(NodeId(i)).bytes(); }
  int64_t late_bytes(size_t i) const { return uses_.late[NodeId(i)] ? bytes(i) : 0; }

  // Bytes that a cut behind each node keeps.
  std::vector<int64_t> crossing() const {
    std::vector<int64_t> change(boundary_ + 2, 0);
    for (size_t i = 0; i <= boundary_; ++i) {
      if (is_stored_anyway(graph_[NodeId(i)].op)) continue;
      change[i] += bytes(i);
      change[uses_.last_early[NodeId(i)]] -= bytes(i);
    }
    for (size_t i = 1; i <= boundary_; ++i) change[i] += change[i - 1];
    return change;
  }

  // Cuts where least crosses in the second half of each window. Returns the last cut, or 0.
  size_t cut_windows(int64_t window) {
    std::vector<int64_t> cost = crossing();
    size_t cut = 0;
    int64_t seen = 0;
    size_t best = 0;  // the cut of this window, if beyond the last one
    for (size_t i = 0; i < boundary_; ++i) {
      seen += late_bytes(i);
      if (seen * 2 >= window && (best <= cut || cost[i] <= cost[best])) best = i;
      if (seen <= window || best <= cut) continue;
      cut = best;
      keep_across(cut);
      seen = 0;
      for (size_t k = cut + 1; k <= i; ++k) seen += late_bytes(k);
    }
    return cut;
  }

  void keep_across(size_t cut) {
    for (size_t i = 0; i <= cut; ++i) {
      if (uses_.last_early[NodeId(i)] > cut) kept_[NodeId(i)] = 1;
    }
  }

  const Graph& graph_;
  size_t boundary_;
  Uses uses_;
  IdVector<NodeId, char> kept_;
  int64_t total_;
};

class Copier {
 public:
  Copier(const Graph& graph, const IdVector<NodeId, char>& kept, NodeId boundary)
      : rw_(graph),
        kept_(kept),
        boundary_(boundary),
        copies_(graph.size()),
        sources_(graph.sources.size()) {}

  Recomputed run() {
    for (NodeId id : rw_.live()) {
      if (id <= boundary_) {
        rw_.map(id, rw_.copy(id));
        continue;
      }
      Node node = rw_.from()[id];
      for (NodeId& operand : node.operands) operand = late(operand);
      rw_.map(id, rw_.to().nodes.push_back(std::move(node)));
    }
    return {rw_.finish(), count_};
  }

 private:
  // The value of a node for those behind the boundary. Operands are copied first, without
  // recursion: chains are as long as networks are deep.
  NodeId late(NodeId wanted) {
    std::vector<NodeId> stack = {wanted};
    while (!stack.empty()) {
      NodeId id = stack.back();
      bool ready = true;
      for (NodeId operand : rw_.from()[id].operands) {
        if (!found(id) && !found(operand)) stack.push_back(operand), ready = false;
      }
      if (!ready) continue;
      stack.pop_back();
      if (!found(id)) copies_[id] = copy(id);
    }
    return value(wanted);
  }

  bool stays(NodeId id) const { return id > boundary_ || kept_[id]; }
  bool found(NodeId id) const { return stays(id) || copies_[id].valid(); }
  NodeId value(NodeId id) const { return stays(id) ? rw_[id] : copies_[id]; }

  NodeId copy(NodeId id) {
    Node node = rw_.from()[id];
    for (NodeId& operand : node.operands) operand = value(operand);
    node.source = source_of_copy(node.source);
    ++count_;
    return rw_.to().nodes.push_back(std::move(node));
  }

  SourceId source_of_copy(SourceId source) {
    if (!source.valid()) return source;
    SourceId& made = sources_[source];
    if (!made.valid()) {
      graph::Source of = rw_.from().sources[source];
      made = rw_.to().sources.push_back({of.name + " (again)", of.op_type});
    }
    return made;
  }

  graph::Rewriter rw_;
  const IdVector<NodeId, char>& kept_;
  NodeId boundary_;
  IdVector<NodeId, NodeId> copies_;
  IdVector<SourceId, SourceId> sources_;
  int64_t count_ = 0;
};

}  // namespace

Recomputed recompute(const Graph& graph, NodeId boundary, const RecomputePolicy& policy) {
  IdVector<NodeId, char> kept = Chooser(graph, boundary).choose(policy);
  return Copier(graph, kept, boundary).run();
}

int64_t activation_bytes(const Graph& graph, NodeId boundary) {
  Uses uses = find_uses(graph, boundary);
  int64_t bytes = 0;
  for (size_t i = 0; i <= boundary.index; ++i) {
    if (uses.late[NodeId(i)]) bytes += graph.type(NodeId(i)).bytes();
  }
  return bytes;
}

}  // namespace burin::passes
