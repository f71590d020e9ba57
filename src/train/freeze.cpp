// Names to sets of names.
#include "train/freeze.h"

#include "train/classifier.h"

namespace burin::train {

namespace {

using onnx::NodeView;

Result<void> freeze_body(const onnx::Model& model, Frozen& frozen) {
  BURIN_ASSIGN(Classifier classifier, find_classifier(model));
  for (const NodeView& node : model.graph.nodes) {
    if (node.name != classifier.name) frozen.nodes.insert(node.name);
  }
  for (const auto& [name, value] : model.graph.initializers) {
    if (name != classifier.weights && name != classifier.bias) frozen.weights.insert(name);
  }
  return {};
}

Result<void> freeze_prefix(const onnx::Model& model, const std::string& prefix, Frozen& frozen) {
  bool found = false;
  for (const NodeView& node : model.graph.nodes) {
    if (!node.name.starts_with(prefix)) continue;
    found = true;
    frozen.nodes.insert(node.name);
    for (const std::string& input : node.inputs) {
      if (model.graph.initializers.contains(input)) frozen.weights.insert(input);
    }
  }
  for (const auto& [name, value] : model.graph.initializers) {
    if (!name.starts_with(prefix)) continue;
    found = true;
    frozen.weights.insert(name);
  }
  if (found) return {};
  return fail("--freeze " + prefix, "no layer and no weights of a name that begins so",
              "'burin inspect NET model' shows the names, 'body' means all but the last layer");
}

}  // namespace

Result<Frozen> find_frozen(const onnx::Model& model, const std::vector<std::string>& parts) {
  Frozen frozen;
  for (const std::string& part : parts) {
    BURIN_TRY(part == "body" ? freeze_body(model, frozen) : freeze_prefix(model, part, frozen));
  }
  return frozen;
}

}  // namespace burin::train
