// Random graphs are valid, tame, cover the primitives, and mean the same however they are executed.
#include "tests/support/random_graph.h"

#include <gtest/gtest.h>

#include <set>

#include "graph/parse.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "tests/support/run_case.h"

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
