// Whether two graphs mean the same: both are evaluated on the same random inputs.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace burin::test {

// Random tensors for a graph's inputs: floats in [-2, 2) with some zeros, small integers.
std::vector<Tensor> random_inputs(const graph::Graph& graph, uint64_t seed);

// Empty if the outputs agree within `tolerance` of each output's largest magnitude (integers and
// pred exactly, NaN and infinities in the same places), else what differs. Verifies both graphs.
std::string difference(const graph::Graph& before, const graph::Graph& after, uint64_t seed = 1,
                       double tolerance = 1e-5);

}  // namespace burin::test
