// Trades time for memory: values from before a node, the boundary, that nodes behind it use are
// computed again there instead of being kept. In training the boundary is the loss, and what is
// computed again are activations for the backward pass: checkpointing, as in Chen et al., "Training
// Deep Nets with Sublinear Memory Cost" (2016).
// Expects: a graph after all other passes, since eliminate_common_subexpressions would undo it.
// Leaves: the same values. A copy stands right before the first node that needs it, as the memory
// plan follows the order of nodes, and carries its source, renamed "NAME (again)".
#pragma once

#include "graph/graph.h"

namespace burin::passes {

// What is kept; small values always are.
struct RecomputePolicy {
  // Bytes of activations between two cuts of the forward pass. At a cut the values stay that the
  // rest of the forward pass needs; what lies between two of them is computed again from there, and
  // all behind the last cut stays. 0: no cuts, and only what costs little is computed again:
  // elementwise nodes, and those that only move elements.
  int64_t window = 0;
};

struct Recomputed {
  graph::Graph graph;
  int64_t nodes = 0;  // that were copied
};

Recomputed recompute(const graph::Graph& graph, graph::NodeId boundary,
                     const RecomputePolicy& policy);

// Bytes of the values from before the boundary that nodes behind it use.
int64_t activation_bytes(const graph::Graph& graph, graph::NodeId boundary);

}  // namespace burin::passes
