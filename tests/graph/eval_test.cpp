// The evaluator's own behaviour: freeing, limits, visits, errors; and constant subgraphs.
#include "graph/eval.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/constant.h"

namespace burin::graph {

namespace {

TEST(Eval, ComputesOutputsFromInputs) {
  Graph graph;
  Builder b(graph);
  NodeId x = b.input("x", {DType::f32, Shape{2, 2}});
  NodeId y = b.dot_general(x, x, {{}, {}, {1}, {0}});
  b.output("y", b.add(y, b.full(b.type(y), 0.5)));
  b.exp(x);  // needed by no output
  std::vector<Tensor> inputs = {
      Tensor::from_doubles({DType::f32, Shape{2, 2}}, std::vector<double>{1, 2, 3, 4})};
  int visits = 0;
  auto outputs = eval(graph, inputs, {.visit = [&](NodeId, const Array&) { ++visits; }});
  ASSERT_TRUE(outputs);
  EXPECT_EQ((*outputs)[0].to_doubles(), (std::vector<double>{7.5, 10.5, 15.5, 22.5}));
  EXPECT_EQ(visits, 5);
}

TEST(Eval, RoundsEveryValueWhereAsked) {
  Graph graph;
  Builder b(graph);
  TensorType type{DType::f32, Shape{1}};
  NodeId large = b.full(type, 0x1p25);
  b.output("y", b.sub(b.add(b.input("x", type), large), large));
  std::vector<Tensor> inputs = {Tensor::from_doubles(type, std::vector<double>{1})};
  EXPECT_EQ((*eval(graph, inputs))[0].as_double(0), 1);
  EXPECT_EQ((*eval(graph, inputs, {.round_values = true}))[0].as_double(0), 0);
}

TEST(Eval, FreesValuesAfterTheirLastUse) {
  Graph graph;
  Builder b(graph);
  NodeId x = b.input("x", {DType::f32, Shape{100}});
  for (int i = 0; i < 50; ++i) x = b.neg(x);
  b.output("y", x);
  std::vector<Tensor> inputs = {Tensor({DType::f32, Shape{100}})};
  EXPECT_TRUE(eval(graph, inputs, {.max_bytes = 1600}));
  auto refused = eval(graph, inputs, {.max_bytes = 1599});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "neg %1");
}

TEST(Eval, RefusesInputsOfAnotherType) {
  Graph graph;
  Builder b(graph);
  b.output("y", b.neg(b.input("x", {DType::f32, Shape{3}})));
  EXPECT_FALSE(eval(graph, {}));
  std::vector<Tensor> inputs = {Tensor({DType::f64, Shape{3}})};
  auto refused = eval(graph, inputs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text(), "x: is of f32[3], but was given f64[3]");
}

TEST(ConstantEvaluator, FollowsTheGraphAndRefusesWhatDependsOnInputs) {
  Graph graph;
  Builder b(graph);
  ConstantEvaluator constants(graph, 8);
  NodeId two = b.scalar(DType::i64, 2);
  NodeId sum = b.add(two, two);
  EXPECT_EQ(constants.value(sum)->to_ints(), (std::vector<int64_t>{4}));
  NodeId x = b.input("x", {DType::i64, Shape{}});
  EXPECT_FALSE(constants.value(b.mul(sum, x)));
  NodeId product = b.mul(sum, sum);
  EXPECT_EQ(constants.value(product)->to_ints(), (std::vector<int64_t>{16}));
}

TEST(ConstantEvaluator, LeavesLargeValuesAlone) {
  Graph graph;
  Builder b(graph);
  ConstantEvaluator constants(graph, 8);
  NodeId large = b.constant(Tensor({DType::f32, Shape{9}}));
  EXPECT_TRUE(constants.value(large));
  EXPECT_FALSE(constants.value(b.reduce(large, ReduceKind::sum, {0})));
  EXPECT_FALSE(constants.value(b.full({DType::f32, Shape{3, 3}}, 1)));
}

TEST(ConstantEvaluator, SurvivesLongChains) {
  Graph graph;
  Builder b(graph);
  ConstantEvaluator constants(graph);
  NodeId x = b.scalar(DType::i32, 1);
  for (int i = 0; i < 100000; ++i) x = b.neg(x);
  EXPECT_EQ(constants.value(x)->to_ints(), (std::vector<int64_t>{1}));
}

}  // namespace

}  // namespace burin::graph
