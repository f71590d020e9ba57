// Expects: any graph. Does: removes the nodes that no output depends on. Leaves: parameters, even
// unused ones, and live nodes.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph eliminate_dead_nodes(const graph::Graph& graph);

}  // namespace burin::passes
