// Strassen's product on odd shapes against the evaluator, how large its errors are, and where it is
// chosen.
#include "lower/kernels/strassen.h"

#include <gtest/gtest.h>

#include "tests/support/dense_case.h"
#include "tests/support/engrave_support.h"

namespace burin::test {
namespace {

std::vector<DenseCase> strassen_cases() {
  return {
      matmul_case("least", {2, 2}, {2, 2}),
      matmul_case("three rows", {3, 16}, {16, 32}),
      matmul_case("odd rows", {7, 34}, {34, 66}),
      matmul_case("even rows", {16, 6}, {6, 96}),
      matmul_case("no multiples", {17, 10}, {10, 14}),
      matmul_case("many rows", {33, 18}, {18, 130}),
      matmul_case("halves of rows", {66, 18}, {18, 96}),
      matmul_case("halves of odd rows", {197, 18}, {18, 96}),
      matmul_case("several chunks and a rest", {5, 4}, {4, 1670}),
      matmul_case("rows of two axes", {3, 5, 8}, {8, 48}),
  };
}

lower::DenseKernels strassen(const lower::DenseJob& job) {
  EXPECT_EQ(lower::cannot_strassen(job).value_or(""), "");
  return lower::make_strassen(job);
}

TEST(Strassen, Interpreted) {
  for (DenseCase c : strassen_cases()) {
    for (bool epilogue : {false, true}) {
      c.epilogue = epilogue;
      DenseOutcome made = run_dense(c, machine_of(512), strassen, interpret_tile());
      EXPECT_EQ(made.failure, "") << c.name;
    }
  }
}

TEST(Strassen, AsMachineCode) {
  for (const isa::Target& target : isa::runnable_targets()) {
    for (DenseCase c : strassen_cases()) {
      for (bool epilogue : {false, true}) {
        c.epilogue = epilogue;
        if (target.machine.lane_masks || c.w.shape.dims().back() % 16 == 0) {  // else refused
          DenseOutcome made = run_dense(c, target.machine, strassen, engraved_tile(target));
          EXPECT_EQ(made.failure, "") << c.name << ", " << target.name;
        }
      }
    }
  }
}

TEST(Strassen, ErrorsAreBounded) {
  isa::Target target = isa::host_target().value();
  for (double mean : {0.0, 1.0}) {
    DenseCase c = matmul_case("deep", {67, 768}, {768, 96});
    c.mean = mean;
    DenseOutcome made = run_dense(c, target.machine, strassen, engraved_tile(target));
    EXPECT_EQ(made.failure, "");
    EXPECT_LT(made.error, 2e-6) << "mean " << mean;
  }
}

TEST(Strassen, IsChosenWhereItPays) {
  auto algorithm = [](Dims lhs, Dims rhs) {
    DenseCase c = matmul_case("shape", std::move(lhs), std::move(rhs));
    return run_dense(c, machine_of(512), "", [](auto&&...) { return std::string(); }).algorithm;
  };
  EXPECT_TRUE(algorithm({197, 768}, {768, 768}).starts_with("strassen,"));
  EXPECT_TRUE(algorithm({197, 192}, {192, 192}).starts_with("gemm,"));
  EXPECT_TRUE(algorithm({4, 4096}, {4096, 1024}).starts_with("gemm,"));
  // An odd number of rows is not halved: with few columns it would be one tile, for one thread.
  EXPECT_TRUE(algorithm({1224, 512}, {512, 128}).starts_with("strassen,"));
  EXPECT_TRUE(algorithm({1225, 512}, {512, 128}).starts_with("gemm,"));
}

TEST(Strassen, LeavesWindowsToOthers) {
  auto refused = [](Dims window, Dims low) {
    std::string reason;
    DenseCase c = conv_case("shape", {1, 16, 32}, std::move(window), {1}, std::move(low), {2}, {1});
    with_job(c, machine_of(512), [&](const lower::DenseJob& job) {
      reason = lower::cannot_strassen(job).value_or("");
    });
    return reason;
  };
  EXPECT_EQ(refused({3, 32, 32}, {0}), "it has a window");
  EXPECT_EQ(refused({1, 32, 32}, {1}), "it has a window");  // one tap, in the padding at times
}

TEST(Strassen, KeepsWithinTheMemoryForWeights) {
  DenseCase c = matmul_case("shape", {197, 768}, {768, 768});
  auto limited = [](const lower::DenseJob& job) {
    lower::DenseJob poor = job;
    poor.spare_weights = 1 << 20;
    return lower::make_dense(poor);
  };
  auto skip = [](auto&&...) { return std::string(); };
  EXPECT_TRUE(run_dense(c, machine_of(512), limited, skip).algorithm.starts_with("gemm,"));
}

}  // namespace
}  // namespace burin::test
