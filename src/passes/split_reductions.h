// Divides long reductions with few results into two steps, so that they have tiles to share: parts
// of the first reduced axis, then the parts. The division depends on shapes only. Expects the other
// passes to have run: simplification would join the steps again.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph split_reductions(const graph::Graph& graph);

}  // namespace burin::passes
