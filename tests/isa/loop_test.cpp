// Loop-carried values: rotations, exchanges, values that are carried but never read, loops that run
// once or never. Machine code agrees with the interpreter.
#include <gtest/gtest.h>

#include <array>

#include "loop/interp.h"
#include "loop/parse.h"
#include "tests/support/engrave_support.h"

namespace burin::isa {

namespace {

struct LoopRow {
  const char* name;
  const char* text;
};

constexpr LoopRow kLoops[] = {
    {"Rotation", R"(kernel "k"(%0, tile %1) {
  %2: i64 = load [%0]
  %3: i64, %4: i64, %5: i64 = loop %6 = i64(0) to i64(5) step 1 carry %7 = %2, %8 = i64(7), %9 = %1 {
    yield %8, %9, %7
  }
  store %3, [%0 + 8]
  store %4, [%0 + 16]
  store %5, [%0 + 24]
})"},
    {"FibonacciPair", R"(kernel "k"(%0, tile %1) {
  %2: i64, %3: i64 = loop %4 = i64(0) to i64(20) step 1 carry %5 = i64(0), %6 = i64(1) {
    %7: i64 = add %5, %6
    yield %6, %7
  }
  store %2, [%0 + 8]
  store %3, [%0 + 16]
})"},
    {"CarriedButNeverRead", R"(kernel "k"(%0, tile %1) {
  %2: i64 = load [%0]
  %3: i64 = loop %4 = i64(0) to i64(2) step 2 carry %5 = %2 {
    %6: i64, %7: i64 = loop %8 = i64(1) to i64(6) step 1 carry %9 = %5, %10 = %2 {
      %11: i64 = load [%0 + 32]
      yield %11, %10
    }
    yield %7
  }
  store %2, [%0 + 8]
  store %3, [%0 + 16]
})"},
    {"OldValueOutlivesTheNewOne", R"(kernel "k"(%0, tile %1) {
  %2: f32x4 = load [%0 + 32]
  %3: f32x4, %4: f32x4 = loop %5 = i64(0) to i64(3) step 1 carry %6 = %2, %7 = %2 {
    %8: f32x4 = add %6, %2
    %9: f32x4 = mul %6, %7
    yield %8, %9
  }
  store %3, [%0 + 64]
  store %4, [%0 + 80]
})"},
    {"NeverRuns", R"(kernel "k"(%0, tile %1) {
  %2: i64 = load [%0]
  %3: i64 = loop %4 = i64(3) to i64(3) step 1 carry %5 = %2 {
    %6: i64 = add %5, %5
    yield %6
  }
  %7: i64 = loop %8 = %1 to i64(0) step 1 carry %9 = %2 {
    %10: i64 = add %9, %9
    yield %10
  }
  store %3, [%0 + 8]
  store %7, [%0 + 16]
})"},
    {"ReadsAfterItsRegisterIsTaken", R"(kernel "k"(%0, tile %1) {
  %2: i64 = load [%0]
  %3: i64 = loop %4 = i64(0) to i64(4) step 1 carry %5 = %2 {
    %6: i64 = mul %5, i64(3)
    %7: i64 = add %6, %4
    %8: i64 = sub %7, %2
    yield %8
  }
  store %3, [%0 + 8]
  store %2, [%0 + 16]
})"},
};

class LoopTest : public testing::TestWithParam<std::tuple<const char*, size_t>> {};

}  // namespace

TEST_P(LoopTest, AgreesWithInterpreter) {
  Target target = target_named(std::get<0>(GetParam()));
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target.name;
  auto f = loop::parse(kLoops[std::get<1>(GetParam())].text);
  ASSERT_TRUE(f) << f.error().text();
  std::array<int64_t, 16> expected{11, 0, 0, 0, 0x400000003f800000, 0x4080000040400000};
  std::array<int64_t, 16> actual = expected;
  std::vector<void*> pointers = {expected.data()};
  ASSERT_TRUE(loop::interpret(*f, pointers, 2));
  run_code(engrave_or_fail(*f, target), {actual.data()}, 2);
  EXPECT_EQ(actual, expected);
}

INSTANTIATE_TEST_SUITE_P(Isa, LoopTest,
                         testing::Combine(testing::Values("avx512", "avx2"),
                                          testing::Range(size_t{0}, std::size(kLoops))),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)) + "_" +
                                  kLoops[std::get<1>(info.param)].name;
                         });

}  // namespace burin::isa
