// Each half-precision value has a narrow form, a wide form, or both once the wide one was wanted.
#include "passes/widen_halves.h"

#include <algorithm>

#include "graph/rewrite.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

// Ops whose results are elements of their operands.
bool moves(Op op) {
  switch (op) {
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast:
    case Op::slice:
    case Op::pad:
    case Op::concatenate:
    case Op::reverse:
    case Op::gather: return true;
    default: return false;
  }
}

class Widener {
 public:
  explicit Widener(const Graph& graph) : old_(graph), rw_(graph), narrow_(graph.size()) {}

  Graph run() {
    for (const graph::Port& port : old_.inputs) {
      if (is_half(old_.type(port.node).dtype)) keep_narrow(port.node, rw_[port.node]);
    }
    for (NodeId id : rw_.live()) {
      rw_.use_source_of(id);
      visit(id);
    }
    for (const graph::Port& port : old_.outputs) narrow_output(port.node);
    return rw_.finish();
  }

 private:
  void keep_narrow(NodeId id, NodeId narrow) {
    narrow_[id] = narrow;
    rw_.map(id, {});
  }

  bool is_narrow(NodeId id) const { return narrow_[id].valid(); }

  NodeId wide(NodeId id) {
    if (!rw_.mapped(id)) rw_.map(id, rw_.builder().convert(narrow_[id], DType::f32));
    return rw_[id];
  }

  void visit(NodeId id) {
    const Node& node = old_[id];
    bool all_narrow = std::ranges::all_of(node.operands, [&](NodeId operand) {
      return is_narrow(operand) || !is_half(old_.type(operand).dtype);
    });
    bool exact = node.op == Op::constant || node.op == Op::iota || node.op == Op::convert ||
                 (moves(node.op) && all_narrow);
    std::vector<NodeId> operands;
    for (NodeId operand : node.operands) {
      bool half = is_half(old_.type(operand).dtype);
      bool as_is = half && moves(node.op) && all_narrow;
      operands.push_back(as_is ? narrow_[operand] : half ? wide(operand) : rw_[operand]);
    }
    TensorType type = node.type;
    if (is_half(type.dtype) && !exact) type.dtype = DType::f32;
    NodeId made;
    if (node.op == Op::convert) {
      made = rw_.builder().convert(operands[0], type.dtype);
    } else {
      made = rw_.to().nodes.push_back(Node{node.op, type, operands, node.attr, node.source});
    }
    is_half(node.type.dtype) && exact ? keep_narrow(id, made) : rw_.map(id, made);
  }

  void narrow_output(NodeId id) {
    DType dtype = old_.type(id).dtype;
    if (!is_half(dtype)) return;
    if (!is_narrow(id)) narrow_[id] = rw_.builder().convert(rw_[id], dtype);
    rw_.map(id, narrow_[id]);
  }

  const Graph& old_;
  graph::Rewriter rw_;
  IdVector<NodeId, NodeId> narrow_;  // invalid where there is no narrow form
};

}  // namespace

Graph widen_halves(const Graph& graph) {
  bool any = std::ranges::any_of(graph.nodes, [](const Node& n) { return is_half(n.type.dtype); });
  return any ? Widener(graph).run() : graph;
}

}  // namespace burin::passes
