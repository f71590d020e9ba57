// The register-blocked GEMM tile: right, and nothing in its inner loop but what the sums need.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "loop/math.h"
#include "tests/support/engrave_support.h"

namespace burin::isa {

namespace {

void check_values(const char* target_name, int rows, int vectors, int64_t depth) {
  Target target = target_named(target_name);
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target_name;
  Code code = engrave_or_fail(gemm_tile(target.machine, rows, vectors, depth), target);
  int64_t columns = vectors * target.machine.lanes(loop::Elem::f32);
  std::vector<float> a(static_cast<size_t>(rows * depth)), c(static_cast<size_t>(rows * columns));
  std::vector<float> b(static_cast<size_t>(depth * columns));
  Rng rng(1);
  for (float& x : a) x = static_cast<float>(rng.uniform(-1, 1));
  for (float& x : b) x = static_cast<float>(rng.uniform(-1, 1));
  run_code(code, {a.data(), b.data(), c.data()});
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k) sum += double{a[i * depth + k]} * b[k * columns + j];
      EXPECT_NEAR(c[i * columns + j], sum, 1e-4) << i << "," << j;
    }
  }
}

}  // namespace

TEST(GemmTile, ComputesProductsAvx512) { check_values("avx512", 14, 2, 33); }
TEST(GemmTile, ComputesProductsAvx2) { check_values("avx2", 6, 2, 33); }
TEST(GemmTile, OneTripNeedsNoLoop) { check_values("avx2", 3, 2, 1); }

TEST(GemmTile, InnerLoopIsTightAvx512) {
  Target target = target_named("avx512");
  Code code = engrave_or_fail(gemm_tile(target.machine, 14, 2, 256), target);
  std::vector<std::string> body = inner_loop(code);
  EXPECT_EQ(code.spills, 0);
  EXPECT_EQ(count_lines(body, "vfmadd231ps"), 28) << code.listing;
  EXPECT_EQ(count_lines(body, "vbroadcastss"), 14);
  EXPECT_EQ(count_lines(body, "vmovups"), 2);
  EXPECT_LE(body.size(), 28 + 14 + 2 + 5) << code.listing;
}

TEST(GemmTile, InnerLoopIsTightAvx2) {
  Target target = target_named("avx2");
  Code code = engrave_or_fail(gemm_tile(target.machine, 6, 2, 256), target);
  std::vector<std::string> body = inner_loop(code);
  EXPECT_EQ(code.spills, 0);
  EXPECT_EQ(count_lines(body, "vfmadd231ps"), 12) << code.listing;
  EXPECT_EQ(count_lines(body, "vbroadcastss"), 6);
  EXPECT_EQ(count_lines(body, "vmovups"), 2);
  EXPECT_LE(body.size(), 12 + 6 + 2 + 5) << code.listing;
}

// What follows the loop needs registers too: it, not the loop, does with fewer.
TEST(GemmTile, InnerLoopIsTightBeforeALongEpilogue) {
  struct Row {
    const char* target;
    int rows, vectors;
  };
  for (const Row& row : {Row{"avx2", 4, 3}, Row{"avx2", 6, 2}, Row{"avx512", 14, 2}}) {
    Target target = target_named(row.target);
    Code code =
        engrave_or_fail(gemm_tile(target.machine, row.rows, row.vectors, 256, loop::erf), target);
    std::vector<std::string> body = inner_loop(code);
    EXPECT_EQ(count_lines(body, "vfmadd231ps"), row.rows * row.vectors) << code.listing;
    EXPECT_EQ(count_lines(body, "", "[rsp"), 0) << code.listing;
  }
}

TEST(GemmTile, SingleUseSplatsAreEmbeddedBroadcasts) {
  Target target = target_named("avx512");
  Code code = engrave_or_fail(gemm_tile(target.machine, 28, 1, 256), target);
  std::vector<std::string> body = inner_loop(code);
  EXPECT_EQ(code.spills, 0);
  EXPECT_EQ(count_lines(body, "vfmadd231ps", "{1to16}"), 28) << code.listing;
  EXPECT_EQ(count_lines(body, "vbroadcastss"), 0);
  EXPECT_LE(body.size(), 28 + 1 + 5) << code.listing;
}

}  // namespace burin::isa
