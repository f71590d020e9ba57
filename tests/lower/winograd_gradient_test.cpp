// Gradients of weights by Winograd's algorithm on odd shapes against the evaluator, and how large
// their errors are.
#include "lower/kernels/winograd_gradient.h"

#include <gtest/gtest.h>

#include "base/checked.h"
#include "tests/support/dense_case.h"
#include "tests/support/engrave_support.h"

namespace burin::test {
namespace {

std::vector<DenseCase> gradient_cases() {
  return {
      gradient_case("one column", {1, 17, 1, 1}, 1, {1, 1}, {1, 1}),
      gradient_case("small", {1, 3, 4, 3}, 17, {1, 1}, {1, 1}),
      gradient_case("even", {1, 12, 12, 16}, 32, {1, 1}, {1, 1}),
      gradient_case("odd", {1, 7, 17, 33}, 7, {1, 1}, {1, 1}),
      gradient_case("batch", {3, 7, 5, 19}, 49, {1, 1}, {1, 1}),
      gradient_case("valid", {2, 9, 14, 5}, 33, {0, 0}, {0, 0}),
      gradient_case("inside", {2, 10, 14, 8}, 16, {0, 0}, {0, 0}),
      gradient_case("wide", {1, 2, 33, 8}, 40, {1, 1}, {1, 1}),
      gradient_case("asymmetric", {1, 6, 8, 3}, 24, {2, 0}, {0, 2}),
      gradient_case("padded twice", {1, 4, 5, 6}, 16, {2, 2}, {2, 2}),
      gradient_case("cropped", {1, 11, 9, 4}, 16, {-1, -2}, {-1, 1}),
  };
}

struct GradientCut {
  int64_t parts = 1, block = 128, groups = 1;  // at most
  int64_t rows = 6, vectors = 1;
};

MakeKernels winograd_gradient(int64_t m, GradientCut cut) {
  return [=](const lower::DenseJob& job) {
    EXPECT_EQ(lower::cannot_winograd_gradient(job).value_or(""), "");
    lower::WeightGradient w = lower::weight_gradient_of(job);
    lower::WinogradGradientPlan plan = lower::cut_winograd_gradient(w, m, cut.parts, cut.block);
    plan.rows = std::min(cut.rows, w.in);
    plan.vectors = std::min(cut.vectors, ceil_div(w.out, int64_t{w.lanes}));
    plan.panels = lower::split_panels(w.out, plan.vectors * w.lanes).count();
    plan.panel_block = ceil_div(plan.panels, cut.groups);
    return lower::make_winograd_gradient(job, plan);
  };
}

const GradientCut kCuts[] = {{1, 128, 1, 6, 2}, {3, 3, 1, 4, 1}, {2, 2, 3, 5, 1}};

TEST(WinogradGradient, Interpreted) {
  for (DenseCase c : gradient_cases()) {
    c.epilogue = c.name != "even";
    for (int bits : {256, 512}) {
      for (int64_t m : lower::kWinogradSizes) {
        for (const GradientCut& cut : kCuts) {
          DenseOutcome made =
              run_dense(c, machine_of(bits), winograd_gradient(m, cut), interpret_tile());
          EXPECT_EQ(made.failure, "") << bits << " bits, F(3, " << m << ")";
        }
      }
    }
  }
}

TEST(WinogradGradient, AsMachineCode) {
  for (const isa::Target& target : isa::runnable_targets()) {
    for (DenseCase c : gradient_cases()) {
      c.epilogue = true;
      for (int64_t m : lower::kWinogradSizes) {
        for (const GradientCut& cut : kCuts) {
          DenseOutcome made =
              run_dense(c, target.machine, winograd_gradient(m, cut), engraved_tile(target));
          EXPECT_EQ(made.failure, "") << target.name << ", F(3, " << m << ")";
        }
      }
    }
  }
}

// Of sums over many pixels, relative to the largest result.
TEST(WinogradGradient, ErrorsAreBounded) {
  isa::Target target = isa::host_target().value();
  const std::pair<int64_t, double> bounds[] = {{2, 2e-6}, {4, 5e-6}, {6, 2.5e-5}};
  for (int64_t images : {1, 8, 32}) {
    DenseCase c = gradient_case("deep", {images, 15, 14, 16}, 32, {1, 1}, {1, 1});
    for (double mean : {0.0, 1.0}) {
      c.mean = mean;
      for (auto [m, bound] : bounds) {
        for (const GradientCut& cut : {GradientCut{1, 128}, GradientCut{8, 16}}) {
          DenseOutcome made =
              run_dense(c, target.machine, winograd_gradient(m, cut), engraved_tile(target));
          EXPECT_EQ(made.failure, "");
          EXPECT_LT(made.error, bound) << images << " images, mean " << mean << ", F(3, " << m
                                       << "), " << cut.parts << " parts";
        }
      }
    }
  }
}

TEST(WinogradGradient, IsChosenWhereItPays) {
  auto algorithm = [](const DenseCase& c) {
    return run_dense(c, machine_of(256), "", [](auto&&...) { return std::string(); }).algorithm;
  };
  EXPECT_TRUE(algorithm(gradient_case("56", {2, 56, 56, 64}, 64, {1, 1}, {1, 1}))
                  .starts_with("winograd_gradient, F(3, "));
  // The shape of an op case, which runs on one thread and two.
  EXPECT_TRUE(algorithm(gradient_case("31", {2, 31, 30, 48}, 72, {1, 1}, {1, 1}))
                  .starts_with("winograd_gradient, F(3, "));
  EXPECT_TRUE(algorithm(gradient_case("few channels", {2, 56, 56, 3}, 64, {1, 1}, {1, 1}))
                  .starts_with("weight_gradient,"));
}

TEST(WinogradGradient, RefusesWithAReason) {
  auto reason = [](const DenseCase& c, bool exact) {
    std::string text;
    loop::Machine machine = machine_of(256);
    with_job(c, machine, [&](const lower::DenseJob& job) {
      lower::DenseJob wanted = job;
      wanted.exact = exact;
      text = lower::cannot_winograd_gradient(wanted).value_or("");
    });
    return text;
  };
  DenseCase square = gradient_case("square", {2, 9, 9, 8}, 8, {1, 1}, {1, 1});
  EXPECT_EQ(reason(square, false), "");
  EXPECT_EQ(reason(square, true), "exact sums were asked for");
  DenseCase strided = square;
  std::get<graph::ConvAttr>(strided.attr).w_dilation = {2, 2};
  std::get<graph::ConvAttr>(strided.attr).high = {9, 9};
  EXPECT_EQ(reason(strided, false), "strides");
  DenseCase wide = gradient_case("wide", {2, 9, 9, 8}, 8, {1, 1}, {1, 1});
  std::get<graph::ConvAttr>(wide.attr).high = {2, 1};
  EXPECT_EQ(reason(wide, false), "the window is not 3 x 3");
  DenseCase many = gradient_case("many", {1, 4, 4, 3000}, 3000, {1, 1}, {1, 1});
  EXPECT_EQ(reason(many, false), "its sums need too much memory");
}

// What is written down makes the same plan again; what fits nothing is ignored.
TEST(WinogradGradient, PlansAreText) {
  DenseCase c = gradient_case("square", {2, 28, 28, 32}, 48, {1, 1}, {1, 1});
  loop::Machine machine = machine_of(256);
  with_job(c, machine, [&](const lower::DenseJob& job) {
    lower::WeightGradient w = lower::weight_gradient_of(job);
    lower::WinogradGradientPlan plan = lower::plan_winograd_gradient(w, machine).value();
    lower::Parameters parameters = lower::parameters_of(plan);
    auto read = lower::winograd_gradient_plan_from(parameters, w, machine);
    ASSERT_TRUE(read);
    EXPECT_EQ(lower::parameters_of(*read), parameters);
    auto alternatives = lower::winograd_gradient_alternatives(job, parameters);
    EXPECT_GE(alternatives.size(), 4u);
    for (auto& [name, value] : parameters) {
      lower::Parameters wrong = parameters;
      for (auto& p : wrong) {
        if (p.first == name) p.second = -1;
      }
      EXPECT_FALSE(lower::winograd_gradient_plan_from(wrong, w, machine)) << name;
    }
  });
}

// Blocks of channels that do not share evenly among the tiles: no group may do another's last one.
TEST(WeightGradient, EveryBlockOfChannelsIsOneTiles) {
  for (int64_t in : {17, 40, 53, 64, 66, 79}) {
    for (int64_t images : {1, 2, 3}) {
      DenseCase c = gradient_case("blocks", {images, 5, 4, in}, 32, {1, 1}, {1, 1});
      for (int bits : {256, 512}) {
        DenseOutcome made = run_dense(c, machine_of(bits), "weight_gradient", interpret_tile());
        EXPECT_EQ(made.failure, "") << in << " channels, " << images << " images, " << bits;
        EXPECT_TRUE(made.algorithm.starts_with("outer products")) << made.algorithm;
      }
    }
  }
}

}  // namespace
}  // namespace burin::test
