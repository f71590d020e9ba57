// The check of gradients: it passes what is right and finds what is not.
#include "train/gradient_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/tiny_network.h"

namespace burin::train {
namespace {

GradientCheckOptions small_check() {
  GradientCheckOptions options;
  options.step.batch = 4;
  options.step.optimiser = "sgd";
  options.programs.compile.target = *isa::target_from_name("native");
  return options;
}

TEST(GradientCheck, PassesEveryParameterOfANetwork) {
  Trainable network = test::tiny_network();
  std::vector<size_t> seen;
  GradientCheckOptions options = small_check();
  options.progress = [&](size_t done, size_t) { seen.push_back(done); };
  auto reports = check_gradients(network, options);
  ASSERT_TRUE(reports) << reports.error().text();
  ASSERT_EQ(reports->size(), network.parameters.size());
  EXPECT_EQ(seen.size(), network.parameters.size());
  for (const GradientReport& r : *reports) {
    EXPECT_TRUE(r.good()) << r.name << " " << r.checked << " " << r.wrong << " "
                          << r.compiled.relative();
    EXPECT_GE(r.checked, 3) << r.name;
    EXPECT_LE(r.checked, options.samples) << r.name;
    EXPECT_LT(r.error, 1e-5) << r.name;
    EXPECT_LT(r.compiled.relative(), 1e-4) << r.name;
  }
}

TEST(GradientCheck, StopsWhenAsked) {
  Trainable network = test::tiny_network();
  GradientCheckOptions options = small_check();
  options.stop = [asked = 0]() mutable { return asked++ == 2; };
  auto reports = check_gradients(network, options);
  ASSERT_TRUE(reports) << reports.error().text();
  EXPECT_EQ(reports->size(), 2u);
}

// The verdict on a gradient of f at x.
Verdict verdict(double (*f)(double), double x, double gradient) {
  auto moved = [&](double step) { return Result<double>(f(x + step) - f(x)); };
  return judge_gradient(moved, gradient, std::abs(gradient), 1e-14)->verdict;
}

TEST(GradientCheck, TellsRightFromWrongAndBothFromKinks) {
  auto square = [](double x) { return x * x; };
  auto hinge = [](double x) { return std::max(x, 0.0); };
  EXPECT_EQ(verdict(square, 1, 2), Verdict::agrees);
  EXPECT_EQ(verdict(square, 1, 2.001), Verdict::wrong);
  EXPECT_EQ(verdict(square, 1, -2), Verdict::wrong);
  EXPECT_EQ(verdict(square, 1, 0), Verdict::wrong);
  EXPECT_EQ(verdict(hinge, 0, 1), Verdict::kink);
  EXPECT_EQ(verdict(hinge, 2e-6, 1), Verdict::agrees);  // the kink is beyond the second step
  EXPECT_EQ(verdict(hinge, 2e-6, 0.9), Verdict::wrong);
  EXPECT_EQ(verdict([](double) { return 0.0; }, 1, 0), Verdict::agrees);
  EXPECT_EQ(verdict([](double) { return std::nan(""); }, 1, 1), Verdict::kink);
}

TEST(GradientCheck, ReportsAreGoodOnlyWithoutFaults) {
  GradientReport r{.checked = 3, .compiled_tolerance = 1e-4};
  EXPECT_TRUE(r.good());
  r.wrong = 1;
  EXPECT_FALSE(r.good());
  r.wrong = 0, r.compiled = {.max_absolute = 1, .max_wanted = 10};
  EXPECT_FALSE(r.good());
  r = {.kinks = 8};
  EXPECT_FALSE(r.good());
}

}  // namespace
}  // namespace burin::train
