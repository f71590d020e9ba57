// Gradients of random graphs: valid, and the same however they are executed.
#include <gtest/gtest.h>

#include "graph/verify.h"
#include "tests/support/gradient_case.h"
#include "tests/support/random_graph.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

class RandomGradients : public testing::TestWithParam<Execution> {};

TEST_P(RandomGradients, AgreeWithTheOracle) {
  if (auto reason = GetParam().unavailable()) GTEST_SKIP() << *reason;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    BuiltCase built = random_graph(seed);
    auto graph = gradient_graph(built.graph);
    ASSERT_TRUE(graph) << "seed " << seed << ": " << graph.error().text();
    auto finding = graph::verify(*graph);
    ASSERT_FALSE(finding) << "seed " << seed << ": " << finding->text();
    built.graph = *std::move(graph);
    auto got = GetParam().run(built.graph, built.inputs);
    ASSERT_TRUE(got) << "seed " << seed << ": " << got.error().text();
    auto text = random_difference(built, *got);
    EXPECT_FALSE(text) << "seed " << seed << ": " << *text;
  }
}

INSTANTIATE_TEST_SUITE_P(Executions, RandomGradients, testing::ValuesIn(executions()),
                         [](const auto& info) { return info.param.name; });

}  // namespace

}  // namespace burin::test
