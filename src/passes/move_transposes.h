// Expects: any graph; one from a channels-first model has transposes around each convolution.
// Does: carries every transpose downwards through the ops that do not mind the order of axes until
// it meets its inverse, is taken into the dimension numbers of a dot_general, or reaches an op that
// needs the order. Leaves: activations channels-last between convolutions, transposes only at the
// edges; of an update of weights, the gradient alone moves where that moves less. Keeps the graph
// as it was where that would move more elements than before.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph move_transposes(const graph::Graph& graph);

}  // namespace burin::passes
