// Expects: any graph. Does: computes convolutions and products of i32 in f32 where no sum can reach
// 2^24: every partial sum is then an integer that f32 holds, so the result is the same in any order
// and the processor has twice the throughput and fused sums for it. Quantised networks, whose
// operands are 8-bit values minus a zero point, are of this kind. Biases are added there too, and
// what is rounded and clipped to the integers of a dtype goes on to the next sum as it is, where
// it cannot be NaN. Leaves: i32 results that others use, converted back from f32; large constant
// operands are converted while the pass runs.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph sum_integers_in_floats(const graph::Graph& graph);

}  // namespace burin::passes
