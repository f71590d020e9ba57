// Finds from the outputs backwards which values are wanted, then evaluates those that are known.
#include "passes/fold_constants.h"

#include "graph/constant.h"
#include "graph/rewrite.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr int64_t kMostElements = 1 << 16;

// Ops that are no larger than their operands and cheaper than a stored result.
bool stays(Op op) {
  return op == Op::parameter || op == Op::constant || op == Op::iota || op == Op::broadcast;
}

}  // namespace

Graph fold_constants(const Graph& graph) {
  graph::ConstantEvaluator constants(graph, kMostElements);
  auto folds = [&](NodeId id) {
    return !stays(graph[id].op) && graph.type(id).shape.elements() <= kMostElements &&
           constants.is_known(id);
  };
  IdVector<NodeId, char> wanted(graph.size(), 0);
  for (const graph::Port& port : graph.outputs) wanted[port.node] = 1;
  for (size_t i = graph.size(); i-- > 0;) {
    NodeId id(i);
    if (!wanted[id]) continue;
    if (folds(id)) {
      wanted[id] = 2;
      continue;
    }
    for (NodeId operand : graph[id].operands) wanted[operand] |= 1;
  }
  graph::Rewriter rw(graph);
  for (NodeId id : rw.live()) {
    if (!wanted[id]) continue;
    std::optional<Tensor> value;
    if (wanted[id] == 2) value = constants.value(id);
    rw.use_source_of(id);
    rw.map(id, value ? rw.builder().constant(*std::move(value)) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace burin::passes
