// Checks that a graph is well formed; run after the parser and at each pass boundary in tests.
//
// Invariants:
//   1. operands precede their users; every id is in range;
//   2. each op has its number of operands and carries its alternative of Attr;
//   3. each node's type is the one that the op's infer rule yields, within the limits of
//   check_shape;
//   4. a constant's tensor is of the node's type and has its bytes;
//   5. input n is a parameter with index n, there are no other parameters than the inputs;
//   6. outputs name nodes; names of inputs are distinct;
//   7. sources are invalid ids or in range.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace burin::graph {

// The first violation, or nullopt.
std::optional<Diagnostic> verify(const Graph& graph);

}  // namespace burin::graph
