// Ways to execute a graph, and the comparison of each with the oracle. A new way (another ISA, more
// threads) registers itself with one static RegisterExecution, and every op case runs through it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace burin::test {

struct Execution {
  std::string name;  // letters, digits and underscores: a part of test names
  std::function<Result<std::vector<Tensor>>(const graph::Graph&, std::span<const Tensor>)> run;
  // Why this machine cannot execute that way; nullopt where it can.
  std::function<std::optional<std::string>()> unavailable = [] { return std::nullopt; };
};

struct RegisterExecution {
  explicit RegisterExecution(Execution execution);
};

// In alphabetical order.
std::vector<Execution> executions();

// The largest error that a result of this dtype may have against the oracle, relative to the
// element and to a tenth of the largest finite element; 0 for integers.
double tolerance_of(DType dtype);

// The first difference beyond the tolerance as text, or nullopt. NaN equals NaN. An element may
// differ by the tolerance of its dtype, relative to itself and this share of the largest.
std::optional<std::string> difference(const Tensor& got, const Tensor& want,
                                      double share_of_largest = 0.1);
// Evaluates `graph` and compares `got` with every output.
std::optional<std::string> difference_to_oracle(const graph::Graph& graph,
                                                std::span<const Tensor> inputs,
                                                std::span<const Tensor> got);

}  // namespace burin::test
