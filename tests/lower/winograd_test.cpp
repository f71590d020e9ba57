// Winograd convolution on odd shapes against the evaluator, and how large its errors are.
#include <gtest/gtest.h>

#include "base/checked.h"
#include "lower/kernels/winograd.h"
#include "tests/support/dense_case.h"

namespace burin::test {
namespace {

DenseCase square_case(std::string name, Dims x, int64_t out, Dims low, Dims high) {
  int64_t in = x.back();
  return conv_case(std::move(name), std::move(x), {3, 3, in, out}, {1, 1}, std::move(low),
                   std::move(high), {1, 1});
}

std::vector<DenseCase> cases() {
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

// Blocks of at most `block` Winograd tiles, and `panels` panels of output channels.
MakeKernels winograd(int64_t m, int64_t block, int64_t panels) {
  return [=](const lower::DenseJob& job) {
    EXPECT_EQ(lower::cannot_winograd(job).value_or(""), "");
    lower::DenseKernels unused;
    lower::Conv conv = lower::phases_of(job, unused)[0];
    lower::WinogradPlan plan = lower::plan_winograd(conv, m, *job.machine);
    plan.block = std::min(block, plan.tiles);
    plan.blocks = ceil_div(plan.tiles, plan.block);
    plan.rows = std::min(plan.rows, plan.block);
    plan.panel_block = std::min(panels, plan.panels);
    return lower::make_winograd(job, plan);
  };
}

TEST(Winograd, Interpreted) {
  for (DenseCase c : cases()) {
    for (bool epilogue : {false, true}) {
      c.epilogue = epilogue;
      for (int bits : {256, 512}) {
        for (int64_t m : {2, 4, 6}) {
          DenseOutcome made = run_dense(c, machine_of(bits), winograd(m, 5, 1), interpret_tile());
          EXPECT_EQ(made.failure, "") << bits << " bits, F(" << m << ", 3)";
        }
      }
    }
  }
}

TEST(Winograd, AsMachineCode) {
  for (const char* name : {"avx2", "avx512"}) {
    isa::Target target = isa::target_from_name(name).value();
    if (!isa::can_run(target)) continue;
    for (DenseCase c : cases()) {
      c.epilogue = true;
      for (int64_t m : {2, 4, 6}) {
        for (int64_t block : {3, 40}) {
          DenseOutcome made =
              run_dense(c, target.machine, winograd(m, block, 2), engraved_tile(target));
          EXPECT_EQ(made.failure, "") << name << ", F(" << m << ", 3)";
        }
      }
    }
  }
}

// Channels as in real networks: the errors relative to the largest result.
TEST(Winograd, ErrorsAreBounded) {
  isa::Target target = isa::host_target().value();
  for (int64_t channels : {16, 64, 256}) {
    for (double mean : {0.0, 1.0}) {
      DenseCase c = square_case("deep", {1, 15, 14, channels}, 32, {1, 1}, {1, 1});
      c.mean = mean;
      for (auto [m, bound] : {std::pair{2, 2e-6}, {4, 4e-6}, {6, 2e-5}}) {
        DenseOutcome made = run_dense(c, target.machine, winograd(m, 28, 8), engraved_tile(target));
        EXPECT_EQ(made.failure, "");
        EXPECT_LT(made.error, bound)
            << channels << " channels, mean " << mean << ", F(" << m << ", 3)";
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
