// Expects: transposed convolutions as convolutions with x_dilation. Does: where x_dilation is d
// along an axis, every d-th result reads the same taps: one ordinary convolution per such phase,
// interleaved, so that no zero is multiplied. Leaves: x_dilation only with strides, with
// w_dilation, with many phases, or where a result is a sum of few products.
#pragma once

#include "graph/graph.h"

namespace burin::passes {

graph::Graph split_dilated_convolution(const graph::Graph& graph);

}  // namespace burin::passes
