// Expects: any graph. Does: applies the algebraic rules of simplify_rules.h until none matches,
// operands before users. Leaves: a graph that means the same (rules that round differently say so),
// with no node that a rule would still shrink.
#pragma once

#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace burin::passes {

graph::Graph simplify(const graph::Graph& graph);
// The same, and the formulas of the rules that matched, in order.
graph::Graph simplify_traced(const graph::Graph& graph, std::vector<std::string_view>* fired);

}  // namespace burin::passes
