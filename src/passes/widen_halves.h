// Expects: any graph. Does: computes what has 16-bit floats in f32, which is what the processor has
// instructions for. Values that 16 bits hold exactly (inputs, constants, results of `convert`, and
// what only moves them) stay narrow until something computes with them. Leaves: a graph whose
// inputs and outputs have the types they had; only inputs, constants, outputs and `convert` round.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph widen_halves(const graph::Graph& graph);

}  // namespace burin::passes
