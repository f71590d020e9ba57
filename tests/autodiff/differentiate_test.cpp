// The reverse walk: accumulation, where it stops, what it refuses, and what its nodes are called.
#include "autodiff/differentiate.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/eval.h"
#include "tests/support/gradient_case.h"

namespace burin::test {

namespace {

using autodiff::differentiate;
using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::ReduceKind;

const TensorType kThree = {DType::f64, Shape{3}};

// x = [1, 2, 3] and a loss over it.
struct Differentiated {
  Graph graph;
  Builder b{graph};
  NodeId x = b.input("x", kThree);

  NodeId sum(NodeId value) { return b.reduce(value, ReduceKind::sum, {0}); }
  NodeId gradient(NodeId loss, NodeId wrt, std::vector<NodeId> stop = {}) {
    auto made = differentiate(graph, loss, std::vector{wrt}, {.stop = stop});
    EXPECT_TRUE(made) << made.error().text();
    return (*made)[0];
  }
  std::vector<double> value(NodeId id) {
    graph.outputs = {{"out", id}};
    auto inputs = std::vector{Tensor::from_doubles(kThree, std::vector{1.0, 2.0, 3.0})};
    auto values = graph::eval(graph, inputs);
    EXPECT_TRUE(values) << values.error().text();
    return (*values)[0].to_doubles();
  }
};

TEST(Differentiate, AddsWhatComesFromEachUse) {
  Differentiated d;
  NodeId y = d.b.add(d.b.mul(d.x, d.x), d.x);  // x^2 + x
  EXPECT_EQ(d.value(d.gradient(d.sum(y), d.x)), (std::vector<double>{3, 5, 7}));
}

TEST(Differentiate, IsZeroWhereThereIsNoInfluence) {
  Differentiated d;
  NodeId other = d.b.exp(d.x);
  EXPECT_EQ(d.value(d.gradient(d.sum(d.x), other)), (std::vector<double>{0, 0, 0}));
}

TEST(Differentiate, TakesAnyNodeAsItsVariable) {
  Differentiated d;
  NodeId y = d.b.mul(d.x, d.x), loss = d.sum(d.b.mul(y, y));
  auto made = differentiate(d.graph, loss, std::vector{y, d.x, loss});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(d.value((*made)[0]), (std::vector<double>{2, 8, 18}));    // 2y
  EXPECT_EQ(d.value((*made)[1]), (std::vector<double>{4, 32, 108}));  // 4x^3
  EXPECT_EQ(d.value((*made)[2]), (std::vector<double>{1}));
}

TEST(Differentiate, StopsWhereItIsTold) {
  Differentiated d;
  NodeId y = d.b.mul(d.x, d.x), loss = d.sum(d.b.mul(y, d.x));
  EXPECT_EQ(d.value(d.gradient(loss, d.x, {y})), (std::vector<double>{1, 4, 9}));  // y as it is
}

TEST(Differentiate, RepeatsOnItsResult) {
  Differentiated d;
  NodeId cube = d.b.mul(d.x, d.b.mul(d.x, d.x));
  NodeId first = d.gradient(d.sum(cube), d.x);
  NodeId second = d.gradient(d.sum(first), d.x);
  EXPECT_EQ(d.value(second), (std::vector<double>{6, 12, 18}));
  EXPECT_EQ(d.value(d.gradient(d.sum(second), d.x)), (std::vector<double>{6, 6, 6}));
}

// Each first gradient is itself a graph whose gradients finite differences can check.
TEST(Differentiate, SecondDerivativesAgreeWithDifferences) {
  int cases = 0;
  for (const OpCase& op_case : op_cases()) {
    BuiltCase built = build_tame_case(op_case);
    bool f64 = op_case.name.ends_with("_f64") || op_case.name.ends_with("f64_17");
    if (!f64 || !has_float_input(built.graph) || !has_float_output(built.graph)) continue;
    auto first = gradient_graph(built.graph);
    ASSERT_TRUE(first) << op_case.name << ": " << first.error().text();
    built.graph = *std::move(first);
    auto check = check_gradients(built, 6);
    ASSERT_TRUE(check) << op_case.name << ": " << check.error().text();
    for (const std::string& line : check->wrong) ADD_FAILURE() << op_case.name << ": " << line;
    cases += check->checked > 0;
  }
  EXPECT_GT(cases, 100);
}

TEST(Differentiate, NamesTheLayer) {
  Differentiated d;
  d.b.set_source(d.graph.sources.push_back({"layer1", "Mul"}));
  NodeId y = d.b.mul(d.x, d.x);
  NodeId gradient = d.gradient(d.sum(y), d.x);
  EXPECT_EQ(graph::describe(d.graph, gradient), "Mul 'layer1 (gradient)'");
  EXPECT_EQ(d.graph.sources.size(), 2u);
}

TEST(Differentiate, MakesInputsBeforeWeights) {
  Graph graph;
  Builder b(graph);
  NodeId x = b.input("x", {DType::f32, Shape{4, 3}}), w = b.input("w", {DType::f32, Shape{3, 5}});
  NodeId y = b.dot_general(x, w, {{}, {}, {1}, {0}});
  NodeId loss = b.reduce(y, ReduceKind::sum, {0, 1});
  auto made = differentiate(graph, loss, std::vector{w, x});
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_LT((*made)[1], (*made)[0]);
}

TEST(Differentiate, AppendsNothingForWhatIsNotAskedFor) {
  Graph graph;
  Builder b(graph);
  NodeId x = b.input("x", {DType::f32, Shape{4, 3}}), w = b.input("w", {DType::f32, Shape{3, 5}});
  NodeId y = b.dot_general(b.exp(x), w, {{}, {}, {1}, {0}});
  NodeId loss = b.reduce(y, ReduceKind::sum, {0, 1});
  size_t before = graph.size();
  ASSERT_TRUE(differentiate(graph, loss, std::vector{w}));
  int products = 0;
  for (size_t i = before; i < graph.size(); ++i) {
    products += graph[NodeId(i)].op == graph::Op::dot_general;
  }
  EXPECT_EQ(products, 1);
}

TEST(Differentiate, RefusesWhatIsNotAFloatScalar) {
  Differentiated d;
  auto vector = differentiate(d.graph, d.x, std::vector{d.x});
  ASSERT_FALSE(vector);
  EXPECT_EQ(vector.error().text(),
            "parameter %0: is f64[3]: only a float scalar can be differentiated "
            "(reduce it to its sum or mean first)");
  NodeId whole = d.b.convert(d.x, DType::i32);
  size_t before = d.graph.size();
  EXPECT_FALSE(differentiate(d.graph, d.sum(whole), std::vector{d.x}));
  auto integer = differentiate(d.graph, d.sum(d.x), std::vector{whole});
  ASSERT_FALSE(integer);
  EXPECT_NE(integer.error().reason.find("no gradients of integers"), std::string::npos);
  EXPECT_EQ(d.graph.size(), before + 2);  // the two sums
}

}  // namespace

}  // namespace burin::test
