// Facts about constants that passes ask for, cheap enough to ask at every node.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace burin::passes {

// The one value of all elements, seen through broadcast, reshape and transpose; nothing if it is
// not a constant, differs between elements, is not exact as a double, or has many stored elements.
std::optional<double> uniform_value(const graph::Graph& graph, graph::NodeId id);
inline bool is_uniform(const graph::Graph& graph, graph::NodeId id, double value) {
  return uniform_value(graph, id) == value;
}

// Whether no element can be negative, zero included among the possible ones.
bool is_non_negative(const graph::Graph& graph, graph::NodeId id);

}  // namespace burin::passes
