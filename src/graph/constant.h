// Evaluates what depends on constants only, node by node and on request: how the importer learns
// the shapes that a model computes while it runs, and how constants are folded.
#pragma once

#include <optional>

#include "graph/graph.h"

namespace burin::graph {

class ConstantEvaluator {
 public:
  // Follows `graph` while it grows. No node with more than `max_elements` elements is evaluated or
  // read as an operand; a constant that is asked for itself is returned whatever its size.
  explicit ConstantEvaluator(const Graph& graph, int64_t max_elements = 1 << 16)
      : graph_(graph), max_elements_(max_elements) {}

  // Whether value(id) would yield one; takes time only for nodes added since the last question.
  bool is_known(NodeId id);
  // The value, computed at most once; nullopt if it depends on a parameter or is too large.
  std::optional<Tensor> value(NodeId id);

 private:
  void extend();
  bool is_small(NodeId id) const;

  const Graph& graph_;
  int64_t max_elements_;
  IdVector<NodeId, bool> known_;
  IdVector<NodeId, Tensor> values_;  // those computed so far
};

}  // namespace burin::graph
