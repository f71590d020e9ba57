// The order of a step's nodes. Kernels run in the order of their nodes, so an update that stands at
// the end keeps its gradient in memory until then, or all that the gradient is made of.
#pragma once

#include "graph/graph.h"

namespace burin::train {

// The same graph with each node from `first` on moved to where the last of its operands is known.
graph::Graph move_updates_early(const graph::Graph& graph, graph::NodeId first);

}  // namespace burin::train
