// Model -> ModelWriter, weight by weight.
#include <algorithm>
#include <map>

#include "onnx/write.h"
#include "train/trainable.h"

namespace burin::train {

namespace {

// Of a value whose rank is unknown.
const std::vector<onnx::Dim> kNoDims;

void add_ports(onnx::ModelWriter& writer, const onnx::GraphProto& graph) {
  for (const onnx::ValueInfo& input : graph.inputs) {
    if (graph.initializers.contains(input.name)) continue;
    writer.add_input(input.name, input.dtype.value_or(DType::f32), input.dims.value_or(kNoDims));
  }
  for (const onnx::ValueInfo& output : graph.outputs) {
    writer.add_output(output.name, output.dtype.value_or(DType::f32),
                      output.dims.value_or(kNoDims));
  }
}

Result<void> check_nodes(const onnx::GraphProto& graph) {
  using Subgraph = std::shared_ptr<const onnx::GraphProto>;
  for (const onnx::NodeView& node : graph.nodes) {
    for (const auto& [name, value] : node.attributes) {
      if (std::holds_alternative<Subgraph>(value) ||
          std::holds_alternative<onnx::UnsupportedAttribute>(value)) {
        return fail(node.name, "the attribute " + name + " cannot be written");
      }
    }
  }
  return {};
}

}  // namespace

Result<void> save_model(const Trainable& trainable, const std::vector<NamedTensor>& weights,
                        const Metadata& metadata, const std::string& path) {
  const onnx::Model& model = trainable.original;
  BURIN_TRY(check_nodes(model.graph));
  std::map<std::string, Tensor> values(model.graph.initializers.begin(),
                                       model.graph.initializers.end());
  for (const NamedTensor& w : weights) values.insert_or_assign(w.name, w.value);
  onnx::ModelWriter writer(model.graph.name);
  for (const auto& [domain, version] : model.opsets) writer.set_opset(domain, version);
  for (const auto& [key, value] : metadata) writer.set_metadata(key, value);
  add_ports(writer, model.graph);
  for (auto& [name, value] : values) writer.add_initializer(name, value);
  for (const onnx::NodeView& node : model.graph.nodes) writer.add_node(node);
  return writer.save(path, OutputFile::Durability::on_disk);
}

}  // namespace burin::train
