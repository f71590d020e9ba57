// Forward propagation of the facts that grouping uses.
#include "lower/group_facts.h"

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

}  // namespace

GroupFacts::GroupFacts(const Graph& graph)
    : after_reduce(graph.size(), false),
      cheap(graph.size(), false),
      read_from_memory(graph.size(), false),
      after_dense(graph.size(), false) {
  IdVector<NodeId, int> uses = graph.use_counts();
  for (const graph::Port& port : graph.outputs) {
    read_from_memory[behind_views(graph, port.node)] = true;
  }
  for (size_t i = 0; i < graph.size(); ++i) {
    NodeId id(i);
    const Node& node = graph[id];
    bool elementwise = graph::is_elementwise(node.op) || node.op == Op::convert;
    if (node.op == Op::reduce) after_reduce[id] = true;
    cheap[id] = is_cheap(graph, id);
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
