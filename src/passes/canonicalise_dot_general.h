// Expects: any graph. Does: writes each dot_general in the plainest way: transposes of operands
// become dimension numbers, batch axes that the right side only repeats become free axes of the
// left side, batch axes of size 1 go, and a product without a sum becomes `mul`. Leaves:
// dot_general nodes that sum over something, with no transpose directly above them.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph canonicalise_dot_general(const graph::Graph& graph);

}  // namespace burin::passes
