// One function per group of invariants of the header.
#include "graph/verify.h"

#include <unordered_set>

#include "graph/op_def.h"

namespace burin::graph {

namespace {

using Finding = std::optional<Diagnostic>;

Finding found(const Graph& graph, NodeId id, const std::string& reason) {
  return Diagnostic{
      std::string(name_of(graph[id].op)) + " %" + std::to_string(id.index), reason, {}};
}

Finding check_operands(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  for (NodeId operand : node.operands) {
    if (operand.index >= id.index)
      return found(graph, id, "has an operand that does not precede it");
  }
  int arity = op_def(node.op).arity;
  bool fits =
      arity < 0 ? !node.operands.empty() : node.operands.size() == static_cast<size_t>(arity);
  if (!fits) return found(graph, id, "has " + std::to_string(node.operands.size()) + " operands");
  return std::nullopt;
}

Finding check_type(const Graph& graph, NodeId id) {
  const Node& node = graph[id];
  if (node.attr.index() != default_attr(node.op).index()) {
    return found(graph, id, "carries an attribute of another op");
  }
  if (auto shape = check_shape(node.type.shape.dims()); !shape) {
    return found(graph, id, shape.error().reason);
  }
  std::vector<TensorType> types;
  for (NodeId operand : node.operands) types.push_back(graph.type(operand));
  try {
    TensorType inferred = op_def(node.op).infer({node.op, types, node.attr, node.type});
    if (inferred == node.type) return std::nullopt;
    return found(graph, id, "is of type " + node.type.text() + ", not " + inferred.text());
  } catch (const BuildError& error) {
    return found(graph, id, error.what());
  }
}

Finding check_node(const Graph& graph, NodeId id) {
  if (static_cast<size_t>(graph[id].op) >= kOpCount) {
    return Diagnostic{"%" + std::to_string(id.index), "is no op", {}};
  }
  if (auto finding = check_operands(graph, id)) return finding;
  if (auto finding = check_type(graph, id)) return finding;
  SourceId source = graph[id].source;
  if (source.valid() && source.index >= graph.sources.size()) {
    return found(graph, id, "has a source out of range");
  }
  return std::nullopt;
}

Finding check_inputs(const Graph& graph) {
  std::unordered_set<std::string_view> names;
  for (size_t n = 0; n < graph.inputs.size(); ++n) {
    const Port& port = graph.inputs[n];
    if (!names.insert(port.name).second) return Diagnostic{port.name, "names two inputs", {}};
    bool fits = port.node.index < graph.size() && graph[port.node].op == Op::parameter &&
                graph.attr<ParameterAttr>(port.node).index == static_cast<int64_t>(n);
    if (!fits) {
      return Diagnostic{port.name, "is not the parameter of index " + std::to_string(n), {}};
    }
  }
  size_t parameters = 0;
  for (const Node& node : graph.nodes) parameters += node.op == Op::parameter;
  if (parameters != graph.inputs.size()) {
    return Diagnostic{graph.name,
                      std::to_string(parameters) + " parameters for " +
                          std::to_string(graph.inputs.size()) + " inputs",
                      {}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Diagnostic> verify(const Graph& graph) {
  for (size_t n = 0; n < graph.size(); ++n) {
    if (auto finding = check_node(graph, NodeId(n))) return finding;
  }
  if (auto finding = check_inputs(graph)) return finding;
  for (const Port& port : graph.outputs) {
    if (port.node.index >= graph.size()) return Diagnostic{port.name, "names no node", {}};
  }
  return std::nullopt;
}

}  // namespace burin::graph
