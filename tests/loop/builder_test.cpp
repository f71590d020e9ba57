// What the builder folds: index arithmetic on literals, literal indices of addresses, and ops that
// change nothing.
#include "loop/builder.h"

#include <gtest/gtest.h>

#include "loop/print.h"
#include "loop/verify.h"

namespace burin::loop {

namespace {

// The text between the outer braces.
std::string body_of(Builder& b) {
  Function f = b.finish();
  auto verified = verify(f);
  EXPECT_TRUE(verified) << verified.error().text();
  std::string text = print(f);
  size_t open = text.find('{') + 2, close = text.rfind('}');
  return text.substr(std::min(open, close), close - std::min(open, close));
}

}  // namespace

TEST(LoopBuilder, FoldsIndexArithmetic) {
  Builder b("fold", 1);
  auto folds_to = [&](Value v, int64_t expected) {
    int64_t got = 0;
    EXPECT_TRUE(b.is_index_constant(v, &got));
    EXPECT_EQ(got, expected);
  };
  folds_to(b.add(b.index(2), b.index(3)), 5);
  folds_to(b.sub(b.index(2), b.index(3)), -1);
  folds_to(b.mul(b.index(2), b.index(3)), 6);
  folds_to(b.div(b.index(7), b.index(2)), 3);
  folds_to(b.rem(b.index(7), b.index(2)), 1);
  folds_to(b.min(b.index(7), b.index(2)), 2);
  folds_to(b.max(b.index(7), b.index(2)), 7);
  folds_to(b.mul(b.tile(), b.index(0)), 0);
  folds_to(b.rem(b.tile(), b.index(1)), 0);
  EXPECT_EQ(b.add(b.tile(), b.index(0)), b.tile());
  EXPECT_EQ(b.mul(b.index(1), b.tile()), b.tile());
  EXPECT_EQ(b.div(b.tile(), b.index(1)), b.tile());
  EXPECT_EQ(body_of(b), "");
}

TEST(LoopBuilder, LeavesDivisionByZeroAlone) {
  Builder b("zero", 1);
  b.div(b.index(1), b.index(0));
  EXPECT_EQ(body_of(b), "  %2: i64 = div i64(1), i64(0)\n");
}

TEST(LoopBuilder, LiteralIndicesBecomeDisplacements) {
  Builder b("address", 1);
  b.load({Elem::f32, 1}, {b.pointer(0), b.index(3), 4, 8});
  b.load({Elem::f32, 1}, {b.pointer(0), b.index(int64_t{1} << 33), 1, 0});
  EXPECT_EQ(b.offset({b.pointer(0), b.index(0), 4, 0}), b.pointer(0));
  EXPECT_EQ(body_of(b),
            "  %2: f32 = load [%0 + 20]\n"
            "  %3: ptr = offset [%0 + i64(8589934592)*1]\n"
            "  %4: f32 = load [%3]\n");
}

TEST(LoopBuilder, OpsThatChangeNothingAreNotEmitted) {
  Builder b("same", 1);
  EXPECT_EQ(b.convert(b.tile(), Elem::i64), b.tile());
  EXPECT_EQ(b.splat(b.tile(), 1), b.tile());
  EXPECT_EQ(b.first(b.tile()), b.tile());
  EXPECT_EQ(b.reduce(Op::reduce_add, b.tile()), b.tile());
  EXPECT_EQ(body_of(b), "");
}

TEST(LoopBuilder, LiteralsAreSharedInOneForm) {
  Builder b("literals", 1);
  EXPECT_EQ(b.integer({Elem::u8, 4}, 255), b.integer({Elem::u8, 4}, -1));
  EXPECT_EQ(b.real({Elem::f32, 8}, 0.1), b.real({Elem::f32, 8}, 0.1f));
  EXPECT_NE(b.real({Elem::f32, 8}, 0.0), b.real({Elem::f32, 8}, -0.0));
  EXPECT_NE(b.real({Elem::f32, 8}, 1), b.real({Elem::f32, 4}, 1));
  EXPECT_EQ(b.literal_bits(b.constant_mask({Elem::m32, 8}, true)), 1u);
  EXPECT_EQ(b.literal_bits(b.tile()), std::nullopt);
}

}  // namespace burin::loop
