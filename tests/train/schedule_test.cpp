// Schedules at the points where their formulas are known.
#include "train/schedule.h"

#include <gtest/gtest.h>

namespace burin::train {
namespace {

double at(const char* name, int64_t step, ScheduleOptions options = {.steps = 100}) {
  return factor_at(*find_schedule(name), step, options);
}

TEST(Schedule, Values) {
  EXPECT_EQ(at("constant", 73), 1);
  EXPECT_EQ(at("cosine", 0), 1);
  EXPECT_NEAR(at("cosine", 50), 0.5, 1e-12);
  EXPECT_NEAR(at("cosine", 100), 0, 1e-12);
  EXPECT_NEAR(at("cosine", 100, {.steps = 100, .final_factor = 0.1}), 0.1, 1e-12);
  EXPECT_EQ(at("step", 33), 1);
  EXPECT_NEAR(at("step", 34), 0.1, 1e-12);
  EXPECT_NEAR(at("step", 99), 0.01, 1e-12);
  EXPECT_NEAR(at("step", 20, {.steps = 100, .step_every = 10, .gamma = 0.5}), 0.25, 1e-12);
  EXPECT_NEAR(at("one_cycle", 0), 1.0 / 25, 1e-12);
  EXPECT_NEAR(at("one_cycle", 30), 1, 1e-12);
  EXPECT_NEAR(at("one_cycle", 100), 1.0 / 250000, 1e-12);
}

TEST(Schedule, WarmUpRisesInALineAndTheScheduleFollows) {
  ScheduleOptions options{.steps = 104, .warmup_steps = 4};
  EXPECT_NEAR(at("cosine", 0, options), 0.2, 1e-12);
  EXPECT_NEAR(at("cosine", 3, options), 0.8, 1e-12);
  EXPECT_EQ(at("cosine", 4, options), 1);
  EXPECT_NEAR(at("cosine", 54, options), 0.5, 1e-12);
}

TEST(Schedule, UnknownNamesAreNull) { EXPECT_EQ(find_schedule("exponential"), nullptr); }

}  // namespace
}  // namespace burin::train
