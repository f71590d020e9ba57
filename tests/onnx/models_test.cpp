// Every trained network at hand parses, and its parts refer to each other.
#include <gtest/gtest.h>

#include <cmath>

#include "graph/eval.h"
#include "onnx/import.h"
#include "onnx/model.h"
#include "onnx/order.h"
#include "onnx/tensor_file.h"
#include "tests/support/models.h"

namespace burin::onnx {
namespace {

TEST(Models, AllParseAndAreOrdered) {
  auto folders = test::model_folders();
  if (folders.empty()) GTEST_SKIP() << "no models at " << test::models_folder();
  for (const auto& folder : folders) {
    auto model = read_model((folder / "model.onnx").string());
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_FALSE(model->graph.nodes.empty()) << folder;
    EXPECT_FALSE(model->required_inputs().empty()) << folder;
    auto order = order_nodes(model->graph, [](std::string_view) { return false; });
    ASSERT_TRUE(order) << folder << ": " << order.error().text();
    EXPECT_EQ(order->size(), model->graph.nodes.size());
  }
}

// Small ones, from file to the oracle's values: reader, test data, rules and evaluator together.
TEST(Models, SmallNetworksEvaluateToTheirStoredOutputs) {
  if (test::model_folders().empty()) GTEST_SKIP() << "no models at " << test::models_folder();
  for (const char* name : {"classification__jax_demo", "classification__mnist-8_cntk",
                           "tabular__acasxu_1_1", "rl__dice_policy", "medical__ecg_arrhythmia"}) {
    SCOPED_TRACE(name);
    auto folder = test::models_folder() / name;
    auto model = read_model((folder / "model.onnx").string());
    ASSERT_TRUE(model) << model.error().text();
    std::vector<Tensor> inputs;
    ImportOptions options;
    for (const ValueInfo* input : model->required_inputs()) {
      std::string file = "input_" + std::to_string(inputs.size()) + ".pb";
      auto value = read_tensor_file((folder / "test_data_set_0" / file).string());
      ASSERT_TRUE(value) << value.error().text();
      inputs.push_back(value->tensor);
      options.input_shapes[input->name] = value->tensor.shape().dims();
    }
    auto imported = import_model(*model, options);
    ASSERT_TRUE(imported) << imported.error().text();
    auto outputs = graph::eval(imported->graph, inputs);
    ASSERT_TRUE(outputs) << outputs.error().text();
    auto want = read_tensor_file((folder / "test_data_set_0" / "output_0.pb").string());
    ASSERT_TRUE(want) << want.error().text();
    ASSERT_EQ((*outputs)[0].type(), want->tensor.type());
    for (int64_t i = 0; i < want->tensor.elements(); ++i) {
      double w = want->tensor.as_double(i);
      ASSERT_NEAR((*outputs)[0].as_double(i), w, 1e-5 * (1 + std::abs(w)));
    }
  }
}

}  // namespace
}  // namespace burin::onnx
