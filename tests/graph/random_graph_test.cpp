// Random graphs are valid, tame, cover the primitives, and mean the same however they are executed.
#include "tests/support/random_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "graph/parse.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "tests/support/run_case.h"
#include "tests/support/shrink_graph.h"

namespace burin::test {

namespace {

constexpr uint64_t kSeeds = 150;

TEST(RandomGraph, IsValidAndReadsBack) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    graph::Graph graph = random_graph(seed).graph;
    auto finding = graph::verify(graph);
    ASSERT_FALSE(finding) << "seed " << seed << ": " << finding->text();
    std::string text = graph::print(graph);
    auto parsed = graph::parse(text);
    ASSERT_TRUE(parsed) << "seed " << seed << ": " << parsed.error().text();
    EXPECT_EQ(graph::print(*parsed), text);
  }
}

TEST(RandomGraph, CoversEveryPrimitive) {
  std::set<graph::Op> seen;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const graph::Node& node : random_graph(seed).graph.nodes) seen.insert(node.op);
  }
  for (size_t i = 0; i < graph::kOpCount; ++i) {
    auto op = static_cast<graph::Op>(i);
    EXPECT_TRUE(seen.contains(op)) << name_of(op);
  }
}

TEST(RandomGraph, OfOneSeedIsAlwaysTheSame) {
  EXPECT_EQ(graph::print(random_graph(7).graph), graph::print(random_graph(7).graph));
}

TEST(Shrink, KeepsTheSmallestPartThatFails) {
  BuiltCase built = random_graph(7, {.steps = 20});
  auto computes = [](const BuiltCase& part) -> std::optional<std::string> {
    auto nodes = std::ranges::count(part.graph.nodes, graph::Op::parameter, &graph::Node::op);
    if (static_cast<size_t>(nodes) == part.graph.size()) return std::nullopt;
    return "a graph of " + std::to_string(part.graph.size());
  };
  Shrunk small = shrink(built, "the whole", computes);
  EXPECT_LT(small.part.graph.size(), built.graph.size());
  EXPECT_EQ(small.complaint, "a graph of " + std::to_string(small.part.graph.size()));
}

// What fails now and then may not fail again.
TEST(Shrink, KeepsTheComplaintOfAFailureThatDoesNotComeBack) {
  BuiltCase built = random_graph(7);
  Shrunk whole = shrink(built, "once", [](const BuiltCase&) { return std::nullopt; });
  EXPECT_EQ(whole.complaint, "once");
  EXPECT_EQ(whole.part.graph.outputs.size(), built.graph.outputs.size());
  int asked = 0;
  Shrunk part = shrink(built, "once", [&](const BuiltCase&) -> std::optional<std::string> {
    if (asked++ > 0) return std::nullopt;
    return "twice";
  });
  EXPECT_EQ(part.complaint, "twice");
  EXPECT_EQ(part.part.graph.outputs.size(), 1u);
}

class RandomGraphs : public testing::TestWithParam<Execution> {};

TEST_P(RandomGraphs, AgreeWithTheOracle) {
  if (auto reason = GetParam().unavailable()) GTEST_SKIP() << *reason;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    BuiltCase built = random_graph(seed);
    auto got = GetParam().run(built.graph, built.inputs);
    ASSERT_TRUE(got) << "seed " << seed << ": " << got.error().text();
    auto text = random_difference(built, *got);
    EXPECT_FALSE(text) << "seed " << seed << ": " << *text;
  }
}

INSTANTIATE_TEST_SUITE_P(Executions, RandomGraphs, testing::ValuesIn(executions()),
                         [](const auto& info) { return info.param.name; });

}  // namespace

}  // namespace burin::test
