// The trained networks marked `basic`, evaluated on their stored inputs, give their stored outputs.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/conformance.h"
#include "tests/support/models.h"

namespace burin::test {
namespace {

// The names of the README's table with the given tier.
std::vector<std::string> models_of_tier(const std::string& tier) {
  std::vector<std::string> names;
  std::ifstream readme(models_folder() / "README.md");
  for (std::string line; std::getline(readme, line);) {
    size_t bar = line.find(" | ");
    if (line.starts_with("| ") && line.substr(bar + 3).starts_with(tier + " |")) {
      names.push_back(line.substr(2, bar - 2));
    }
  }
  return names;
}

TEST(Models, BasicOnesEvaluateToTheirStoredOutputs) {
  std::vector<ConformanceCase> cases;
  for (const std::string& name : models_of_tier("basic")) {
    cases.push_back({"models", name, models_folder() / name});
  }
  if (cases.empty()) GTEST_SKIP() << "no models at " << models_folder();
  CaseOptions options{.jobs = 2, .relative_to_largest = 1e-4};
  for (const CaseResult& result : run_conformance(cases, options)) {
    const Outcome& outcome = result.outcomes[static_cast<size_t>(Column::evaluator)];
    EXPECT_EQ(outcome.status, Status::pass) << result.test.name << ": " << outcome.reason;
  }
}

}  // namespace
}  // namespace burin::test
