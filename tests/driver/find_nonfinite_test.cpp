// Where numbers stop being finite, in graphs whose nodes are fused into one kernel and in others.
#include "driver/find_nonfinite.h"

#include <gtest/gtest.h>

#include <limits>

#include "graph/builder.h"
#include "isa/target.h"

namespace burin::driver {
namespace {

using graph::NodeId;

std::optional<NonFinite> find(graph::Graph& g, const std::vector<Tensor>& inputs) {
  CompileOptions options;
  options.target = *isa::target_from_name("native");
  options.keep = true;
  auto compiled = compile(g, options);
  EXPECT_TRUE(compiled) << compiled.error().text();
  auto found = find_nonfinite(*compiled, inputs, 1);
  EXPECT_TRUE(found) << found.error().text();
  return *found;
}

Tensor values(std::vector<double> v) {
  return Tensor::from_doubles({DType::f32, {static_cast<int64_t>(v.size())}}, v);
}

// sqrt(log(x) + 1), each of its three nodes from a layer of its own.
graph::Graph chain() {
  graph::Graph g;
  graph::Builder b(g);
  TensorType type{DType::f32, {4}};
  NodeId x = b.input("x", type);
  b.set_source(g.sources.push_back({"logarithm", "Log"}));
  NodeId l = b.log(x);
  b.set_source(g.sources.push_back({"plus", "Add"}));
  NodeId p = b.add(l, b.full(type, 1));
  b.set_source(g.sources.push_back({"root", "Sqrt"}));
  b.output("y", b.sqrt(p));
  return g;
}

TEST(FindNonFinite, SeesInsideAFusedKernel) {
  graph::Graph g = chain();
  EXPECT_FALSE(find(g, {values({1, 2, 3, 4})}));
  auto root = find(g, {values({1, 2, 0.1, 4})});  // log 0.1 + 1 < 0
  ASSERT_TRUE(root);
  EXPECT_EQ(root->layer, "root");
  EXPECT_EQ(root->count.nans, 1);
  EXPECT_EQ(root->count.first, 2);
  auto logarithm = find(g, {values({1, -2, 0, 4})});
  ASSERT_TRUE(logarithm);
  EXPECT_EQ(logarithm->layer, "logarithm");
  EXPECT_EQ(logarithm->op, "log");
  EXPECT_EQ(logarithm->text(),
            "log of 'logarithm' makes 1 NaN and 1 infinite of 4 values, f32[4], the first at [1]");
}

TEST(FindNonFinite, BlamesAnInputForItself) {
  graph::Graph g = chain();
  auto found = find(g, {values({1, 2, std::numeric_limits<double>::infinity(), 4})});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->op, "parameter");
  EXPECT_EQ(found->layer, "x");
}

// A masked softmax is finite though its mask is not; a row of nothing but mask is NaN.
TEST(FindNonFinite, LetsMasksPassButNotWhatTheyBreak) {
  auto masked = [](bool whole_row) {
    graph::Graph g;
    graph::Builder b(g);
    TensorType type{DType::f32, {2, 3}};
    NodeId x = b.input("x", type);
    Tensor mask(type);
    mask.set_double(1, -std::numeric_limits<double>::infinity());
    for (int64_t i = 3; whole_row && i < 6; ++i) {
      mask.set_double(i, -std::numeric_limits<double>::infinity());
    }
    b.set_source(g.sources.push_back({"softmax", "Softmax"}));
    NodeId s = b.add(x, b.constant(mask));
    NodeId top = b.reduce(s, graph::ReduceKind::max, {1});
    NodeId e = b.exp(b.sub(s, b.broadcast(top, type.shape, {0})));
    NodeId sum = b.reduce(e, graph::ReduceKind::sum, {1});
    b.output("y", b.div(e, b.broadcast(sum, type.shape, {0})));
    return g;
  };
  Tensor x({DType::f32, {2, 3}});
  graph::Graph good = masked(false), bad = masked(true);
  EXPECT_FALSE(find(good, {x}));
  auto found = find(bad, {x});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->layer, "softmax");
  EXPECT_EQ(found->count.nans, 3);
}

TEST(AllFinite, LooksAtEveryElementOfEveryFloat) {
  for (DType dtype : {DType::f32, DType::f64, DType::f16}) {
    for (int64_t at = 0; at < 37; ++at) {
      Tensor t({dtype, {37}});
      EXPECT_TRUE(all_finite(t));
      t.set_double(at, at % 2 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN());
      EXPECT_FALSE(all_finite(t));
      EXPECT_EQ(count_nonfinite(t).first, at);
    }
  }
  EXPECT_TRUE(all_finite(Tensor({DType::i64, {3}})));
}

}  // namespace
}  // namespace burin::driver
