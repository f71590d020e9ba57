// Copies, maps and drops nodes.
#include "graph/rewrite.h"

#include "base/check.h"

namespace burin::graph {

namespace {

// Which nodes the outputs depend on.
IdVector<NodeId, char> mark_live(const Graph& graph) {
  IdVector<NodeId, char> live(graph.size(), 0);
  for (const Port& port : graph.outputs) live[port.node] = 1;
  for (size_t i = graph.size(); i-- > 0;) {
    if (!live[NodeId(i)]) continue;
    for (NodeId operand : graph[NodeId(i)].operands) live[operand] = 1;
  }
  return live;
}

}  // namespace

Rewriter::Rewriter(const Graph& from) : from_(from), map_(from.size()) {
  to_.name = from.name;
  to_.sources = from.sources;
  to_.nodes.reserve(from.size() + from.size() / 4);
  for (const Port& port : from.inputs) {
    to_.inputs.push_back({port.name, to_.nodes.push_back(from[port.node])});
    map_[port.node] = to_.inputs.back().node;
  }
  auto live = mark_live(from);
  live_.reserve(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    NodeId id(i);
    if (live[id] && !map_[id].valid()) live_.push_back(id);
  }
}

NodeId Rewriter::copy(NodeId old) {
  Node node = from_[old];
  for (NodeId& operand : node.operands) {
    operand = map_[operand];
    BURIN_CHECK(operand.valid(), "copied a node before its operands");
  }
  return to_.nodes.push_back(std::move(node));
}

Graph Rewriter::finish() {
  for (const Port& port : from_.outputs) to_.outputs.push_back({port.name, map_[port.node]});
  drop_dead_nodes(to_);
  return std::move(to_);
}

void drop_dead_nodes(Graph& graph) {
  auto live = mark_live(graph);
  for (const Port& port : graph.inputs) live[port.node] = 1;
  IdVector<NodeId, NodeId> map(graph.size());
  size_t kept = 0;
  for (size_t i = 0; i < graph.size(); ++i) {
    if (!live[NodeId(i)]) continue;
    Node& node = graph.nodes[NodeId(i)];
    for (NodeId& operand : node.operands) operand = map[operand];
    map[NodeId(i)] = NodeId(kept);
    if (kept != i) graph.nodes[NodeId(kept)] = std::move(node);
    ++kept;
  }
  graph.nodes.resize(kept);
  for (Port& port : graph.inputs) port.node = map[port.node];
  for (Port& port : graph.outputs) port.node = map[port.node];
}

}  // namespace burin::graph
