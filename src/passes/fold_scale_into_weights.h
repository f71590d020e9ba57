// Expects: folded constants, broadcasts without axes of size 1 (simplify), channels last
// (move_transposes). Does: takes a chain of additions and multiplications by per-channel constants
// behind a convolution or a dot_general with constant weights (a batch norm and its bias), and
// leaves one addition: y * s + b with s as a `mul` on the weights, which kernels apply while they
// pack. Leaves: no multiplication by a per-channel constant directly behind those ops.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph fold_scale_into_weights(const graph::Graph& graph);

}  // namespace burin::passes
