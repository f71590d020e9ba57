// A sample of ONNX's own cases: whatever is supported must be right, nothing may crash or hang.
#include <gtest/gtest.h>

#include "tests/support/conformance.h"

namespace burin::test {
namespace {

TEST(Conformance, EveryTenthCasePassesOrIsRefused) {
  std::vector<ConformanceCase> all = conformance_cases(), sample;
  if (all.empty()) GTEST_SKIP() << "no cases at " << conformance_folder() << " (libonnx-testdata)";
  for (size_t i = 0; i < all.size(); i += 10) sample.push_back(all[i]);
  size_t passes = 0;
  for (const CaseResult& result : run_conformance(sample, {.jobs = 2})) {
    for (const Outcome& outcome : result.outcomes) {
      passes += outcome.status == Status::pass;
      if (outcome.status == Status::unsupported) {
        EXPECT_FALSE(outcome.reason.empty()) << result.test.name;
      } else {
        EXPECT_EQ(outcome.status, Status::pass) << result.test.name << ": " << outcome.reason;
      }
    }
  }
  EXPECT_GE(passes, sample.size() * 7 / 10);
}

}  // namespace
}  // namespace burin::test
