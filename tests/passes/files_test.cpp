// Each pass on text files: tests/passes/text/<pass>.graph. The input must mean the same as the
// output.
#include <gtest/gtest.h>

#include <sstream>

#include "graph/parse.h"
#include "graph/print.h"
#include "passes/run.h"
#include "tests/support/same_values.h"
#include "tests/support/text_cases.h"

namespace burin::passes {

namespace {

// Runs the passes named in `what`, separated by blanks.
std::string run_named(const std::string& what, const std::string& input) {
  auto graph = graph::parse(input, "case");
  if (!graph) return "error: " + graph.error().text();
  graph::Graph current = *graph;
  std::istringstream names(what);
  for (std::string name; names >> name;) {
    const Pass* pass = find_pass(name);
    if (!pass) return "error: no pass " + name;
    current = pass->run(current);
  }
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_EQ(test::difference(*graph, current, seed), "") << input;
  }
  return graph::print(current);
}

}  // namespace

TEST(PassFiles, KeepTheirExpectations) {
  test::run_text_cases("tests/passes/text", ".graph", run_named);
}

}  // namespace burin::passes
