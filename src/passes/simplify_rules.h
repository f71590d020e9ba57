// The rules of simplify as data: a pattern's top op, its formula, and a function that returns the
// replacement or an invalid id. Rules only ever shrink: fewer nodes, or less work per node.
// In formulas c is a constant, the same at all elements.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/rewrite.h"
#include "passes/uniform.h"

namespace burin::passes {

using graph::Graph;
using graph::NodeId;
using graph::Op;

// What a rule sees: the new graph up to the node it looks at. Nodes are read by value, since
// adding one may move the others.
class Simplifier {
 public:
  Simplifier(const Graph& from, std::vector<std::string_view>* fired) : rw_(from), fired_(fired) {}
  Graph run();

  const Graph& graph() { return rw_.to(); }
  Op op(NodeId id) { return graph()[id].op; }
  size_t operand_count(NodeId id) { return graph()[id].operands.size(); }
  NodeId operand(NodeId id, size_t i = 0) { return graph()[id].operands[i]; }
  std::vector<NodeId> operands(NodeId id) { return graph()[id].operands; }
  TensorType type(NodeId id) { return graph()[id].type; }
  Shape shape(NodeId id) { return graph()[id].type.shape; }
  DType dtype(NodeId id) { return graph()[id].type.dtype; }
  template <class A>
  A attr(NodeId id) {
    return graph().attr<A>(id);
  }
  std::optional<double> uniform(NodeId id) { return uniform_value(graph(), id); }
  bool is_uniform(NodeId id, double value) { return uniform(id) == value; }

  // Adds a node and simplifies it; the general form and those that rules need often.
  NodeId add(Op op, std::vector<NodeId> operands, graph::Attr attr = graph::NoAttr{},
             TensorType wanted = {});
  NodeId reshape(NodeId x, Shape shape);
  NodeId broadcast(NodeId x, Shape shape, Dims dims);
  NodeId constant(Tensor value);
  NodeId full(TensorType type, double value);

 private:
  NodeId reduce(NodeId id);

  graph::Rewriter rw_;
  std::vector<std::string_view>* fired_;
  int depth_ = 0;
};

struct Rule {
  // The op at the top of the pattern; nothing for all elementwise ops and convert.
  std::optional<Op> op;
  std::string_view formula;
  NodeId (*apply)(Simplifier&, NodeId);
};

std::span<const Rule> arithmetic_rules();
std::span<const Rule> movement_rules();
std::span<const Rule> reduction_rules();
std::span<const Rule> window_rules();

}  // namespace burin::passes
