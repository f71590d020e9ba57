// Forward propagation of the facts that grouping uses.
#include "lower/group_facts.h"

#include <algorithm>

#include "lower/costs.h"
#include "lower/index_map.h"
#include "lower/kernels/list.h"

namespace burin::lower {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

namespace {

constexpr int64_t kLongRow = 1 << 16;
constexpr int64_t kFewRows = 4;

bool is_simple(Op op) {
  switch (op) {
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::neg:
    case Op::abs:
    case Op::max:
    case Op::min:
    case Op::clamp:
    case Op::convert: return true;
    default: return false;
  }
}

// Bytes that reading the node really touches: those below a broadcast.
int64_t bytes_behind(const Graph& graph, NodeId id) {
  while (graph[id].op == Op::broadcast || graph[id].op == Op::reshape) id = graph[id].operands[0];
  return graph.type(id).bytes();
}

NodeId behind_views(const Graph& graph, NodeId id) {
  while (is_view(graph[id].op)) id = graph[id].operands[0];
  return id;
}

bool is_cheap(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (!is_simple(node.op)) return false;
  int large = 0;
  for (NodeId operand : node.operands) {
    int64_t bytes = bytes_behind(graph, operand);
    if (bytes > node.type.bytes()) return false;
    if (bytes * 4 > node.type.bytes()) ++large;
  }
  return large <= 1;
}

// Finds what GroupFacts calls early.
class EarlyFinder {
 public:
  EarlyFinder(const Graph& graph, const IdVector<NodeId, int>& uses)
      : graph_(graph), uses_(uses), met_(graph.size(), 0), costs_much_(graph.size(), false) {}

  // Whether operand `i` of a node is so. Nodes are asked for in their order.
  bool is_early(NodeId id, size_t i) const {
    const std::vector<NodeId>& operands = graph_[id].operands;
    if (graph_[id].op != Op::mul || operands.size() != 2) return false;
    NodeId value = operands[i], other = operands[1 - i];
    bool whole = graph_.type(value).shape.elements() == graph_.type(id).shape.elements();
    bool known = value.index < met_[other] && is_dense(graph_[NodeId(met_[other])].op);
    return known && whole && is_elementwise(value) && uses_[value] == 1 && shares(value);
  }

  // Notes what is behind a node.
  void note(NodeId id) {
    costs_much_[id] = costs_much(graph_[id].op);
    if (!is_elementwise(id) && !is_view(graph_[id].op)) {
      met_[id] = id.index;
      return;
    }
    for (NodeId operand : graph_[id].operands) {
      met_[id] = std::max(met_[id], met_[operand]);
      if (costs_much_[operand]) costs_much_[id] = true;
    }
  }

 private:
  static constexpr size_t kMostNodes = 32;  // looked through

  bool is_elementwise(NodeId id) const { return graph::is_elementwise(graph_[id].op); }

  // Whether what costs much, of the nodes that make a value, has users that do not.
  bool shares(NodeId value) const {
    std::vector<NodeId> seen = {value};
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen.size() > kMostNodes) return false;
      for (NodeId operand : graph_[seen[i]].operands) {
        bool inside =
            is_elementwise(operand) && std::find(seen.begin(), seen.end(), operand) == seen.end();
        if (inside) seen.push_back(operand);
      }
    }
    return std::any_of(seen.begin() + 1, seen.end(), [&](NodeId id) {
      return costs_much_[id] && uses_[id] > uses_among(seen, id);
    });
  }

  int uses_among(const std::vector<NodeId>& users, NodeId id) const {
    int count = 0;
    for (NodeId user : users) {
      const std::vector<NodeId>& operands = graph_[user].operands;
      count += static_cast<int>(std::count(operands.begin(), operands.end(), id));
    }
    return count;
  }

  const Graph& graph_;
  const IdVector<NodeId, int>& uses_;
  IdVector<NodeId, uint32_t> met_;     // the last node that is not elementwise
  IdVector<NodeId, bool> costs_much_;  // one of the elementwise nodes from there on
};

}  // namespace

GroupFacts::GroupFacts(const Graph& graph)
    : after_reduce(graph.size(), false),
      cheap(graph.size(), false),
      read_from_memory(graph.size(), false),
      early(graph.size(), false),
      after_dense(graph.size(), false) {
  IdVector<NodeId, int> uses = graph.use_counts();
  EarlyFinder finder(graph, uses);
  for (const graph::Port& port : graph.outputs) {
    read_from_memory[behind_views(graph, port.node)] = true;
  }
  for (size_t i = 0; i < graph.size(); ++i) {
    NodeId id(i);
    const Node& node = graph[id];
    bool elementwise = graph::is_elementwise(node.op) || node.op == Op::convert;
    if (node.op == Op::reduce) after_reduce[id] = true;
    cheap[id] = is_cheap(graph, id);
    finder.note(id);
    for (size_t k = 0; k < node.operands.size(); ++k) {
      if (finder.is_early(id, k)) early[node.operands[k]] = true;
    }
    bool reads = !elementwise && !is_view(node.op) && node.op != Op::reduce;
    for (NodeId operand : node.operands) {
      if (reads) read_from_memory[behind_views(graph, operand)] = true;
    }
    for (NodeId operand : node.operands) {
      if ((elementwise || is_view(node.op)) && after_reduce[operand]) after_reduce[id] = true;
      bool carries = is_dense(graph[operand].op) || after_dense[operand];
      bool same = graph.type(operand).shape.elements() == node.type.shape.elements();
      if ((elementwise || node.op == Op::reshape) && carries && same && uses[operand] == 1) {
        after_dense[id] = true;
        cheap[id] = false;  // costs nothing in the epilogue
      }
    }
  }
}

bool GroupFacts::row_fits(int64_t rows, int64_t length) const {
  return rows >= kFewRows || length < kLongRow;
}

}  // namespace burin::lower
