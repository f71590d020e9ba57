// Expects: any graph. Does: evaluates what depends on constants only, where neither the result nor
// an operand has more than 2^16 elements. Leaves: constants in their place; iota and broadcast stay
// themselves, since they are cheaper than their elements; large weights are not read, since kernels
// pack them through the views that stand on them.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph fold_constants(const graph::Graph& graph);

}  // namespace burin::passes
