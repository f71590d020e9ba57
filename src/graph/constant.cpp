// Marks nodes known in program order, evaluates on request with an explicit stack.
#include "graph/constant.h"

#include <algorithm>

#include "graph/array.h"
#include "graph/eval.h"

namespace burin::graph {

bool ConstantEvaluator::is_small(NodeId id) const {
  return graph_.type(id).shape.elements() <= max_elements_;
}

void ConstantEvaluator::extend() {
  for (size_t n = known_.size(); n < graph_.size(); ++n) {
    const Node& node = graph_.nodes[NodeId(n)];
    bool known = node.op == Op::constant || (node.op != Op::parameter && is_small(NodeId(n)));
    for (NodeId operand : node.operands) known = known && known_[operand] && is_small(operand);
    known_.push_back(known);
    values_.push_back({});
  }
}

bool ConstantEvaluator::is_known(NodeId id) {
  extend();
  return known_[id];
}

std::optional<Tensor> ConstantEvaluator::value(NodeId id) {
  if (!is_known(id)) return std::nullopt;
  std::vector<NodeId> wanted = {id};
  while (!wanted.empty()) {
    NodeId next = wanted.back();
    const Node& node = graph_[next];
    if (node.op == Op::constant) values_[next] = graph_.constant(next);
    if (values_[next].valid()) {
      wanted.pop_back();
      continue;
    }
    size_t before = wanted.size();
    for (NodeId operand : node.operands) {
      if (!values_[operand].valid()) wanted.push_back(operand);
    }
    if (wanted.size() > before) continue;
    std::vector<Array> arrays;
    for (NodeId operand : node.operands) arrays.push_back(to_array(values_[operand]));
    std::vector<const Array*> operands;
    for (const Array& array : arrays) operands.push_back(&array);
    values_[next] = to_tensor(eval_node(graph_, next, operands));
  }
  return values_[id];
}

}  // namespace burin::graph
