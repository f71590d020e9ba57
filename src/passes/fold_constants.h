// Expects: any graph. Does: evaluates what depends on constants only, where neither the result nor
// an operand has more than 2^16 elements. Leaves: constants in their place; iota and broadcast stay
// themselves, since they are cheaper than their elements; and so do weights of more than 2^12
// elements behind views and scales, since kernels read through those while they pack.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph fold_constants(const graph::Graph& graph);

}  // namespace burin::passes
