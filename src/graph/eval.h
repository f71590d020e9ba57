// The oracle: evaluates a graph in double precision (graph/array.h says what is rounded). In: a
// graph and a tensor per input. Out: a tensor per output, rounded to its dtype.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "graph/array.h"
#include "graph/graph.h"

namespace burin::graph {

struct EvalOptions {
  // Called with every node that an output needs, in order, right after it was evaluated. The array
  // lives only during the call.
  std::function<void(NodeId, const Array&)> visit;
  // Rounds every float to its dtype, as a machine would whose every operation is correctly rounded:
  // the difference is what the network makes of rounding alone.
  bool round_values = false;
  // The most bytes that the values alive at one time may take (8 an element); 0 for no limit.
  int64_t max_bytes = 0;
};

// Refuses inputs of other types than the graph's and graphs that do not fit max_bytes.
Result<std::vector<Tensor>> eval(const Graph& graph, std::span<const Tensor> inputs,
                                 const EvalOptions& options = {});

// One node from the values of its operands. Not for parameters.
Array eval_node(const Graph& graph, NodeId id, std::span<const Array* const> operands);

// For diagnostics: the layer that a node came from, else "<op> %<index>".
std::string describe(const Graph& graph, NodeId id);

}  // namespace burin::graph
