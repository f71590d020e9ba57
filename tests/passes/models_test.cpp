// The passes on trained networks: what they leave is well formed, computes the same where the
// evaluator can afford to look, and is channels-last inside.
#include <gtest/gtest.h>

#include "onnx/import.h"
#include "passes/dims.h"
#include "passes/run.h"
#include "tests/support/models.h"
#include "tests/support/same_values.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::Op;

int transposes_of_values(const Graph& g) {
  int n = 0;
  for (const Node& node : g.nodes) {
    if (node.op != Op::transpose || g.is_constant(node.operands[0])) continue;
    const Shape& from = g.type(node.operands[0]).shape;
    n += !moves_only_units(std::get<graph::DimsAttr>(node.attr).dims, from);
  }
  return n;
}

// Products that the evaluator would compute.
int64_t products(const Graph& g) {
  int64_t sum = 0;
  for (const Node& node : g.nodes) {
    if (node.op != Op::convolution && node.op != Op::dot_general) continue;
    const Shape& w = g.type(node.operands[1]).shape;
    int64_t columns = w.rank() ? w[w.rank() - 1] : 1;
    sum += node.type.shape.elements() * (w.elements() / std::max<int64_t>(columns, 1));
  }
  return sum;
}

// The model's graph, or nothing where it cannot be imported without knowing more.
std::optional<Graph> imported(const std::filesystem::path& folder) {
  auto model = onnx::read_model(folder / "model.onnx");
  if (!model) return std::nullopt;
  auto done = onnx::import_model(*model);
  if (!done) return std::nullopt;
  return std::move(done->graph);
}

}  // namespace

TEST(PassModels, KeepTrainedNetworks) {
  constexpr int64_t kMostProducts = 20'000'000;
  auto folders = test::model_folders();
  if (folders.empty()) GTEST_SKIP() << "no models in " << test::models_folder();
  int compared = 0;
  for (const auto& folder : folders) {
    auto before = imported(folder);
    if (!before) continue;
    auto done = run_passes(*before, {.verify = true});
    ASSERT_TRUE(done) << folder << ": " << done.error().text();
    EXPECT_LE(done->graph.size(), before->size()) << folder;
    EXPECT_LE(transposes_of_values(done->graph), transposes_of_values(*before)) << folder;
    if (products(*before) > kMostProducts || before->size() > 2000) continue;
    EXPECT_EQ(test::difference(*before, done->graph, 1, 1e-4), "") << folder;
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

// Convolutional networks keep one transpose where the image comes in.
TEST(PassModels, AreChannelsLastInside) {
  for (const char* name : {"classification__cifar10_resnet_2b", "detection__yolox_nano",
                           "classification__mobilenet_v2_128_0.5_flowers"}) {
    auto graph = imported(test::models_folder() / name);
    if (!graph) GTEST_SKIP() << name << " is not in " << test::models_folder();
    auto done = run_passes(*graph);
    EXPECT_LE(transposes_of_values(done->graph), 1) << name;
  }
}

}  // namespace burin::passes
