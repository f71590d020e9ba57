// Facts derived from a graph.
#include "graph/graph.h"

namespace burin::graph {

IdVector<NodeId, int> Graph::use_counts() const {
  IdVector<NodeId, int> uses(nodes.size(), 0);
  for (const Node& node : nodes) {
    for (NodeId operand : node.operands) ++uses[operand];
  }
  for (const Port& port : outputs) ++uses[port.node];
  return uses;
}

}  // namespace burin::graph
