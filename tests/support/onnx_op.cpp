// A model of one node, without a file.
#include "tests/support/onnx_op.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/eval.h"
#include "onnx/import.h"
#include "tests/support/compare.h"
#include "tests/support/conformance.h"

namespace burin::test {

namespace {

onnx::ValueInfo info_of(const std::string& name, const Tensor& tensor) {
  onnx::ValueInfo info{.name = name, .dtype = tensor.dtype()};
  info.dims.emplace();
  for (int64_t d : tensor.shape().dims()) info.dims->push_back({d, {}});
  return info;
}

struct OneNode {
  onnx::Model model;
  onnx::ImportOptions options;
  std::vector<Tensor> inputs;
};

OneNode one_node(const OnnxCase& test) {
  OneNode out;
  onnx::NodeView node{"node", test.domain, test.op_type, {}, {}, test.attributes};
  for (size_t i = 0; i < test.inputs.size(); ++i) {
    node.inputs.push_back(test.inputs[i] ? "x" + std::to_string(i) : "");
    if (!test.inputs[i]) continue;
    out.model.graph.inputs.push_back(info_of(node.inputs.back(), *test.inputs[i]));
    out.options.input_values[node.inputs.back()] = *test.inputs[i];
    out.inputs.push_back(*test.inputs[i]);
  }
  for (size_t i = 0; i < test.outputs; ++i) {
    node.outputs.push_back("y" + std::to_string(i));
    out.model.graph.outputs.push_back({.name = node.outputs.back()});
  }
  out.model.opsets = {{"", test.opset}, {"com.microsoft", 1}};
  out.model.graph.nodes.push_back(std::move(node));
  return out;
}

}  // namespace

Result<std::vector<Tensor>> run_onnx(const OnnxCase& test) {
  OneNode one = one_node(test);
  BURIN_ASSIGN(onnx::Imported imported, onnx::import_model(one.model, one.options));
  BURIN_ASSIGN(std::vector<Tensor> expected, graph::eval(imported.graph, one.inputs));
  BURIN_ASSIGN(std::vector<Tensor> ran, run_as_machine_code(imported.graph, one.inputs, {}));
  for (size_t i = 0; i < expected.size(); ++i) {
    std::string wrong =
        difference_within(ran[i], expected[i], {.relative = 1e-4, .absolute = 1e-5});
    if (!wrong.empty()) return fail("machine code", wrong);
  }
  return expected;
}

std::vector<double> values_of(const OnnxCase& test) {
  Result<std::vector<Tensor>> outputs = run_onnx(test);
  if (!outputs) ADD_FAILURE() << test.op_type << ": " << outputs.error().text();
  return outputs ? outputs->at(0).to_doubles() : std::vector<double>{};
}

std::string refusal_of(const OnnxCase& test) {
  OneNode one = one_node(test);
  auto imported = onnx::import_model(one.model, one.options);
  if (imported) ADD_FAILURE() << test.op_type << " is not refused";
  return imported ? "" : imported.error().text();
}

Tensor floats(Shape shape, std::vector<double> values) {
  return Tensor::from_doubles({DType::f32, std::move(shape)}, values);
}

Tensor ints(Shape shape, std::vector<int64_t> values, DType dtype) {
  return Tensor::from_ints({dtype, std::move(shape)}, values);
}

Tensor ramp(Shape shape, double first, double step) {
  Tensor out({DType::f32, std::move(shape)});
  for (int64_t i = 0; i < out.elements(); ++i) {
    out.set_double(i, first + step * static_cast<double>(i));
  }
  return out;
}

Tensor noise(Shape shape, uint64_t seed) {
  Rng rng(seed);
  Tensor out({DType::f32, std::move(shape)});
  for (int64_t i = 0; i < out.elements(); ++i) out.set_double(i, rng.uniform(-1, 1));
  return out;
}

}  // namespace burin::test
