// Winograd convolution on odd shapes against the evaluator, and how large its errors are.
#include <gtest/gtest.h>

#include "base/checked.h"
#include "lower/kernels/winograd.h"
#include "tests/support/dense_case.h"
#include "tests/support/engrave_support.h"

namespace burin::test {
namespace {

DenseCase square_case(std::string name, Dims x, int64_t out, Dims low, Dims high) {
  int64_t in = x.back();
  return conv_case(std::move(name), std::move(x), {3, 3, in, out}, {1, 1}, std::move(low),
                   std::move(high), {1, 1});
}

std::vector<DenseCase> winograd_cases() {
  return {
      square_case("one pixel", {1, 1, 1, 1}, 1, {1, 1}, {1, 1}),
      square_case("small", {1, 3, 3, 3}, 17, {1, 1}, {1, 1}),
      square_case("even", {1, 12, 12, 16}, 32, {1, 1}, {1, 1}),
      square_case("odd", {1, 7, 17, 33}, 7, {1, 1}, {1, 1}),
      square_case("batch", {3, 7, 5, 19}, 49, {1, 1}, {1, 1}),
      square_case("valid", {2, 9, 14, 5}, 33, {0, 0}, {0, 0}),
      square_case("valid of one tile", {1, 3, 8, 17}, 16, {0, 0}, {0, 0}),
      square_case("wide", {1, 2, 33, 8}, 40, {1, 1}, {1, 1}),
      square_case("asymmetric", {1, 6, 8, 3}, 24, {2, 0}, {0, 2}),
      square_case("padded twice", {1, 4, 5, 6}, 16, {2, 2}, {2, 2}),
      square_case("cropped", {1, 11, 9, 4}, 16, {-1, -2}, {-1, 1}),
  };
}

struct Cut {
  int64_t block = 28, panels = 8;  // Winograd tiles and panels of output channels, at most
  // The weights transformed next to their products, in more than one step if possible.
  bool chunks = false;
  bool known = true;  // the weights while compiling, else by a kernel in front
};

int64_t largest_divisor(int64_t n) {
  int64_t factor = 2;
  while (factor < n && n % factor != 0) ++factor;
  return std::max<int64_t>(1, n / factor);
}

MakeKernels winograd(int64_t m, Cut cut) {
  return [=](const lower::DenseJob& job) {
    EXPECT_EQ(lower::cannot_winograd(job).value_or(""), "");
    lower::DenseKernels unused;
    lower::Conv conv = lower::phases_of(job, unused)[0];
    lower::WinogradPlan plan = lower::plan_winograd(conv, m, *job.machine);
    plan.block = std::min(cut.block, plan.grid.tiles);
    plan.blocks = ceil_div(plan.grid.tiles, plan.block);
    plan.rows = std::min(plan.rows, plan.block);
    plan.panel_block = std::min(cut.panels, plan.panels);
    plan.chunk = cut.chunks ? largest_divisor(conv.in) : 0;
    return lower::make_winograd(job, plan);
  };
}

TEST(Winograd, Interpreted) {
  for (DenseCase c : winograd_cases()) {
    c.epilogue = c.name != "even";
    for (int bits : {256, 512}) {
      for (int64_t m : {2, 4, 6}) {
        for (Cut cut : {Cut{5, 1, false}, Cut{5, 1, true}, Cut{5, 1, false, false}}) {
          c.constant_weights = cut.known;
          DenseOutcome made = run_dense(c, machine_of(bits), winograd(m, cut), interpret_tile());
          EXPECT_EQ(made.failure, "") << bits << " bits, F(" << m << ", 3)";
        }
      }
    }
  }
}

TEST(Winograd, AsMachineCode) {
  const Cut cuts[] = {
      {3, 2, false}, {40, 2, false}, {40, 2, true}, {7, 1, true}, {7, 2, false, false}};
  for (const isa::Target& target : isa::runnable_targets()) {
    for (DenseCase c : winograd_cases()) {
      c.epilogue = true;
      for (int64_t m : {2, 4, 6}) {
        for (const Cut& cut : cuts) {
          c.constant_weights = cut.known;
          DenseOutcome made = run_dense(c, target.machine, winograd(m, cut), engraved_tile(target));
          EXPECT_EQ(made.failure, "") << target.name << ", F(" << m << ", 3)";
        }
      }
    }
  }
}

// So many that a kernel in front stores them past the caches.
TEST(Winograd, ManyWeightsThatABufferHolds) {
  DenseCase c = square_case("many", {1, 4, 5, 344}, 344, {1, 1}, {1, 1});
  c.constant_weights = false;
  for (const isa::Target& target : isa::runnable_targets()) {
    DenseOutcome made =
        run_dense(c, target.machine, winograd(4, {7, 2, false, false}), engraved_tile(target));
    EXPECT_EQ(made.failure, "") << target.name;
  }
}

// Channels as in real networks: the errors relative to the largest result.
TEST(Winograd, ErrorsAreBounded) {
  isa::Target target = isa::host_target().value();
  const std::pair<int64_t, double> bounds[] = {{2, 2e-6}, {4, 5e-6}, {6, 2.5e-5}};
  for (int64_t channels : {16, 64, 256}) {
    DenseCase c = square_case("deep", {1, 15, 14, channels}, 32, {1, 1}, {1, 1});
    for (double mean : {0.0, 1.0}) {
      c.mean = mean;
      for (auto [m, bound] : bounds) {
        for (Cut cut : {Cut{28, 8}, Cut{28, 8, true}, Cut{28, 8, false, false}}) {
          c.constant_weights = cut.known;
          DenseOutcome made = run_dense(c, target.machine, winograd(m, cut), engraved_tile(target));
          EXPECT_EQ(made.failure, "");
          EXPECT_LT(made.error, bound)
              << channels << " channels, mean " << mean << ", F(" << m << ", 3)"
              << (cut.chunks ? ", in chunks" : "") << (cut.known ? "" : ", by a kernel in front");
        }
      }
    }
  }
}

TEST(Winograd, IsChosenWhereItPays) {
  auto algorithm = [](DenseCase c) {
    return run_dense(c, machine_of(512), "", [](auto&&...) { return std::string(); }).algorithm;
  };
  EXPECT_TRUE(algorithm(square_case("56", {1, 56, 56, 64}, 64, {1, 1}, {1, 1}))
                  .starts_with("winograd, F(4, 3)"));
  EXPECT_TRUE(algorithm(square_case("few channels", {1, 56, 56, 3}, 64, {1, 1}, {1, 1}))
                  .starts_with("conv,"));
  EXPECT_TRUE(algorithm(square_case("few pixels", {1, 2, 2, 256}, 256, {1, 1}, {1, 1}))
                  .starts_with("conv,"));
}

}  // namespace
}  // namespace burin::test
