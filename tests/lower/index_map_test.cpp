// Affine maps through movement ops: every point of the space must reach the element that the op's
// definition names.
#include "lower/index_map.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/builder.h"

namespace burin::lower {
namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;

int64_t value_at(const Affine& affine, const Dims& point) {
  int64_t value = affine.offset;
  for (size_t d = 0; d < point.size(); ++d) value += affine.coefs[d] * point[d];
  return value;
}

// Calls f with every point of the space.
template <class F>
void each_point(const Dims& space, F&& f) {
  for (int64_t i = 0; i < Shape(space).elements(); ++i) {
    Dims point(space.size());
    int64_t rest = i;
    for (size_t d = space.size(); d-- > 0;) {
      point[d] = rest % space[d];
      rest /= space[d];
    }
    f(point);
  }
}

TEST(IndexMap, IdentityOfAShapeSkipsAxesOfOne) {
  Shape shape{3, 1, 5};
  EXPECT_EQ(space_of(shape), (Dims{3, 5}));
  View view = view_of(identity_map(shape), {DType::f32, shape}, 0, 2);
  EXPECT_EQ(view.strides, (Dims{5, 1}));
  EXPECT_EQ(widen_view(view, shape).strides, (Dims{5, 0, 1}));
}

TEST(IndexMap, DelinearizeInvertsLinearize) {
  // A 2x3x4 space over a buffer seen as 6x4, 2x12 and 24.
  Dims space{2, 3, 4};
  for (const Shape& shape : {Shape{6, 4}, Shape{2, 12}, Shape{24}, Shape{1, 6, 1, 4, 1}}) {
    Affine position{0, {12, 4, 1}};
    Delinearized d = delinearize(position, shape, space);
    ASSERT_TRUE(d.map) << shape.text();
    EXPECT_EQ(linearize(*d.map, shape, 3), position) << shape.text();
  }
}

TEST(IndexMap, AsksForTheSplitThatAReshapeNeeds) {
  // One axis of 12 seen as 3x4: the axis must become 3 by 4.
  Delinearized d = delinearize({0, {1}}, Shape{3, 4}, {12});
  ASSERT_FALSE(d.map);
  ASSERT_TRUE(d.split);
  EXPECT_EQ(d.split->inner, 4);
  Affine position{0, {1}};
  split_axis(position, *d.split);
  EXPECT_EQ(position.coefs, (Dims{4, 1}));
  EXPECT_TRUE(delinearize(position, Shape{3, 4}, {3, 4}).map);
}

TEST(IndexMap, RefusesWhatIsNotAffine) {
  // Positions 1..12 of 3x5 wrap around in the middle of a row.
  Delinearized d = delinearize({1, {1}}, Shape{3, 5}, {12});
  EXPECT_FALSE(d.map);
  // A reversed walk has negative steps.
  EXPECT_FALSE(delinearize({11, {-1}}, Shape{3, 4}, {12}).map);
}

// Random chains of views: the map of the leaf must agree with the element numbers that the
// evaluator would move.
TEST(IndexMap, RandomChainsOfViewsReachTheRightElements) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    Graph graph;
    Builder b(graph);
    Shape start{2, 3, 4};
    NodeId x = b.input("x", {DType::i64, start});
    std::vector<NodeId> chain;
    NodeId last = x;
    for (int step = 0; step < 4; ++step) {
      NodeId before = last;
      const Shape shape = b.shape(last);
      auto rank = static_cast<int64_t>(shape.rank());
      Dims axes(shape.rank()), zero(shape.rank(), 0), one(shape.rank(), 1);
      for (int64_t a = 0; a < rank; ++a) axes[static_cast<size_t>(a)] = (a + 1) % rank;
      switch (rng.below(4)) {
        case 0: last = b.transpose(last, axes); break;
        case 1: last = b.reverse(last, {rng.below(rank)}); break;
        case 2: {
          Dims limit = shape.dims(), low = zero;
          auto axis = static_cast<size_t>(rng.below(rank));
          low[axis] = rng.below(limit[axis]);
          last = b.slice(last, low, limit, one);
          break;
        }
        default: last = b.reshape(last, Shape{shape.elements()});
      }
      if (last != before) chain.push_back(last);
    }
    Dims space = space_of(b.shape(last));
    IndexMap map = identity_map(b.shape(last));
    bool possible = true;
    for (size_t i = chain.size(); i-- > 0 && possible;) {
      Delinearized d = through_view(graph, chain[i], map, space);
      possible = d.map.has_value();
      if (possible) map = *d.map;
    }
    if (!possible) continue;
    // Move element numbers by hand along the chain.
    std::vector<int64_t> numbers(24);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
    std::vector<double> as_double(numbers.begin(), numbers.end());
    graph::Array value{{DType::i64, start}, {}, numbers};
    for (NodeId id : chain) {
      const graph::Array* operands[] = {&value};
      value = graph::op_def(graph[id].op).eval({graph[id], operands});
    }
    size_t at = 0;
    Affine position = linearize(map, start, space.size());
    each_point(space, [&](const Dims& point) {
      EXPECT_EQ(value_at(position, point), value.i[at++]) << "seed " << seed;
    });
  }
}

}  // namespace
}  // namespace burin::lower
