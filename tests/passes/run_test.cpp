// The wrapper around passes: order, switches, bisecting, dumps.
#include "passes/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "graph/builder.h"

namespace burin::passes {

namespace {

graph::Graph small_graph() {
  graph::Graph g;
  graph::Builder b(g);
  graph::NodeId x = b.input("x", {DType::f32, {2}});
  b.neg(x);
  b.output("y", b.add(b.exp(x), b.exp(x)));
  return g;
}

}  // namespace

TEST(RunPasses, RequiredPassesStandEarlier) {
  auto passes = all_passes();
  for (size_t i = 0; i < passes.size(); ++i) {
    if (passes[i].requires_pass.empty()) continue;
    auto before = passes.subspan(0, i);
    EXPECT_NE(std::ranges::find(before, passes[i].requires_pass, &Pass::name), before.end())
        << passes[i].name;
  }
}

TEST(RunPasses, RunsAllAndTimesThem) {
  std::ostringstream dump;
  auto done = run_passes(small_graph(), {.verify = true, .dump = &dump});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->times.size(), all_passes().size());
  EXPECT_EQ(done->graph.size(), 3u);
  EXPECT_NE(dump.str().find("// after " + std::string(all_passes()[0].name)), std::string::npos);
}

TEST(RunPasses, SwitchesAndBisects) {
  PassOptions options;
  for (const Pass& pass : all_passes()) options.disabled.emplace_back(pass.name);
  EXPECT_EQ(run_passes(small_graph(), options)->graph.size(), 5u);
  EXPECT_EQ(run_passes(small_graph(), {.bisect_limit = 0})->graph.size(), 5u);
  EXPECT_EQ(run_passes(small_graph(), {.bisect_limit = 1})->times.size(), 1u);
}

TEST(RunPasses, RefusesUnknownNames) {
  auto done = run_passes(small_graph(), {.disabled = {"simplfy"}});
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().text().find("eliminate_dead_nodes"), std::string::npos);
}

}  // namespace burin::passes
