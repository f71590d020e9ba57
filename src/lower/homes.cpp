// Walks the concatenations from the last to the first: a host is known before its guests.
#include "lower/homes.h"

#include <algorithm>

namespace burin::lower {

using graph::Graph;
using graph::NodeId;
using graph::Op;

namespace {

// Whether kernels read an operand of such a node through any view of a buffer.
bool reads_through_views(Op op) {
  if (graph::is_elementwise(op)) return true;
  switch (op) {
    case Op::convert:
    case Op::transpose:
    case Op::broadcast:
    case Op::slice:
    case Op::reverse:
    case Op::pad:
    case Op::concatenate:
    case Op::reduce:
    case Op::reduce_window:
    case Op::dot_general:
    case Op::convolution: return true;
    default: return false;
  }
}

// Whether groups that compute such a node can write it to any region of a buffer.
bool writes_regions(Op op) {
  return graph::is_elementwise(op) || op == Op::convert || op == Op::reduce ||
         op == Op::reduce_window || op == Op::dot_general || op == Op::convolution ||
         op == Op::concatenate;
}

// The values that need no dense buffer of their own.
IdVector<NodeId, bool> movable_nodes(const Graph& graph) {
  IdVector<NodeId, bool> movable(graph.size(), true);
  for (const graph::Port& port : graph.outputs) movable[port.node] = false;
  for (size_t i = 0; i < graph.size(); ++i) {
    const graph::Node& node = graph[NodeId(i)];
    if (!writes_regions(node.op)) movable[NodeId(i)] = false;
    if (reads_through_views(node.op)) continue;
    for (NodeId operand : node.operands) movable[operand] = false;
  }
  return movable;
}

// How often outputs and nodes that they depend on read each node. What has no elements reads none.
IdVector<NodeId, int> live_uses(const Graph& graph) {
  IdVector<NodeId, int> uses(graph.size(), 0);
  for (const graph::Port& port : graph.outputs) ++uses[port.node];
  for (size_t i = graph.size(); i-- > 0;) {
    if (uses[NodeId(i)] == 0 || graph.type(NodeId(i)).shape.elements() == 0) continue;
    for (NodeId operand : graph[NodeId(i)].operands) ++uses[operand];
  }
  return uses;
}

size_t axis_of(const Graph& graph, NodeId concatenation) {
  return static_cast<size_t>(graph.attr<graph::AxisAttr>(concatenation).axis);
}

// Whether `shorter` concatenates the first operands of `longer`.
bool begins(const Graph& graph, NodeId shorter, NodeId longer) {
  const auto &a = graph[shorter].operands, &b = graph[longer].operands;
  return a.size() < b.size() && axis_of(graph, shorter) == axis_of(graph, longer) &&
         std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

Homes::Homes(const Graph& graph) : graph_(graph), uses_(live_uses(graph)), homes_(graph.size()) {
  for (size_t i = graph.size(); i-- > 0;) {
    NodeId id(i);
    if (graph[id].op == Op::concatenate && uses_[id] > 0) concatenations_.push_back(id);
  }
  if (concatenations_.empty()) return;
  movable_ = movable_nodes(graph);
  for (NodeId id : concatenations_) {
    if (!is_guest(id)) take_beginnings(id);
    if (!is_beginning(id)) take_parts(id);
  }
}

void Homes::take_beginnings(NodeId id) {
  for (NodeId other : concatenations_) {
    if (!movable_[other] || is_guest(other) || !begins(graph_, other, id)) continue;
    homes_[other] = {id, axis_of(graph_, id), 0, true};
  }
}

// A part that nothing else reads is written into its place anyway.
void Homes::take_parts(NodeId id) {
  size_t axis = axis_of(graph_, id);
  Home home = is_guest(id) ? homes_[id] : Home{id, axis};
  if (home.axis != axis) return;
  for (NodeId part : graph_[id].operands) {
    bool wanted = uses_[part] > 1 || graph_[part].op == Op::concatenate;
    if (wanted && movable_[part] && !is_guest(part)) homes_[part] = home;
    home.start += graph_.type(part).shape[axis];
  }
}

IndexMap Homes::map(NodeId id, IndexMap map) const {
  if (is_guest(id)) map[homes_[id].axis].offset += homes_[id].start;
  return map;
}

bool Homes::is_operand(NodeId id, size_t position) const {
  const std::vector<NodeId>& parts = graph_[id].operands;
  size_t axis = axis_of(graph_, id);
  int64_t start = is_guest(id) ? homes_[id].start : 0;
  for (size_t i = 0; i < position; ++i) start += graph_.type(parts[i]).shape[axis];
  NodeId part = parts[position];
  if (!is_guest(part) || is_beginning(part)) return false;
  const Home& home = homes_[part];
  return home.node == node(id) && home.axis == axis && home.start == start;
}

NodeId Homes::first_reader(NodeId id, size_t position) const {
  NodeId first = id;
  for (NodeId other : concatenations_) {
    bool holds =
        is_beginning(other) && homes_[other].node == id && graph_[other].operands.size() > position;
    if (holds) first = std::min(first, other);
  }
  return first;
}

}  // namespace burin::lower
