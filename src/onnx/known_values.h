// The values of graph nodes that are known while importing: constants and whatever small is
// computed from them, and optionally from inputs whose value the caller gave.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace burin::onnx {

class KnownValues {
 public:
  // Only nodes whose result and operands have at most this many elements are evaluated.
  static constexpr int64_t kMaxElements = int64_t{1} << 18;
  // And not more than this altogether, which also bounds the time.
  static constexpr int64_t kMaxBytes = int64_t{128} << 20;

  // `inputs` are values of graph inputs by name; null for none. `max_memory` lowers kMaxBytes
  // unless it is 0. The graph may grow between calls.
  KnownValues(const graph::Graph& graph, const std::map<std::string, Tensor, std::less<>>* inputs,
              int64_t max_memory);

  // The node's value; null if it is not known.
  const Tensor* find(graph::NodeId id);
  // Why `find` gave null: names the graph input or the limit in the way.
  std::string obstacle(graph::NodeId id) const;
  // Which graph inputs the node is computed from, in the inputs' order.
  std::vector<std::string> inputs_of(graph::NodeId id) const;

 private:
  struct Entry {
    enum class Kind : uint8_t { unseen, known, unknown };
    Kind kind = Kind::unseen;
    Tensor value;
    graph::NodeId obstacle;  // of an unknown node: the node that is in the way
  };

  // Settles an entry, or returns an operand that must be settled first.
  std::optional<graph::NodeId> settle(graph::NodeId id);
  void settle_parameter(graph::NodeId id);
  bool within_limits(graph::NodeId id) const;
  Tensor evaluate(graph::NodeId id) const;

  const graph::Graph& graph_;
  const std::map<std::string, Tensor, std::less<>>* inputs_;
  int64_t bytes_left_;
  std::vector<Entry> entries_;  // by node
};

}  // namespace burin::onnx
