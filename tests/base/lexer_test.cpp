// The lexer: every kind of token, exact numbers, places in errors, bounded nesting.
#include "base/lexer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace burin {

TEST(Lexer, SplitsTokens) {
  Lexer lex("add %12 -> @main // a comment\n [0x1f, 1.5e-3) \"a\\\"b\"");
  EXPECT_EQ(*lex.identifier(), "add");
  EXPECT_EQ(*lex.name('%'), "12");
  EXPECT_TRUE(lex.accept("->"));
  EXPECT_EQ(*lex.name('@'), "main");
  EXPECT_EQ(lex.peek().line, 2);
  EXPECT_EQ(lex.peek().column, 2);
  EXPECT_TRUE(lex.accept("["));
  EXPECT_EQ(*lex.integer(), 31);
  EXPECT_TRUE(lex.accept(","));
  EXPECT_EQ(*lex.number(), 1.5e-3);
  EXPECT_TRUE(lex.accept(")"));
  EXPECT_EQ(*lex.string(), "a\"b");
  EXPECT_TRUE(lex.at_end());
}

TEST(Lexer, ReadsExtremeNumbers) {
  Lexer lex("-9223372036854775808 9223372036854775807 0xffffffffffffffff -inf 0x1.8p3 -0 1e+300");
  EXPECT_EQ(*lex.integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*lex.integer(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(*lex.bits(), ~uint64_t{0});
  EXPECT_EQ(*lex.number(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(*lex.number(), 12.0);
  EXPECT_TRUE(std::signbit(*lex.number()));
  EXPECT_EQ(*lex.number(), 1e300);
  EXPECT_TRUE(std::isnan(*Lexer("nan").number()));
}

TEST(Lexer, RefusesWithThePlace) {
  EXPECT_EQ(Lexer("9223372036854775808").integer().error().text(),
            "text:1:1: the integer does not fit 64 bits");
  EXPECT_EQ(Lexer("\n  add", "a.graph").integer().error().text(),
            "a.graph:2:3: expected an integer, found \"add\"");
  EXPECT_FALSE(Lexer("12abc").integer());
  EXPECT_FALSE(Lexer("1.2.3").number());
  EXPECT_FALSE(Lexer("0x").integer());
  EXPECT_FALSE(Lexer("1e999").number());
  EXPECT_FALSE(Lexer("\"open").string());
  EXPECT_FALSE(Lexer("\"open\\").string());
  EXPECT_FALSE(Lexer("\"\\q\"").string());
  EXPECT_FALSE(Lexer("\"\\x1\"").string());
  EXPECT_FALSE(Lexer("").identifier());
}

TEST(Lexer, BoundsNesting) {
  Lexer lex("x");
  for (int i = 0; i < Lexer::kMaxNesting; ++i) ASSERT_TRUE(lex.enter());
  EXPECT_FALSE(lex.enter());
  lex.leave();
  EXPECT_TRUE(lex.enter());
}

TEST(Lexer, SpellingsReadBack) {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    double d = std::ldexp(rng.normal(), static_cast<int>(rng.below(600)) - 300);
    EXPECT_EQ(*Lexer(real_text(d)).number(), d);
    auto f = static_cast<float>(d);
    EXPECT_EQ(static_cast<float>(*Lexer(real_text(f)).number()), f);
    std::string bytes;
    for (int64_t n = rng.below(20); n > 0; --n) bytes += static_cast<char>(rng.below(256));
    std::string spelled = quote_text(bytes);
    EXPECT_EQ(*Lexer(spelled).string(), bytes);
  }
}

TEST(Lexer, EndsOnAnyBytes) {
  Rng rng(2);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (int64_t n = rng.below(40); n > 0; --n) bytes += "0x.e-\"\\/\n%a \x80"[rng.below(13)];
    Lexer lex(bytes);
    for (int n = 0; n < 50 && !lex.at_end(); ++n) lex.next();
    EXPECT_TRUE(lex.at_end());
  }
}

}  // namespace burin
