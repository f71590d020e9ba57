// A sum over x and one over the squares of x's deviations from its mean, both in one walk over x.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

// Where x is large and its last axis is kept, as in batch normalisation: other sums run along
// memory, where a second walk finds x in the caches.
graph::Graph sum_deviations(const graph::Graph& graph);

}  // namespace burin::passes
