// What gradients are where differences do not say it: at ties, at zero factors and for updates
// that are dropped or overwritten.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/differentiate.h"
#include "graph/builder.h"
#include "graph/eval.h"

namespace burin::test {

namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::Op;
using graph::ReduceKind;
using graph::ScatterKind;
using Values = std::vector<double>;

// The gradients of the sum of a function's result, by each of its arguments, which are vectors or,
// for `dims`, of another shape.
template <class Function>
std::vector<Values> gradients(std::vector<Values> arguments, Function function, Dims dims = {}) {
  Graph graph;
  Builder b(graph);
  std::vector<NodeId> wrt;
  std::vector<Tensor> inputs;
  for (const Values& values : arguments) {
    Shape shape = dims.empty() ? Shape{static_cast<int64_t>(values.size())} : Shape(dims);
    inputs.push_back(Tensor::from_doubles({DType::f64, shape}, values));
    wrt.push_back(b.input("x" + std::to_string(wrt.size()), inputs.back().type()));
  }
  NodeId y = function(b, wrt);
  Dims axes;
  for (size_t i = 0; i < b.shape(y).rank(); ++i) axes.push_back(static_cast<int64_t>(i));
  auto made = autodiff::differentiate(graph, b.reduce(y, ReduceKind::sum, axes), wrt);
  EXPECT_TRUE(made) << made.error().text();
  for (NodeId id : *made) b.output("d", id);
  auto results = graph::eval(graph, inputs);
  EXPECT_TRUE(results) << results.error().text();
  std::vector<Values> out;
  for (const Tensor& result : *results) out.push_back(result.to_doubles());
  return out;
}

NodeId indices(Builder& b, Values values) {
  TensorType type{DType::i64, Shape{static_cast<int64_t>(values.size())}};
  return b.constant(Tensor::from_doubles(type, values));
}

TEST(GradientConventions, TiesOfTwoGoToTheSecond) {
  for (Op op : {Op::max, Op::min}) {
    auto d = gradients({{1, 2, 3}, {1, 3, 2}}, [&](Builder& b, const auto& x) {
      return b.add(op, {x[0], x[1]});
    });
    EXPECT_EQ(d[0], op == Op::max ? (Values{0, 0, 1}) : (Values{0, 1, 0}));
    EXPECT_EQ(d[1], op == Op::max ? (Values{1, 1, 0}) : (Values{1, 0, 1}));
  }
}

TEST(GradientConventions, RectifiersAreFlatAtTheirEnds) {
  auto relu = gradients({{-1, 0, 2}},
                        [](Builder& b, const auto& x) { return b.with_scalar(Op::max, x[0], 0); });
  EXPECT_EQ(relu[0], (Values{0, 0, 1}));
  auto clamp = gradients({{0, 0, 0, 0, 0}, {-1, 0, 3, 6, 7}, {6, 6, 6, 6, 6}},
                         [](Builder& b, const auto& x) { return b.clamp(x[0], x[1], x[2]); });
  EXPECT_EQ(clamp[0], (Values{1, 1, 0, 0, 0}));
  EXPECT_EQ(clamp[1], (Values{0, 0, 1, 0, 0}));
  EXPECT_EQ(clamp[2], (Values{0, 0, 0, 1, 1}));
}

TEST(GradientConventions, PowersOfZeroAreFlat) {
  auto d = gradients({{0, 0, 2}, {0, 2, 0}},
                     [](Builder& b, const auto& x) { return b.pow(x[0], x[1]); });
  EXPECT_EQ(d[0], (Values{0, 0, 0}));
  EXPECT_EQ(d[1], (Values{0, 0, std::log(2.0)}));
}

TEST(GradientConventions, AllThatEqualTheMaximumShare) {
  auto d = gradients({{1, 4, 2, 4}}, [](Builder& b, const auto& x) {
    return b.reduce(x[0], ReduceKind::max, {0});
  });
  EXPECT_EQ(d[0], (Values{0, 0.5, 0, 0.5}));
}

TEST(GradientConventions, TheFirstMaximumOfAWindowTakesAll) {
  graph::WindowAttr attr{ReduceKind::max, {2, 2}, {1, 1}, {1, 1}, {1, 0}, {0, 0}};
  auto d =
      gradients({{5, 5, 1, 5, 5, 5, 0, 5, 2}},
                [&](Builder& b, const auto& x) { return b.reduce_window(x[0], attr); }, {3, 3});
  EXPECT_EQ(d[0], (Values{2, 2, 0, 1, 1, 0, 0, 0, 0}));
}

TEST(GradientConventions, ProductsKnowZeros) {
  auto whole = [](Builder& b, const auto& x) { return b.reduce(x[0], ReduceKind::prod, {0}); };
  EXPECT_EQ(gradients({{2, 0, 3}}, whole)[0], (Values{0, 6, 0}));
  EXPECT_EQ(gradients({{2, 0, 0}}, whole)[0], (Values{0, 0, 0}));
  auto windows = [](Builder& b, const auto& x) {
    return b.reduce_window(x[0], {ReduceKind::prod, {2}, {1}, {1}, {0}, {0}});
  };
  EXPECT_EQ(gradients({{2, 0, 3, 0}}, windows)[0], (Values{0, 5, 0, 3}));
}

TEST(GradientConventions, OnlyTheLastAssignmentCounts) {
  auto d = gradients({{1, 2, 3}, {4, 5, 6, 7}}, [](Builder& b, const auto& x) {
    return b.scatter(x[0], indices(b, {0, 5, 0, -1}), x[1], ScatterKind::assign);
  });
  EXPECT_EQ(d[0], (Values{0, 1, 1}));
  EXPECT_EQ(d[1], (Values{0, 0, 1, 0}));
}

TEST(GradientConventions, ScatteredProductsKnowZeros) {
  auto d = gradients({{2, 3, 5}, {0, 7, 0, 0}}, [](Builder& b, const auto& x) {
    return b.scatter(x[0], indices(b, {0, 0, 1, 1}), x[1], ScatterKind::mul);
  });
  EXPECT_EQ(d[0], (Values{0, 0, 1}));
  EXPECT_EQ(d[1], (Values{14, 0, 0, 0}));
}

TEST(GradientConventions, ScatteredTiesShare) {
  auto d = gradients({{2, 9}, {2, 1, 2, 2}}, [](Builder& b, const auto& x) {
    return b.scatter(x[0], indices(b, {0, 0, 0, 0}), x[1], ScatterKind::max);
  });
  EXPECT_EQ(d[0], (Values{0.25, 1}));
  EXPECT_EQ(d[1], (Values{0.25, 0, 0.25, 0.25}));
}

TEST(GradientConventions, ClampedIndicesAddToTheEnds) {
  auto d = gradients({{1, 2, 3}}, [](Builder& b, const auto& x) {
    return b.gather(x[0], indices(b, {-4, 0, 9}), 0);
  });
  EXPECT_EQ(d[0], (Values{2, 0, 1}));
}

}  // namespace

}  // namespace burin::test
