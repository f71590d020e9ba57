// Every trained network at hand parses, and its parts refer to each other.
#include <gtest/gtest.h>

#include "onnx/model.h"
#include "onnx/order.h"
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

}  // namespace
}  // namespace burin::onnx
