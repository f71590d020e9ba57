// Each pass alone, and all of them, keep what random graphs compute; random walks of views around
// dense ops show that transposes end up at the edges without changing values.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "graph/eval.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "passes/dims.h"
#include "passes/run.h"
#include "tests/support/random_graph.h"
#include "tests/support/same_values.h"

namespace burin::passes {

namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

TEST(RandomPasses, KeepValues) {
  for (size_t i = 0; i < all_passes().size(); ++i) {
    const Pass& pass = all_passes()[i];
    if (find_pass(pass.name) != &pass) continue;  // it stood earlier
    for (uint64_t seed = 1; seed <= 60; ++seed) {
      test::BuiltCase built = test::random_graph(1000 * i + seed);
      Graph after = pass.run(built.graph);
      auto wrong = graph::verify(after);
      ASSERT_FALSE(wrong) << pass.name << ", seed " << seed << ": " << wrong->text();
      auto got = graph::eval(after, built.inputs);
      ASSERT_TRUE(got) << pass.name << ", seed " << seed << ": " << got.error().text();
      auto text = test::random_difference(built, *got);
      ASSERT_FALSE(text) << pass.name << ", seed " << seed << ": " << *text << "\n"
                         << graph::print(built.graph) << graph::print(after);
    }
  }
}

// Walks over ops that move or treat axes alike; every value is small and of rank 1 to 5.
class ViewWalk {
 public:
  explicit ViewWalk(uint64_t seed) : rng_(seed), b_(graph_) {}

  Graph run() {
    values_.push_back(b_.input("x", {DType::f32, {2, 3, 4, 5}}));
    values_.push_back(b_.input("y", {DType::f32, {2, 5, 4, 3}}));
    for (int i = 0; i < 14; ++i) {
      NodeId next = step(values_[pick(values_.size())]);
      if (b_.shape(next).elements() <= 4000 && b_.shape(next).rank() <= 5) values_.push_back(next);
    }
    b_.output("last", values_.back());
    b_.output("other", values_[pick(values_.size())]);
    return std::move(graph_);
  }

 private:
  size_t pick(size_t n) { return static_cast<size_t>(rng_.below(static_cast<int64_t>(n))); }

  Dims shuffled(size_t rank) {
    Dims perm = identity_dims(rank);
    for (size_t i = rank; i > 1; --i) std::swap(perm[i - 1], perm[pick(i)]);
    return perm;
  }

  Tensor random_constant(TensorType type) {
    Tensor t(std::move(type));
    for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, rng_.uniform(-1, 1));
    return t;
  }

  // Splits an axis in two, merges two neighbours, or adds or drops an axis of size 1.
  Shape regrouped(const Shape& shape) {
    Dims dims = shape.dims();
    size_t at = pick(dims.size() + 1);
    if (at == dims.size()) {
      dims.insert(dims.begin() + static_cast<int64_t>(pick(dims.size() + 1)), 1);
    } else if (dims[at] == 1) {
      dims.erase(dims.begin() + static_cast<int64_t>(at));
    } else if (dims[at] % 2 == 0 && dims[at] > 2) {
      dims[at] /= 2;
      dims.insert(dims.begin() + static_cast<int64_t>(at + pick(2)), 2);
    } else if (at + 1 < dims.size()) {
      dims[at] *= dims[at + 1];
      dims.erase(dims.begin() + static_cast<int64_t>(at + 1));
    }
    return Shape(dims);
  }

  NodeId step(NodeId x) {
    const Shape shape = b_.shape(x);
    if (shape.rank() == 0) return b_.reshape(x, {1});
    size_t axis = pick(shape.rank());
    auto a = static_cast<int64_t>(axis);
    switch (pick(13)) {
      case 0:
      case 1:
      case 2: return b_.transpose(x, shuffled(shape.rank()));
      case 3:
      case 4: return b_.reshape(x, regrouped(shape));
      case 5: return b_.add(x, per_axis(shape, a));
      case 6: return same_shape(x);
      case 7: return b_.reverse(x, {a});
      case 8: return b_.concatenate({x, b_.tanh(x)}, a);
      case 9: return b_.mul(x, b_.broadcast_to(b_.reduce_keep(x, ReduceKind::max, {a}), shape));
      case 10: return window(x, axis);
      case 11: return project(x, a);
      default: return b_.gather(x, indices(), a);
    }
  }

  NodeId per_axis(const Shape& shape, int64_t axis) {
    NodeId c = b_.constant(random_constant({DType::f32, {shape[to_index(axis)]}}));
    return b_.broadcast(c, shape, {axis});
  }

  // x plus a value of its shape, of those there are.
  NodeId same_shape(NodeId x) {
    for (NodeId y : values_) {
      if (y != x && b_.shape(y) == b_.shape(x)) return b_.add(x, y);
    }
    return b_.tanh(x);
  }

  NodeId window(NodeId x, size_t axis) {
    size_t rank = b_.shape(x).rank();
    graph::WindowAttr attr{ReduceKind::max, Dims(rank, 1), Dims(rank, 1),
                           Dims(rank, 1),   Dims(rank, 0), Dims(rank, 0)};
    attr.window[axis] = 2;
    attr.high[axis] = 1;
    return b_.reduce_window(x, attr);
  }

  // A product with constant weights that contracts one axis, or two neighbours flattened.
  NodeId project(NodeId x, int64_t axis) {
    if (axis > 0 && axis + 1 == static_cast<int64_t>(b_.shape(x).rank())) {
      Dims dims = b_.shape(x).dims();
      dims[to_index(axis - 1)] *= dims.back();
      dims.pop_back();
      x = b_.reshape(x, Shape(dims));
      --axis;
    }
    NodeId w = b_.constant(random_constant({DType::f32, {3, b_.shape(x)[to_index(axis)]}}));
    return b_.dot_general(x, w, {{}, {}, {axis}, {1}});
  }

  NodeId indices() {
    std::vector<int64_t> at = {1, 0, 3};
    return b_.constant(Tensor::from_ints({DType::i64, {3}}, at));
  }

  Rng rng_;
  Graph graph_;
  Builder b_;
  std::vector<NodeId> values_;
};

TEST(RandomPasses, KeepTheValuesOfViews) {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Graph before = ViewWalk(seed).run();
    auto done = run_passes(before, {.verify = true});
    ASSERT_TRUE(done) << "seed " << seed << ": " << done.error().text();
    std::string text = test::difference(before, done->graph, seed);
    ASSERT_EQ(text, "") << "seed " << seed << "\n"
                        << graph::print(before) << graph::print(done->graph);
  }
}

// Running all passes again finds nothing to do.
TEST(RandomPasses, LeaveNothingToDo) {
  int changed = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    auto once = run_passes(ViewWalk(seed).run());
    auto twice = run_passes(once->graph);
    changed += twice->graph.size() != once->graph.size();
  }
  EXPECT_LE(changed, 3);
}

}  // namespace

}  // namespace burin::passes
