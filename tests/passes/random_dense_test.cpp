// Passes about dense ops on random attributes: splitting dilated convolutions, folding scales.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/builder.h"
#include "graph/print.h"
#include "passes/fold_scale_into_weights.h"
#include "passes/split_dilated_convolution.h"
#include "tests/support/same_values.h"

namespace burin::passes {

namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::Op;

Tensor random_constant(Rng& rng, TensorType type) {
  Tensor t(std::move(type));
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, rng.uniform(-2, 2));
  return t;
}

bool has_dilation(const Graph& g) {
  for (const graph::Node& node : g.nodes) {
    if (node.op != Op::convolution) continue;
    for (int64_t d : std::get<graph::ConvAttr>(node.attr).x_dilation) {
      if (d != 1) return true;
    }
  }
  return false;
}

// A convolution of 1 or 2 spatial axes whose operand is dilated, padded and cropped; nothing where
// the attributes make no valid one.
std::optional<Graph> dilated_convolution(Rng& rng) try {
  Graph g;
  Builder b(g);
  auto spatial = static_cast<size_t>(rng.below(2) + 1);
  int64_t groups = rng.below(2) + 1;
  Dims x = {rng.below(2) + 1}, w;
  graph::ConvAttr attr{{}, {}, {}, {}, Dims(spatial, 1), groups};
  for (size_t i = 0; i < spatial; ++i) {
    x.push_back(rng.below(5) + 1);
    w.push_back(rng.below(5) + 1);
    attr.stride.push_back(1);
    attr.low.push_back(rng.below(7) - 2);
    attr.high.push_back(rng.below(7) - 2);
    attr.x_dilation.push_back(rng.below(4) + 1);
  }
  x.push_back(8 * groups);
  w.insert(w.end(), {8, 2 * groups});
  NodeId weights = b.constant(random_constant(rng, {DType::f32, Shape(w)}));
  b.output("y", b.convolution(b.input("x", {DType::f32, Shape(x)}), weights, attr));
  return g;
} catch (const graph::BuildError&) {
  return std::nullopt;
}

TEST(SplitDilatedConvolution, KeepsValues) {
  Rng rng(11);
  int split = 0;
  for (int round = 0; round < 400; ++round) {
    auto before = dilated_convolution(rng);
    if (!before) continue;
    Graph after = split_dilated_convolution(*before);
    if (before->type(before->outputs[0].node).shape.elements() > 0) {
      EXPECT_FALSE(has_dilation(after)) << graph::print(*before);
    }
    split += has_dilation(*before) && !has_dilation(after);
    ASSERT_EQ(test::difference(*before, after), "") << graph::print(*before) << graph::print(after);
  }
  EXPECT_GT(split, 100);
}

// One operation with a per-channel or scalar constant on either side.
NodeId scaled(Builder& b, Rng& rng, NodeId y) {
  const Shape shape = b.shape(y);
  auto last = static_cast<int64_t>(shape.rank()) - 1;
  bool scalar = rng.below(3) == 0;
  Shape small = scalar ? Shape{} : Shape{shape[static_cast<size_t>(last)]};
  NodeId c = b.constant(random_constant(rng, {DType::f32, small}));
  NodeId wide = b.broadcast(c, shape, scalar ? Dims{} : Dims{last});
  switch (rng.below(6)) {
    case 0: return b.add(y, wide);
    case 1: return b.add(wide, y);
    case 2: return b.mul(y, wide);
    case 3: return b.sub(y, wide);
    case 4: return b.sub(wide, y);
    default: return b.div(y, wide);
  }
}

TEST(FoldScaleIntoWeights, KeepsValues) {
  Rng rng(12);
  for (int round = 0; round < 300; ++round) {
    Graph g;
    Builder b(g);
    NodeId x = b.input("x", {DType::f32, {2, 5, 3}}), y;
    if (rng.below(2) == 0) {
      NodeId w = b.constant(random_constant(rng, {DType::f32, {2, 3, 4}}));
      y = b.convolution(x, w, {{1}, {0}, {0}, {1}, {1}, 1});
    } else {
      NodeId w = b.constant(random_constant(rng, {DType::f32, {4, 3}}));
      y = b.dot_general(x, w, {{}, {}, {2}, {1}});
    }
    for (int64_t n = rng.below(5); n > 0; --n) {
      y = scaled(b, rng, y);
      if (rng.below(6) == 0) b.output("between", y);
    }
    b.output("y", y);
    Graph after = fold_scale_into_weights(g);
    ASSERT_EQ(test::difference(g, after), "") << graph::print(g) << graph::print(after);
  }
}

}  // namespace

}  // namespace burin::passes
