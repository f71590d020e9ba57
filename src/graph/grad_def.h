// The gradient rules of the primitives: a column of the rules table (graph/op_def.h) that only
// autodiff reads. src/ops fills it (ops/grad_*.cpp). A rule emits graph primitives alone, so what
// it emits can be differentiated again.
#pragma once

#include <vector>

#include "graph/builder.h"

namespace burin::graph {

struct GradArgs {
  Builder& b;
  NodeId node;
  NodeId cotangent;                 // of the node's type
  const std::vector<bool>& wanted;  // per operand; only float operands are ever wanted

  NodeId operand(size_t i) const { return b.graph()[node].operands[i]; }
  size_t operand_count() const { return b.graph()[node].operands.size(); }
  const TensorType& type(size_t i) const { return b.type(operand(i)); }
  // A copy: nodes that a rule adds move the graph's own.
  template <class A>
  A attr() const {
    return b.graph().attr<A>(node);
  }
};

// Per operand its cotangent, of the operand's type; invalid where there is none: for those not
// wanted, and where the op is constant between its steps.
using GradRule = std::vector<NodeId> (*)(const GradArgs&);

// Null for an op without a rule.
GradRule grad_rule(Op op);

struct RegisterGrad {
  RegisterGrad(Op op, GradRule rule);
};

}  // namespace burin::graph
