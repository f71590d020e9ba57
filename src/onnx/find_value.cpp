// Values are looked for before nodes.
#include "onnx/find_value.h"

#include <algorithm>

namespace burin::onnx {

namespace {

bool has_value(const GraphProto& graph, const std::string& name) {
  auto gives = [&](const NodeView& node) {
    return std::ranges::find(node.outputs, name) != node.outputs.end();
  };
  return graph.initializers.contains(name) ||
         std::ranges::find(graph.inputs, name, &ValueInfo::name) != graph.inputs.end() ||
         std::ranges::any_of(graph.nodes, gives);
}

}  // namespace

Result<ValueInfo> find_value(const Model& model, const std::string& name) {
  ValueInfo value;
  if (!name.empty() && has_value(model.graph, name)) value.name = name;
  for (const NodeView& node : model.graph.nodes) {
    bool named = value.name.empty() && !name.empty() && node.name == name;
    if (named && !node.outputs.empty()) value.name = node.outputs[0];
  }
  if (!value.name.empty()) return value;
  return fail(name, "the network has no value and no node of this name",
              "burin inspect NET model lists the nodes");
}

}  // namespace burin::onnx
