// What reaches a value along several ways is multiplied once: dy * a + dy * b becomes dy * (a + b).
// Gradients of x * (1 + erf(x)), x * sigmoid(x) and the like are such; a + b is the slope.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

// Where the slope is known before dy is. It is made as soon as what it is made of is there: one
// tensor is kept for dy then, where those that a and b are made of were.
// Expects: common subexpressions eliminated, so that what a and b share with the forward pass is
// one node.
graph::Graph factor_slopes(const graph::Graph& graph);

}  // namespace burin::passes
