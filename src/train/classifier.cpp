// Works on names, before the model is imported.
#include "train/classifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/rng.h"

namespace burin::train {

namespace {

using onnx::GraphProto;
using onnx::NodeView;

// What may stand between the classifier and the output.
constexpr std::array<std::string_view, 13> kPassedOn = {
    "Identity", "Softmax", "LogSoftmax", "Sigmoid",           "Relu",        "Dropout",   "Flatten",
    "Reshape",  "Squeeze", "Cast",       "GlobalAveragePool", "AveragePool", "ReduceMean"};

const NodeView* maker_of(const GraphProto& graph, std::string_view value) {
  for (const NodeView& node : graph.nodes) {
    if (!node.outputs.empty() && node.outputs[0] == value) return &node;
  }
  return nullptr;
}

int64_t int_attribute(const NodeView& node, const char* name, int64_t fallback) {
  auto found = node.attributes.find(name);
  const int64_t* value =
      found == node.attributes.end() ? nullptr : std::get_if<int64_t>(&found->second);
  return value ? *value : fallback;
}

const Tensor* initializer(const GraphProto& graph, const std::string& name) {
  auto found = graph.initializers.find(name);
  return found == graph.initializers.end() ? nullptr : &found->second;
}

// Of an Add with one constant side, the other side's maker; the constant is the bias.
const NodeView* past_bias(const GraphProto& graph, const NodeView& add, std::string& bias) {
  if (add.inputs.size() != 2) return nullptr;
  size_t side = initializer(graph, add.inputs[1]) ? 1 : 0;
  if (!initializer(graph, add.inputs[side])) return nullptr;
  bias = add.inputs[side];
  return maker_of(graph, add.inputs[1 - side]);
}

// The axis of the weights along the scores; nullopt for a node that is no classifier.
std::optional<size_t> class_axis(const NodeView& node) {
  if (node.inputs.size() < 2) return std::nullopt;
  if (node.op_type == "MatMul") return 1;
  if (node.op_type == "Gemm") return int_attribute(node, "transB", 0) != 0 ? 0 : 1;
  if (node.op_type == "Conv" && int_attribute(node, "group", 1) == 1) return 0;
  return std::nullopt;
}

bool has_classes(const Tensor& bias, int64_t classes) {
  return bias.dtype() == DType::f32 && bias.elements() == classes;
}

size_t readers(const GraphProto& graph, const std::string& value) {
  size_t count = 0;
  for (const NodeView& node : graph.nodes) count += std::ranges::count(node.inputs, value);
  return count;
}

// Fills in what the weights tell; the reason where they cannot be replaced.
std::string read_weights(const GraphProto& graph, const NodeView& node, Classifier& c) {
  c.name = node.name, c.op_type = node.op_type, c.weights = node.inputs[1];
  if (node.inputs.size() > 2 && !node.inputs[2].empty()) c.bias = node.inputs[2];
  const Tensor* weights = initializer(graph, c.weights);
  if (!weights || weights->dtype() != DType::f32) return "has no f32 weights of its own";
  size_t rank = node.op_type == "Conv" ? 4 : 2;
  if (weights->shape().rank() != rank || weights->elements() == 0)
    return "has no matrix of weights";
  c.classes = weights->shape()[c.axis];
  c.inputs = weights->elements() / c.classes;
  const Tensor* bias = c.bias.empty() ? nullptr : initializer(graph, c.bias);
  if (!c.bias.empty() && (!bias || !has_classes(*bias, c.classes))) return "has no bias of its own";
  if (readers(graph, c.weights) > 1 || (bias && readers(graph, c.bias) > 1)) {
    return "shares its weights with another layer";
  }
  return {};
}

// The same dimensions with another number of classes in the last place that holds it.
Dims with_classes(Dims dims, int64_t before, int64_t now) {
  auto last = std::find(dims.rbegin(), dims.rend(), before);
  if (last != dims.rend()) *last = now;
  return dims;
}

void adapt_reshape(GraphProto& graph, NodeView& node, const Classifier& c, int64_t classes) {
  const Tensor* shape = node.inputs.size() > 1 ? initializer(graph, node.inputs[1]) : nullptr;
  if (!shape) return;
  Dims dims = with_classes(shape->to_ints(), c.classes, classes);
  std::string name = "burin.shape." + node.outputs[0];
  graph.initializers.insert_or_assign(name, Tensor::from_ints(shape->type(), dims));
  node.inputs[1] = name;
}

}  // namespace

std::string Classifier::text() const {
  return name + " (" + op_type + ", " + std::to_string(inputs) + " to " + std::to_string(classes) +
         ")";
}

Result<Classifier> find_classifier(const onnx::Model& model) {
  const GraphProto& graph = model.graph;
  auto refuse = [&](const std::string& where, const std::string& reason) {
    return fail(
        where, reason,
        "a classifier ends in a Gemm, a MatMul or a Conv, then at most activations, pooling "
        "and changes of shape");
  };
  if (graph.outputs.size() != 1) return refuse(graph.name, "has several outputs");
  Classifier c;
  const NodeView* node = maker_of(graph, graph.outputs[0].name);
  auto passes_on = [&] { return std::ranges::find(kPassedOn, node->op_type) != kPassedOn.end(); };
  for (size_t i = 0; node && passes_on() && i < graph.nodes.size(); ++i) {
    if (node->op_type == "Reshape") c.reshapes.push_back(node->outputs[0]);
    node = node->inputs.empty() ? nullptr : maker_of(graph, node->inputs[0]);
  }
  if (node && node->op_type == "Add") node = past_bias(graph, *node, c.bias);
  std::optional<size_t> axis = node ? class_axis(*node) : std::nullopt;
  if (!axis) return refuse(graph.name, "does not end in a layer that makes scores of classes");
  c.axis = *axis;
  std::string reason = read_weights(graph, *node, c);
  if (!reason.empty()) return refuse(node->name, "the last layer " + reason);
  return c;
}

onnx::Model replace_classifier(const onnx::Model& model, const Classifier& c, int64_t classes,
                               uint64_t seed) {
  onnx::Model changed = model;
  GraphProto& graph = changed.graph;
  Tensor& weights = graph.initializers.at(c.weights);
  Dims dims = weights.shape().dims();
  dims[c.axis] = classes;
  weights = Tensor({DType::f32, Shape(dims)});
  Rng rng(seed);
  double deviation = std::sqrt(1 / static_cast<double>(c.inputs));
  for (int64_t i = 0; i < weights.elements(); ++i) weights.set_double(i, deviation * rng.normal());
  if (!c.bias.empty()) {
    Tensor& bias = graph.initializers.at(c.bias);
    bias = Tensor({DType::f32, Shape(with_classes(bias.shape().dims(), c.classes, classes))});
  }
  for (NodeView& node : graph.nodes) {
    bool passed = std::ranges::find(c.reshapes, node.outputs[0]) != c.reshapes.end();
    if (passed) adapt_reshape(graph, node, c, classes);
  }
  graph.value_info.clear();  // may speak of as many classes as before
  if (auto& shape = graph.outputs[0].dims) {
    for (size_t i = 1; i < shape->size(); ++i) {
      if ((*shape)[i].size == c.classes) (*shape)[i] = {classes, ""};
    }
  }
  return changed;
}

}  // namespace burin::train
