// The last dense layer is found by walking back from the output.
#include <cmath>

#include "base/rng.h"
#include "train/trainable.h"

namespace burin::train {

namespace {

using onnx::GraphProto;
using onnx::NodeView;

// The weights of the last layer: w is [outputs, inputs] if `transposed`, else [inputs, outputs].
struct DenseLayer {
  std::string weights, bias;  // initialisers; bias may be empty
  bool transposed = false;
};

const NodeView* maker_of(const GraphProto& graph, std::string_view value) {
  for (const NodeView& node : graph.nodes) {
    if (!node.outputs.empty() && node.outputs[0] == value) return &node;
  }
  return nullptr;
}

bool passes_on(const NodeView& node) {
  return node.op_type == "Identity" || node.op_type == "Softmax" || node.op_type == "LogSoftmax" ||
         node.op_type == "Sigmoid";
}

int64_t int_attribute(const NodeView& node, const char* name) {
  auto found = node.attributes.find(name);
  const int64_t* value =
      found == node.attributes.end() ? nullptr : std::get_if<int64_t>(&found->second);
  return value ? *value : 0;
}

std::optional<DenseLayer> last_layer(const GraphProto& graph) {
  const NodeView* node = maker_of(graph, graph.outputs[0].name);
  for (size_t i = 0; node && passes_on(*node) && i < graph.nodes.size(); ++i) {
    node = maker_of(graph, node->inputs[0]);
  }
  DenseLayer layer;
  if (node && node->op_type == "Add") {
    bool second = graph.initializers.contains(node->inputs[1]);
    layer.bias = node->inputs[second ? 1 : 0];
    node = maker_of(graph, node->inputs[second ? 0 : 1]);
  }
  if (!node || (node->op_type != "Gemm" && node->op_type != "MatMul")) return std::nullopt;
  layer.weights = node->inputs[1];
  layer.transposed = int_attribute(*node, "transB") != 0;
  if (node->inputs.size() > 2) layer.bias = node->inputs[2];
  auto weights = graph.initializers.find(layer.weights);
  bool known = weights != graph.initializers.end() && weights->second.shape().rank() == 2 &&
               weights->second.dtype() == DType::f32 &&
               (layer.bias.empty() || graph.initializers.contains(layer.bias));
  return known ? std::optional(layer) : std::nullopt;
}

}  // namespace

Result<onnx::Model> with_classes(const onnx::Model& model, int64_t classes, uint64_t seed) {
  auto refuse = [&] {
    return fail(model.graph.name, "does not end in a dense layer that could be given " +
                                      std::to_string(classes) + " classes");
  };
  if (model.graph.outputs.size() != 1) return refuse();
  auto layer = last_layer(model.graph);
  if (!layer) return refuse();
  onnx::Model changed = model;
  Tensor& weights = changed.graph.initializers.at(layer->weights);
  int64_t inputs = weights.shape()[layer->transposed ? 1 : 0];
  if (weights.shape()[layer->transposed ? 0 : 1] == classes) return changed;
  Dims dims = layer->transposed ? Dims{classes, inputs} : Dims{inputs, classes};
  weights = Tensor({DType::f32, Shape(dims)});
  Rng rng(seed);
  double deviation = std::sqrt(1 / static_cast<double>(inputs));
  for (int64_t i = 0; i < weights.elements(); ++i) weights.set_double(i, deviation * rng.normal());
  if (!layer->bias.empty()) {
    changed.graph.initializers.at(layer->bias) = Tensor({DType::f32, {classes}});
  }
  auto& dims_of_output = changed.graph.outputs[0].dims;
  if (dims_of_output && dims_of_output->size() == 2) (*dims_of_output)[1] = {classes, ""};
  return changed;
}

}  // namespace burin::train
