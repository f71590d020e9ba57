// Long reductions become two, with the same value.
#include "passes/split_reductions.h"

#include <gtest/gtest.h>

#include "graph/eval.h"
#include "graph/verify.h"
#include "tests/support/op_cases.h"
#include "tests/support/run_case.h"

namespace burin::passes {
namespace {

using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

test::BuiltCase reduction(Dims shape, Dims axes, ReduceKind kind) {
  test::OpCase row{"reduction", Op::reduce,
                   [&](test::CaseBuilder& b) { return b.reduce(b.f32(shape), kind, axes); }};
  return test::build_case(row);
}

int count_reductions(const graph::Graph& graph) {
  int count = 0;
  for (const graph::Node& node : graph.nodes) count += node.op == Op::reduce;
  return count;
}

TEST(SplitReductions, LongOnesBecomeTwo) {
  struct Row {
    Dims shape, axes;
  };
  const Row rows[] = {{{1 << 18}, {0}}, {{2, 640, 257}, {1, 2}}, {{96, 3, 1024}, {0, 2}}};
  for (const Row& row : rows) {
    for (ReduceKind kind : {ReduceKind::sum, ReduceKind::max}) {
      test::BuiltCase built = reduction(row.shape, row.axes, kind);
      graph::Graph split = split_reductions(built.graph);
      auto objection = graph::verify(split);
      ASSERT_FALSE(objection) << objection->text();
      EXPECT_EQ(count_reductions(split), 2);
      EXPECT_EQ(split.type(split.outputs[0].node), built.graph.type(built.graph.outputs[0].node));
      auto got = graph::eval(split, built.inputs);
      ASSERT_TRUE(got);
      auto wrong = test::difference_to_oracle(built.graph, built.inputs, *got);
      EXPECT_FALSE(wrong) << Shape(row.shape).text() << ": " << *wrong;
    }
  }
}

// The mean of each channel, or of each pixel, and what it is for.
test::BuiltCase mean(Dims shape, Dims axes, Dims kept, bool subtracted) {
  test::OpCase row{"mean", Op::reduce, [&](test::CaseBuilder& b) {
                     NodeId x = b.f32(shape);
                     NodeId mean = b.with_scalar(Op::mul, b.reduce(x, ReduceKind::sum, axes), 0.5);
                     return subtracted ? b.sub(x, b.broadcast(mean, b.shape(x), kept)) : mean;
                   }};
  return test::build_case(row);
}

TEST(SplitReductions, ShorterOnesSideBySideBecomeTwo) {
  test::BuiltCase built = mean({2, 14, 14, 33}, {1, 2}, {0, 3}, false);
  graph::Graph split = split_reductions(built.graph);
  EXPECT_EQ(count_reductions(split), 2);
  auto got = graph::eval(split, built.inputs);
  ASSERT_TRUE(got);
  auto wrong = test::difference_to_oracle(built.graph, built.inputs, *got);
  EXPECT_FALSE(wrong) << *wrong;
  auto stays = [](const test::BuiltCase& whole) {
    return count_reductions(split_reductions(whole.graph)) == 1;
  };
  EXPECT_TRUE(stays(mean({2, 14, 14, 33}, {1, 2}, {0, 3}, true)));    // a norm
  EXPECT_TRUE(stays(mean({2, 33, 14, 14}, {2, 3}, {0, 1}, false)));   // each row by itself
  EXPECT_TRUE(stays(mean({16, 14, 14, 33}, {1, 2}, {0, 3}, false)));  // images enough
  EXPECT_TRUE(stays(mean({2, 14, 14, 33}, {0, 1, 2}, {3}, false)));   // of all images
  EXPECT_TRUE(stays(mean({1, 7, 7, 33}, {1, 2}, {0, 3}, false)));     // short
  EXPECT_TRUE(stays(mean({1, 5, 5, 999}, {1, 2}, {0, 3}, false)));    // little for each result
}

TEST(SplitReductions, OthersStay) {
  EXPECT_EQ(count_reductions(split_reductions(reduction({64, 64}, {0}, ReduceKind::sum).graph)), 1);
  // Many results share the work already.
  EXPECT_EQ(count_reductions(split_reductions(reduction({1024, 512}, {1}, ReduceKind::sum).graph)),
            1);
  // A prime axis has no parts.
  EXPECT_EQ(count_reductions(split_reductions(reduction({262147}, {0}, ReduceKind::sum).graph)), 1);
}

}  // namespace
}  // namespace burin::passes
