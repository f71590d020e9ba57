// Expects: any graph. Does: makes one node of those with the same op, type, attribute and operands;
// the first one's source stays. Leaves: no two such nodes. Constants above a size count as the same
// only when they share their bytes, so that weights are not read.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph eliminate_common_subexpressions(const graph::Graph& graph);

}  // namespace burin::passes
