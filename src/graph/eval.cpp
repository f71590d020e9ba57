// Walks the nodes in order, frees each value after its last use.
#include "graph/eval.h"

#include <new>

#include "base/check.h"
#include "graph/op_def.h"

namespace burin::graph {

namespace {

class Evaluation {
 public:
  Evaluation(const Graph& graph, std::span<const Tensor> inputs, const EvalOptions& options)
      : graph_(graph),
        inputs_(inputs),
        options_(options),
        uses_(graph.size(), 0),
        values_(graph.size()) {}

  Result<std::vector<Tensor>> run() {
    BURIN_TRY(check_inputs());
    count_uses();
    for (size_t n = 0; n < graph_.size(); ++n) {
      NodeId id(n);
      if (uses_[id] == 0) continue;
      BURIN_TRY(reserve(id));
      evaluate(id);
      if (options_.visit) options_.visit(id, values_[id]);
      for (NodeId operand : graph_[id].operands) release(operand);
    }
    std::vector<Tensor> outputs;
    for (const Port& port : graph_.outputs) outputs.push_back(to_tensor(values_[port.node]));
    return outputs;
  }

 private:
  Result<void> check_inputs() const {
    if (inputs_.size() != graph_.inputs.size()) {
      return fail("", "the graph has " + std::to_string(graph_.inputs.size()) + " inputs, not " +
                          std::to_string(inputs_.size()));
    }
    for (size_t n = 0; n < inputs_.size(); ++n) {
      const TensorType& type = graph_.type(graph_.inputs[n].node);
      if (inputs_[n].type() == type) continue;
      return fail(graph_.inputs[n].name,
                  "is of " + type.text() + ", but was given " + inputs_[n].type().text());
    }
    return {};
  }

  // Only what an output needs is used at all.
  void count_uses() {
    for (const Port& port : graph_.outputs) ++uses_[port.node];
    for (size_t n = graph_.size(); n-- > 0;) {
      if (uses_[NodeId(n)] == 0) continue;
      for (NodeId operand : graph_[NodeId(n)].operands) ++uses_[operand];
    }
  }

  Result<void> reserve(NodeId id) {
    int64_t bytes = array_bytes(graph_.type(id));
    if (options_.max_bytes > 0 && bytes > options_.max_bytes - live_bytes_) {
      return fail(describe(graph_, id),
                  "evaluating it takes " + std::to_string(bytes) + " bytes beside " +
                      std::to_string(live_bytes_) + " in use, more than the limit of " +
                      std::to_string(options_.max_bytes),
                  "raise --max-memory");
    }
    live_bytes_ += bytes;
    return {};
  }

  void evaluate(NodeId id) {
    const Node& node = graph_[id];
    if (node.op == Op::parameter) {
      auto index = static_cast<size_t>(graph_.attr<ParameterAttr>(id).index);
      values_[id] = to_array(inputs_[index]);
      return;
    }
    std::vector<const Array*> operands;
    for (NodeId operand : node.operands) operands.push_back(&values_[operand]);
    values_[id] = eval_node(graph_, id, operands);
    if (!options_.round_values) return;
    for (double& value : values_[id].f) value = round_to(node.type.dtype, value);
  }

  void release(NodeId id) {
    if (--uses_[id] > 0) return;
    live_bytes_ -= array_bytes(graph_.type(id));
    values_[id] = {};
  }

  const Graph& graph_;
  std::span<const Tensor> inputs_;
  const EvalOptions& options_;
  IdVector<NodeId, int> uses_;
  IdVector<NodeId, Array> values_;
  int64_t live_bytes_ = 0;
};

}  // namespace

Result<std::vector<Tensor>> eval(const Graph& graph, std::span<const Tensor> inputs,
                                 const EvalOptions& options) {
  try {
    return Evaluation(graph, inputs, options).run();
  } catch (const std::bad_alloc&) {
    return fail(graph.name, "evaluating it takes more memory than there is",
                "set --max-memory to learn which node");
  }
}

Array eval_node(const Graph& graph, NodeId id, std::span<const Array* const> operands) {
  const OpDef& def = op_def(graph[id].op);
  BURIN_CHECK(def.eval != nullptr, "an op without an eval rule");
  return def.eval({graph[id], operands});
}

std::string describe(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.source.valid()) {
    const Source& source = graph.sources[node.source];
    return source.op_type.empty() ? source.name : source.op_type + " '" + source.name + "'";
  }
  return std::string(name_of(node.op)) + " %" + std::to_string(id.index);
}

}  // namespace burin::graph
