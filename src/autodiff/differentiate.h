// Reverse-mode differentiation of the tensor IR. In: a graph and a scalar in it, the loss. Out: the
// nodes of the gradients, appended to the same graph. What an op's gradient is stands in its rule
// (graph/grad_def.h); the walk is the same for all, and may be repeated on its own result.
#pragma once

#include <span>
#include <vector>

#include "base/diagnostic.h"
#include "graph/graph.h"

namespace burin::autodiff {

struct DifferentiateOptions {
  // Nodes taken for constants: the walk does not go on to their operands.
  std::span<const graph::NodeId> stop = {};
};

// The gradient of `loss` with respect to each of `wrt`, of its type; zeros where it has no
// influence. wrt may be any float nodes, also one that another depends on.
//
// Nodes are appended in the order of the reverse walk: for each forward node, last to first, what
// its operands' cotangents need, operand by operand. So a layer's input has its cotangent before
// the layer's weights have theirs. Each new node carries the source of its forward node, renamed
// "NAME (gradient)". Only nodes between wrt and the loss are visited.
//
// Fails, and leaves the graph as it was, where the loss is not a float scalar, a wrt is not of
// floats, or an op between them has no gradient rule.
Result<std::vector<graph::NodeId>> differentiate(graph::Graph& graph, graph::NodeId loss,
                                                 std::span<const graph::NodeId> wrt,
                                                 const DifferentiateOptions& options = {});

}  // namespace burin::autodiff
