// A graph in double precision, for checks that single precision is too coarse for.
#pragma once

#include "graph/graph.h"

namespace burin::graph {

// Every float of the graph becomes f64: inputs, constants and results.
void in_doubles(Graph& graph);
// The same for a value; integers stay as they are.
Tensor in_doubles(const Tensor& tensor);

}  // namespace burin::graph
