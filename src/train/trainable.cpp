// Works on the model, before it is imported: names are still there, and no pass has folded weights.
#include "train/trainable.h"

#include <algorithm>
#include <string_view>

#include "onnx/wire.h"

namespace burin::train {

namespace {

using onnx::GraphProto;
using onnx::NodeView;

// Which inputs of a node are weights. A value that only moves on its way is judged where it starts.
struct WeightRole {
  std::string_view op_type;
  std::vector<size_t> inputs;
};

const std::vector<WeightRole>& weight_roles() {
  static const std::vector<WeightRole> kRoles = {
      {"Conv", {1, 2}},
      {"ConvTranspose", {1, 2}},
      {"Gemm", {0, 1, 2}},
      {"MatMul", {0, 1}},
      {"Einsum", {0, 1}},
      {"BatchNormalization", {1, 2}},
      {"LayerNormalization", {1, 2}},
      {"InstanceNormalization", {1, 2}},
      {"GroupNormalization", {1, 2}},
      {"PRelu", {1}},
      {"Add", {0, 1}},
      {"Sub", {0, 1}},
      {"Mul", {0, 1}},
      {"Div", {0, 1}},
      {"Concat", {0, 1}},
      {"Gather", {0}},
      {"LSTM", {1, 2, 3}},
      {"GRU", {1, 2, 3}},
      {"RNN", {1, 2, 3}},
      {"Transpose", {0}},
      {"Reshape", {0}},
      {"Unsqueeze", {0}},
      {"Squeeze", {0}},
      {"Expand", {0}},
      {"Identity", {0}},
  };
  return kRoles;
}

// Single numbers in arithmetic are part of a formula (1/2, sqrt 2), not weights.
bool may_be_formula(std::string_view op_type) {
  return op_type == "Add" || op_type == "Sub" || op_type == "Mul" || op_type == "Div";
}

bool is_weight(const NodeView& node, size_t i, const Tensor& value) {
  if (value.dtype() != DType::f32 || value.elements() == 0) return false;
  if (value.elements() == 1 && may_be_formula(node.op_type)) return false;
  auto role = std::ranges::find(weight_roles(), node.op_type, &WeightRole::op_type);
  return role != weight_roles().end() && std::ranges::find(role->inputs, i) != role->inputs.end();
}

// Initialisers in the order in which nodes first read them as weights.
std::vector<NamedTensor> find_parameters(const GraphProto& graph) {
  std::vector<NamedTensor> found;
  Names seen, refused;
  for (const NodeView& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      auto value = graph.initializers.find(node.inputs[i]);
      if (value == graph.initializers.end()) continue;
      if (!is_weight(node, i, value->second)) {
        refused.insert(value->first);
      } else if (seen.insert(value->first).second) {
        found.push_back({value->first, value->second});
      }
    }
  }
  std::erase_if(found, [&](const NamedTensor& t) { return refused.contains(t.name); });
  return found;
}

void make_input(GraphProto& graph, const std::string& name, const TensorType& type) {
  graph.initializers.erase(name);
  std::erase_if(graph.inputs, [&](const onnx::ValueInfo& input) { return input.name == name; });
  onnx::ValueInfo info;
  info.name = name;
  info.dtype = type.dtype;
  info.dims.emplace();
  for (int64_t d : type.shape.dims()) info.dims->push_back({d, ""});
  graph.inputs.push_back(std::move(info));
}

// The node that makes a value, past Identity nodes; null if none does.
const NodeView* maker_past_identities(const GraphProto& graph, std::string_view value) {
  for (size_t i = 0; i <= graph.nodes.size(); ++i) {
    auto made_by = [&](const NodeView& n) {
      return std::ranges::find(n.outputs, value) != n.outputs.end();
    };
    auto node = std::ranges::find_if(graph.nodes, made_by);
    if (node == graph.nodes.end()) return nullptr;
    if (node->op_type != "Identity") return &*node;
    value = node->inputs[0];
  }
  return nullptr;
}

Head head_of(const NodeView* last) {
  if (!last) return Head::none;
  if (last->op_type == "Softmax") return Head::softmax;
  if (last->op_type == "LogSoftmax") return Head::log_softmax;
  return last->op_type == "Sigmoid" ? Head::sigmoid : Head::none;
}

// Lets the graph's output be the operand of the activation that made it.
Head strip_head(GraphProto& graph) {
  const NodeView* last = maker_past_identities(graph, graph.outputs[0].name);
  Head head = head_of(last);
  if (head == Head::none) return head;
  graph.outputs[0].name = last->inputs[0];
  return head;
}

// Normalises by the batch; its running statistics become outputs of the graph.
std::vector<NamedTensor> train_batch_norms(GraphProto& graph, const Frozen& frozen) {
  std::vector<NamedTensor> statistics;
  for (NodeView& node : graph.nodes) {
    if (node.op_type != "BatchNormalization" || node.inputs.size() < 5) continue;
    if (frozen.nodes.contains(node.name) || frozen.weights.contains(node.inputs[1])) continue;
    auto mean = graph.initializers.find(node.inputs[3]);
    auto variance = graph.initializers.find(node.inputs[4]);
    if (mean == graph.initializers.end() || variance == graph.initializers.end()) continue;
    node.attributes["training_mode"] = int64_t{1};
    node.outputs.resize(1);
    for (auto value : {mean, variance}) {
      statistics.push_back({value->first, value->second});
      node.outputs.push_back("burin.next." + value->first);
      onnx::ValueInfo output;
      output.name = node.outputs.back();
      graph.outputs.push_back(std::move(output));
    }
  }
  return statistics;
}

float dropout_ratio(const GraphProto& graph, const NodeView& node) {
  if (auto attribute = node.attributes.find("ratio"); attribute != node.attributes.end()) {
    if (const float* ratio = std::get_if<float>(&attribute->second)) return *ratio;
  }
  if (node.inputs.size() < 2) return 0.5f;
  auto value = graph.initializers.find(node.inputs[1]);
  bool known = value != graph.initializers.end() && value->second.elements() == 1;
  return known ? static_cast<float>(value->second.as_double(0)) : 0.5f;
}

// Whether there are any.
bool train_dropouts(onnx::Model& model) {
  int64_t stream = 0;
  for (NodeView& node : model.graph.nodes) {
    if (node.op_type != "Dropout" || !node.domain.empty()) continue;
    float ratio = dropout_ratio(model.graph, node);
    node.domain = "burin";
    node.op_type = "TrainingDropout";
    node.attributes = {{"ratio", ratio}, {"stream", stream++}};
    node.inputs = {node.inputs[0], std::string(kSeedInput)};
    node.outputs.resize(1);
  }
  if (stream == 0) return false;
  model.opsets["burin"] = 1;
  make_input(model.graph, std::string(kSeedInput), {DType::u32, {}});
  return true;
}

// With the head taken off `evaluation`.
Result<Trainable> start(const onnx::Model& model, const std::string& name) {
  std::vector<const onnx::ValueInfo*> inputs = model.required_inputs();
  if (inputs.size() != 1 || model.graph.outputs.size() != 1) {
    return fail(name, "only networks with one input and one output can be trained");
  }
  Trainable t{name, inputs[0]->name, Head::none, model, model, model, {}, {}, false};
  t.head = strip_head(t.evaluation.graph);
  return t;
}

// Of the data input, with the batch's; null if they are not known.
const std::vector<onnx::Dim>* data_dims(const Trainable& trainable) {
  for (const onnx::ValueInfo& input : trainable.original.graph.inputs) {
    bool known = input.name == trainable.input && input.dims && !input.dims->empty();
    if (known) return &*input.dims;
  }
  return nullptr;
}

}  // namespace

Head head_of(const onnx::Model& model) {
  if (model.graph.outputs.empty()) return Head::none;
  return head_of(maker_past_identities(model.graph, model.graph.outputs[0].name));
}

Result<Trainable> make_evaluable(const onnx::Model& model, const std::string& name) {
  return start(model, name);
}

std::optional<int64_t> fixed_batch(const Trainable& trainable) {
  const std::vector<onnx::Dim>* dims = data_dims(trainable);
  return dims ? dims->front().size : std::nullopt;
}

Result<Shape> sample_shape(const Trainable& trainable) {
  const std::vector<onnx::Dim>* dims = data_dims(trainable);
  if (!dims) return fail(trainable.name, "the shape of its input is not known");
  Dims sizes;
  for (size_t i = 1; i < dims->size(); ++i) sizes.push_back((*dims)[i].size.value_or(1));
  return check_shape(sizes);
}

Result<Trainable> make_trainable(const onnx::Model& model, const std::string& name,
                                 const Frozen& frozen) {
  BURIN_ASSIGN(Trainable t, start(model, name));
  strip_head(t.training.graph);
  t.parameters = find_parameters(model.graph);
  if (t.parameters.empty()) return fail(name, "has no weights that could be trained");
  std::erase_if(t.parameters,
                [&](const NamedTensor& p) { return frozen.weights.contains(p.name); });
  if (t.parameters.empty()) {
    return fail(name, "all of its weights are frozen",
                "freeze less: --freeze body leaves the head");
  }
  t.statistics = train_batch_norms(t.training.graph, frozen);
  t.is_random = train_dropouts(t.training);
  for (onnx::Model* m : {&t.training, &t.evaluation}) {
    for (const auto* group : {&t.parameters, &t.statistics}) {
      for (const NamedTensor& w : *group) make_input(m->graph, w.name, w.value.type());
    }
  }
  return t;
}

}  // namespace burin::train
