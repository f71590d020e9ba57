// Which nodes become one kernel.
#include "lower/group.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "graph/builder.h"
#include "passes/split_reductions.h"

namespace burin::lower {
namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::Op;
using graph::ReduceKind;
using Kind = Group::Kind;

struct Net {
  Graph graph;
  Builder b{graph};

  NodeId f32(Dims dims) {
    std::string name = "x" + std::to_string(graph.inputs.size());
    return b.input(std::move(name), {DType::f32, Shape(std::move(dims))});
  }
  NodeId keep(NodeId reduced, NodeId like, Dims dims) {
    return b.broadcast(reduced, b.shape(like), std::move(dims));
  }
  NodeId softmax(NodeId x) {
    NodeId peak = keep(b.reduce(x, ReduceKind::max, {1}), x, {0});
    NodeId e = b.exp(b.sub(x, peak));
    return b.div(e, keep(b.reduce(e, ReduceKind::sum, {1}), x, {0}));
  }
  NodeId conv(NodeId x, NodeId w) {
    return b.convolution(x, w, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
  }
  // The kinds of the groups after `out` is made the output.
  std::vector<Kind> kinds(NodeId out) {
    b.output("y", out);
    std::vector<Kind> kinds;
    for (const Group& g : group_nodes(graph).groups) kinds.push_back(g.kind);
    return kinds;
  }
};

TEST(Grouping, ElementwiseChainsAreOneMap) {
  Net net;
  NodeId x = net.f32({3, 5}), y = net.f32({5});
  NodeId sum = net.b.add(net.b.exp(x), net.b.broadcast_to(y, Shape{3, 5}));
  EXPECT_EQ(net.kinds(net.b.transpose(net.b.neg(sum), {1, 0})), std::vector{Kind::map});
}

TEST(Grouping, SoftmaxIsOneRow) {
  Net net;
  EXPECT_EQ(net.kinds(net.softmax(net.f32({7, 33}))), std::vector{Kind::row});
}

TEST(Grouping, LayerNormIsOneRow) {
  Net net;
  NodeId x = net.f32({7, 33}), scale = net.f32({33});
  NodeId mean = net.b.with_scalar(Op::mul, net.b.reduce(x, ReduceKind::sum, {1}), 1.0 / 33);
  NodeId d = net.b.sub(x, net.keep(mean, x, {0}));
  NodeId var =
      net.b.with_scalar(Op::mul, net.b.reduce(net.b.mul(d, d), ReduceKind::sum, {1}), 1.0 / 33);
  NodeId r = net.b.rsqrt(net.b.with_scalar(Op::add, var, 1e-5));
  NodeId y = net.b.mul(net.b.mul(d, net.keep(r, x, {0})), net.b.broadcast_to(scale, Shape{7, 33}));
  EXPECT_EQ(net.kinds(y), std::vector{Kind::row});
}

TEST(Grouping, ReductionOverAReshapedViewIsOneRow) {
  Net net;  // an instance norm's mean: 4x8x8 seen as 4x64
  NodeId x = net.f32({4, 8, 8});
  NodeId flat = net.b.reshape(x, Shape{4, 64});
  NodeId peak = net.b.reduce(flat, ReduceKind::max, {1});
  NodeId y = net.b.sub(flat, net.keep(peak, flat, {0}));
  EXPECT_EQ(net.kinds(net.b.reshape(y, Shape{4, 8, 8})), (std::vector{Kind::row, Kind::alias}));
}

TEST(Grouping, ConvolutionTakesBiasResidualAndActivation) {
  Net net;
  NodeId x = net.f32({1, 8, 8, 16}), w = net.f32({3, 3, 16, 16}), bias = net.f32({16});
  NodeId y = net.b.add(net.conv(x, w), net.b.broadcast(bias, Shape{1, 8, 8, 16}, {3}));
  NodeId relu = net.b.with_scalar(Op::max, net.b.add(y, x), 0);
  EXPECT_EQ(net.kinds(relu), std::vector{Kind::dense});
}

TEST(Grouping, SumsOverTheSameBufferAreSiblings) {
  Net net;  // those of batch normalisation's gradient
  NodeId x = net.f32({64, 48}), g = net.f32({64, 48});
  NodeId bias = net.b.reduce(g, ReduceKind::sum, {0});
  NodeId scale = net.b.reduce(net.b.mul(g, x), ReduceKind::sum, {0});
  net.b.output("scale", scale);
  net.b.output("bias", bias);
  Grouping grouping = group_nodes(net.graph);
  ASSERT_EQ(grouping.groups.size(), 1U);
  ASSERT_EQ(grouping.groups[0].siblings.size(), 1U);
  EXPECT_EQ(grouping.groups[0].root, bias);
  EXPECT_EQ(grouping.groups[0].siblings[0].root, scale);
}

TEST(Grouping, AnOptimisersValuesAreSiblings) {
  Net net;  // p - m', m' = m + g: the second is not read back
  NodeId p = net.f32({512}), m = net.f32({512}), g = net.f32({512});
  NodeId next = net.b.add(m, net.b.exp(g));
  net.b.output("m", next);
  net.b.output("p", net.b.sub(p, next));
  Grouping grouping = group_nodes(net.graph);
  ASSERT_EQ(grouping.groups.size(), 1U);
  EXPECT_EQ(grouping.groups[0].siblings.size(), 1U);
}

TEST(Grouping, WhatComesInBetweenKeepsSiblingsApart) {
  Net net;  // the second sum needs the convolution, which needs the first
  NodeId x = net.f32({1, 8, 8, 16}), w = net.f32({3, 3, 16, 16});
  NodeId first = net.b.reduce(x, ReduceKind::sum, {0, 1, 2});
  NodeId y = net.conv(net.b.mul(x, net.keep(first, x, {3})), w);
  net.b.output("y", y);
  net.b.output("z", net.b.reduce(net.b.mul(x, y), ReduceKind::sum, {0, 1, 2}));
  for (const Group& g : group_nodes(net.graph).groups) EXPECT_TRUE(g.siblings.empty());
}

TEST(Grouping, AMaskedGradientIsComputedAgainWhereItIsUsed) {
  Net net;  // its users read x anyway, or g in its place
  NodeId x = net.f32({64, 48}), g = net.f32({64, 48});
  NodeId zero = net.b.full({DType::f32, Shape{64, 48}}, 0);
  NodeId masked = net.b.select(net.b.gt(x, zero), g, zero);
  net.b.output("bias", net.b.reduce(masked, ReduceKind::sum, {0}));
  net.b.output("scale", net.b.reduce(net.b.mul(masked, x), ReduceKind::sum, {0}));
  net.b.output("dx", net.b.add(masked, x));
  Grouping grouping = group_nodes(net.graph);
  EXPECT_FALSE(grouping.materialized[masked]);
  EXPECT_EQ(grouping.groups.size(), 2U);
}

TEST(Grouping, AMaskOfManyOperandsIsStored) {
  Net net;  // each of its users would read three buffers in place of one
  NodeId a = net.f32({64, 48}), b = net.f32({64, 48}), c = net.f32({64, 48});
  NodeId mixed = net.b.select(net.b.gt(a, b), c, net.b.mul(a, b));
  net.b.output("y", net.b.reduce(mixed, ReduceKind::sum, {0}));
  net.b.output("z", net.b.reduce(mixed, ReduceKind::max, {1}));
  net.b.output("u", net.b.transpose(net.b.neg(mixed), {1, 0}));
  EXPECT_TRUE(group_nodes(net.graph).materialized[mixed]);
}

// A 1 x 1 convolution of `images` images, and sums over its pixels and over what z makes of them.
void add_sums(Net& net, int64_t images, int64_t window, bool earlier = true) {
  NodeId z = earlier ? net.f32({images, 6, 5, 32}) : NodeId{};
  NodeId x = net.f32({images, 6, 5, 16}), w = net.f32({window, window, 16, 32});
  int64_t low = window / 2;
  NodeId y = net.b.convolution(x, w, {{1, 1}, {low, low}, {low, low}, {1, 1}, {1, 1}, 1});
  if (!earlier) z = net.conv(y, net.f32({3, 3, 32, 32}));
  net.b.output("sum", net.b.reduce(y, ReduceKind::sum, {1, 2}));
  net.b.output("products", net.b.reduce(net.b.mul(y, z), ReduceKind::sum, {1, 2}));
}

size_t dense_sums(const Graph& graph) {
  size_t count = 0;
  for (const Group& g : group_nodes(graph).groups) count += g.sums.size();
  return count;
}

TEST(Grouping, AConvolutionMakesTheSumsOfWhatItMakes) {
  Net net;
  add_sums(net, 8, 1);
  Grouping grouping = group_nodes(net.graph);
  ASSERT_EQ(grouping.groups.size(), 1U);
  ASSERT_EQ(grouping.groups[0].sums.size(), 1U);
  EXPECT_EQ(grouping.groups[0].sums[0].row.siblings.size(), 1U);
}

TEST(Grouping, OtherSumsOfConvolutionsStayRows) {
  Net few, wide, late;
  add_sums(few, 7, 1);  // images: not enough tiles
  EXPECT_EQ(dense_sums(few.graph), 0U);
  add_sums(wide, 8, 3);  // goes by Winograd's method
  EXPECT_EQ(dense_sums(wide.graph), 0U);
  add_sums(late, 8, 1, false);  // one of them needs what comes after the convolution
  EXPECT_EQ(dense_sums(late.graph), 1U);
}

// Squeeze and excite: what the mean of a channel scales is what the mean is of.
TEST(Grouping, ADepthwiseConvolutionSumsUpItsLines) {
  Net net;
  NodeId x = net.f32({1, 14, 14, 48}), w = net.f32({3, 3, 1, 48});
  NodeId y = net.b.convolution(x, w, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 48});
  NodeId sum = net.b.reshape(net.b.reduce(y, ReduceKind::sum, {1, 2}), Shape{1, 1, 1, 48});
  NodeId scale =
      net.b.convolution(sum, net.f32({1, 1, 48, 48}), {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1});
  scale = net.b.broadcast(net.b.reshape(scale, Shape{1, 48}), net.b.shape(y), {0, 3});
  net.b.output("y", net.b.mul(y, scale));
  EXPECT_EQ(dense_sums(net.graph), 0U);
  EXPECT_EQ(dense_sums(passes::split_reductions(net.graph)), 1U);
}

// y = x erf(x), and a cotangent times a slope that needs erf(x) too, or does not.
struct Slope {
  NodeId x, erf, slope, dx;
};
Slope add_slope(Net& net, bool shares) {
  Slope s;
  s.x = net.b.dot_general(net.f32({64, 33}), net.f32({33, 48}), {{}, {}, {1}, {0}});
  s.erf = net.b.erf(s.x);
  NodeId other = shares ? s.erf : net.b.tanh(s.x);
  s.slope = net.b.add(other, net.b.mul(s.x, net.b.exp(net.b.neg(net.b.mul(s.x, s.x)))));
  NodeId y = net.b.mul(s.x, s.erf);
  NodeId dy = net.b.dot_general(y, net.f32({48, 48}), {{}, {}, {1}, {0}});
  s.dx = net.b.mul(dy, s.slope);
  net.b.output("dx", s.dx);
  return s;
}

TEST(Grouping, ASlopeIsMadeWithWhatItSharesPolynomialsWith) {
  Net net;
  Slope s = add_slope(net, true);
  Grouping grouping = group_nodes(net.graph);
  EXPECT_EQ(grouping.stored[s.slope], Stored::early);
  EXPECT_FALSE(grouping.materialized[s.erf]);  // one kernel makes y and the slope from x
  ASSERT_EQ(grouping.groups.size(), 3U);
  EXPECT_EQ(grouping.groups[1].siblings.size(), 1U);
}

TEST(Grouping, OtherSlopesAreMadeBehindTheProduct) {
  Net net;
  Slope s = add_slope(net, false);
  Grouping grouping = group_nodes(net.graph);
  EXPECT_EQ(grouping.stored[s.slope], Stored::no);
  EXPECT_FALSE(grouping.materialized[s.slope]);
}

TEST(Grouping, AProductIsStoredTransposedWhereItsColumnsStayTogether) {
  auto kinds = [](Dims order) {
    Net net;
    NodeId x = net.f32({2, 4, 8, 16}), y = net.f32({2, 4, 16, 32});
    NodeId heads = net.b.dot_general(x, y, {{0, 1}, {0, 1}, {3}, {2}});
    return net.kinds(net.b.transpose(heads, std::move(order)));
  };
  EXPECT_EQ(kinds({0, 2, 1, 3}), std::vector{Kind::dense});
  EXPECT_EQ(kinds({2, 1, 0, 3}), std::vector{Kind::dense});
  EXPECT_EQ(kinds({0, 1, 3, 2}), (std::vector{Kind::dense, Kind::map}));
}

TEST(Grouping, OneEpilogueOfTwoConvolutions) {
  Net net;
  NodeId x = net.f32({1, 8, 8, 16}), w = net.f32({3, 3, 16, 16}), v = net.f32({3, 3, 16, 16});
  EXPECT_EQ(net.kinds(net.b.add(net.conv(x, w), net.conv(x, v))),
            (std::vector{Kind::dense, Kind::dense}));
}

TEST(Grouping, PartOfAConvolutionIsAKernelOfItsOwn) {
  Net net;
  NodeId x = net.f32({2, 8, 8, 16}), w = net.f32({3, 3, 16, 16});
  NodeId first = net.b.slice(net.conv(x, w), {0, 0, 0, 0}, {1, 8, 8, 16}, {1, 1, 1, 1});
  EXPECT_EQ(net.kinds(net.b.neg(first)), (std::vector{Kind::dense, Kind::map}));
}

TEST(Grouping, SharedValuesReachMemoryOnce) {
  Net net;
  NodeId e = net.b.exp(net.f32({4, 4}));
  NodeId product = net.b.dot_general(e, e, {{}, {}, {1}, {0}});
  EXPECT_EQ(net.kinds(net.b.add(product, e)), (std::vector{Kind::map, Kind::dense}));
}

TEST(Grouping, CheapValuesAreComputedByEachGroupThatReadsThem) {
  Net net;
  NodeId x = net.f32({64, 33});
  NodeId d = net.b.sub(x, net.b.broadcast_to(net.f32({33}), Shape{64, 33}));
  net.b.output("d", net.b.transpose(net.b.exp(d), {1, 0}));
  // Two groups, not three: the difference itself reaches no memory.
  EXPECT_EQ(net.kinds(net.b.tanh(d)), (std::vector{Kind::map, Kind::map}));
}

TEST(Grouping, SmallValuesAreNotRecomputedForEachElement) {
  Net net;
  NodeId small = net.b.exp(net.f32({1, 5}));
  NodeId wide = net.b.mul(net.f32({100, 5}), net.b.broadcast(small, Shape{100, 5}, {0, 1}));
  EXPECT_EQ(net.kinds(wide), (std::vector{Kind::map, Kind::map}));
}

TEST(Grouping, ConvolutionWritesStraightIntoAConcatenation) {
  Net net;
  NodeId x = net.f32({1, 8, 8, 16}), w = net.f32({3, 3, 16, 16});
  EXPECT_EQ(net.kinds(net.b.concatenate({net.conv(x, w), x}, 3)),
            (std::vector{Kind::dense, Kind::map}));
}

TEST(Grouping, GrowingConcatenationsCopyNothing) {
  Net net;
  NodeId x = net.b.exp(net.f32({1, 8, 8, 16}));
  NodeId y = net.conv(x, net.f32({3, 3, 16, 16}));
  NodeId two = net.b.concatenate({x, y}, 3);
  NodeId z = net.conv(two, net.f32({3, 3, 32, 16}));
  NodeId three = net.b.concatenate({x, y, z}, 3);
  EXPECT_EQ(net.kinds(net.conv(three, net.f32({3, 3, 48, 16}))),
            (std::vector{Kind::map, Kind::dense, Kind::dense, Kind::dense}));
}

TEST(Grouping, NestedConcatenationsCopyNothing) {
  Net net;
  NodeId x = net.b.exp(net.f32({1, 8, 8, 16}));
  NodeId two = net.b.concatenate({x, net.conv(x, net.f32({3, 3, 16, 16}))}, 3);
  NodeId z = net.conv(two, net.f32({3, 3, 32, 16}));
  EXPECT_EQ(net.kinds(net.b.tanh(net.b.concatenate({z, two}, 3))),
            (std::vector{Kind::map, Kind::dense, Kind::dense, Kind::map}));
}

TEST(Grouping, ScoresKeepTheirScaleInTheProductNotInTheSoftmax) {
  Net net;
  NodeId q = net.f32({7, 16}), k = net.f32({33, 16});
  NodeId scores = net.b.dot_general(q, k, {{}, {}, {1}, {1}});
  EXPECT_EQ(net.kinds(net.softmax(net.b.with_scalar(Op::mul, scores, 0.25))),
            (std::vector{Kind::dense, Kind::row}));
}

}  // namespace
}  // namespace burin::lower
