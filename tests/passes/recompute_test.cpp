// Copies behind the boundary: the same values, less that lives across it.
#include "passes/recompute.h"

#include <gtest/gtest.h>

#include "autodiff/differentiate.h"
#include "graph/builder.h"
#include "graph/eval.h"
#include "graph/verify.h"

namespace burin::passes {
namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr int kLayers = 16;
constexpr int64_t kBytes = 8 * 8 * 4;  // of a layer's output

// x -> tanh(x w), sixteen times, the sum of all as the loss; outputs are the loss and the gradient
// of w.
Graph make_chain() {
  Graph g;
  Builder b(g);
  TensorType type{DType::f32, {8, 8}};
  NodeId at = b.input("x", type), w = b.input("w", type);
  graph::DotAttr matmul;
  matmul.lhs_contract = {1}, matmul.rhs_contract = {0};
  for (int i = 0; i < kLayers; ++i) at = b.tanh(b.dot_general(at, w, matmul));
  NodeId loss = b.reduce(at, graph::ReduceKind::sum, {0, 1});
  auto gradients = autodiff::differentiate(g, loss, std::vector{w});
  EXPECT_TRUE(gradients);
  b.output("loss", loss);
  b.output("gradient", (*gradients)[0]);
  return g;
}

std::vector<Tensor> make_inputs(const Graph& g) {
  std::vector<Tensor> inputs;
  for (const graph::Port& port : g.inputs) {
    Tensor t(g.type(port.node));
    for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, 0.05 * static_cast<double>(i % 9));
    inputs.push_back(t);
  }
  return inputs;
}

void expect_same_values(const Graph& a, const Graph& b) {
  auto objection = graph::verify(b);
  ASSERT_FALSE(objection) << objection->text();
  auto x = graph::eval(a, make_inputs(a)), y = graph::eval(b, make_inputs(b));
  ASSERT_TRUE(x && y);
  for (size_t i = 0; i < x->size(); ++i) EXPECT_EQ((*x)[i].to_doubles(), (*y)[i].to_doubles());
}

TEST(Recompute, WindowsKeepOnlyTheirCuts) {
  Graph g = make_chain();
  NodeId loss = g.outputs[0].node;
  EXPECT_EQ(activation_bytes(g, loss), kLayers * kBytes);
  Recomputed again = recompute(g, loss, {.window = 4 * kBytes});
  expect_same_values(g, again.graph);
  EXPECT_LE(activation_bytes(again.graph, again.graph.outputs[0].node), 8 * kBytes);
  EXPECT_EQ(static_cast<int64_t>(again.graph.size()), static_cast<int64_t>(g.size()) + again.nodes);
  EXPECT_GT(again.nodes, kLayers);
}

// The products stay in place of what tanh makes of them.
TEST(Recompute, WithoutAWindowOnlyCheapNodesAreCopied) {
  Graph g = make_chain();
  Recomputed again = recompute(g, g.outputs[0].node, {});
  expect_same_values(g, again.graph);
  auto count = [](const Graph& graph, Op op) {
    return std::ranges::count(graph.nodes, op, &graph::Node::op);
  };
  EXPECT_EQ(count(again.graph, Op::tanh), 2 * kLayers);
  EXPECT_EQ(count(again.graph, Op::dot_general), count(g, Op::dot_general));
}

TEST(Recompute, AWindowForAllCopiesNothing) {
  Graph g = make_chain();
  Recomputed again = recompute(g, g.outputs[0].node, {.window = kLayers * kBytes});
  EXPECT_EQ(again.nodes, 0);
  EXPECT_EQ(again.graph.size(), g.size());
}

}  // namespace
}  // namespace burin::passes
