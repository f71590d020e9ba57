// Which maps become part of the kernels that read them, and that these compute the same.
#include "lower/dense_operands.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/builder.h"
#include "tests/support/run_case.h"

namespace burin::lower {
namespace {

using graph::Builder;
using graph::ConvAttr;
using graph::Graph;
using graph::NodeId;
using graph::Op;

// y = max(x * scale + shift, 0) under a depthwise convolution, and the gradient of its weights.
struct MadeNet {
  Graph graph;
  Builder b{graph};
  NodeId y, out, dw;

  MadeNet(Dims dims, int64_t stride) {
    int64_t channels = dims.back();
    NodeId x = input("x", dims), scale = input("scale", {channels}),
           shift = input("shift", {channels});
    Shape shape(dims);
    y = b.add(b.mul(x, b.broadcast(scale, shape, {3})), b.broadcast(shift, shape, {3}));
    y = b.with_scalar(Op::max, y, 0);
    ConvAttr attr{{stride, stride}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, channels};
    out = b.convolution(y, input("w", {3, 3, 1, channels}), attr);
    Dims images = dims, window = b.shape(out).dims();
    images.insert(images.begin(), 1);
    window.insert(window.end() - 1, 1);
    int64_t high_y = (window[1] - 1) * stride + 2 - dims[1],
            high_x = (window[2] - 1) * stride + 2 - dims[2];
    ConvAttr gradient{{1, 1, 1}, {0, 1, 1},           {0, high_y, high_x},
                      {1, 1, 1}, {1, stride, stride}, channels};
    NodeId dy = input("dy", window);
    dw = b.convolution(b.reshape(y, Shape(images)), dy, gradient);
    b.output("out", out);
    b.output("dw", dw);
  }

  NodeId input(const char* name, Dims dims) {
    return b.input(name, {DType::f32, Shape(std::move(dims))});
  }

  std::vector<Tensor> random_inputs() const {
    Rng rng(3);
    std::vector<Tensor> inputs;
    for (const graph::Port& port : graph.inputs) {
      Tensor t(graph.type(port.node));
      for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, rng.uniform(-1, 1));
      inputs.push_back(std::move(t));
    }
    return inputs;
  }
};

size_t made_operands(const Graph& graph) {
  size_t count = 0;
  for (const Group& g : group_nodes(graph).groups) {
    for (const DenseLeaf& leaf : g.operands) count += leaf.made != nullptr;
  }
  return count;
}

constexpr int64_t kSide = 129, kChannels = 33;  // of two images: 4.2 MiB

TEST(DenseOperands, LargeMapsOfDepthwiseConvolutionsAreNotStored) {
  for (int64_t stride : {1, 2}) {
    MadeNet net({2, kSide, kSide, kChannels}, stride);
    EXPECT_EQ(made_operands(net.graph), 2U);
    EXPECT_FALSE(group_nodes(net.graph).materialized[net.y]);
  }
}

TEST(DenseOperands, OthersAre) {
  MadeNet small({2, 64, 65, kChannels}, 1);
  EXPECT_EQ(made_operands(small.graph), 0U);
  MadeNet shown({2, kSide, kSide, kChannels}, 1);
  shown.b.output("y", shown.y);
  EXPECT_EQ(made_operands(shown.graph), 0U);
  MadeNet read({2, kSide, kSide, kChannels}, 1);  // by a convolution of another kind
  ConvAttr attr{{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1};
  read.b.output("z", read.b.convolution(read.y, read.input("v", {1, 1, kChannels, 5}), attr));
  EXPECT_EQ(made_operands(read.graph), 0U);
}

TEST(DenseOperands, TheirKernelsComputeTheSame) {
  for (int64_t stride : {1, 2}) {
    MadeNet net({2, kSide, kSide, kChannels}, stride);
    std::vector<Tensor> inputs = net.random_inputs();
    for (const test::Execution& execution : test::executions()) {
      if (!execution.name.starts_with("machine_code") || execution.unavailable()) continue;
      auto outputs = execution.run(net.graph, inputs);
      ASSERT_TRUE(outputs) << outputs.error().text();
      EXPECT_EQ(test::difference_to_oracle(net.graph, inputs, *outputs), std::nullopt)
          << execution.name << ", stride " << stride;
    }
  }
}

}  // namespace
}  // namespace burin::lower
