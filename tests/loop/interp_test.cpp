// Each loop op in the interpreter against values worked out by hand.
#include "loop/interp.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "loop/builder.h"
#include "loop/verify.h"

namespace burin::loop {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Runs a function that stores into buffer 0 and reads the others.
template <class Out, class... In>
std::vector<Out> run(const std::function<void(Builder&)>& build, size_t count,
                     std::vector<In>... inputs) {
  Builder b("test", 1 + sizeof...(In));
  build(b);
  Function f = b.finish();
  auto verified = verify(f);
  EXPECT_TRUE(verified) << verified.error().text();
  std::vector<Out> out(count);
  std::vector<void*> buffers = {out.data(), inputs.data()...};
  std::vector<ByteRange> bytes = {{0, static_cast<int64_t>(count * sizeof(Out))},
                                  {0, static_cast<int64_t>(inputs.size() * sizeof(In))}...};
  auto result = interpret(f, buffers, 0, {.accessible = bytes});
  EXPECT_TRUE(result) << result.error().text();
  return out;
}

// One vector through `expression`; as many lanes as inputs.
template <class In, class Out>
std::vector<Out> map(Elem in, std::vector<In> x,
                     const std::function<Value(Builder&, Value)>& expression) {
  auto build = [&](Builder& b) {
    Value v = b.load({in, static_cast<uint16_t>(x.size())}, {b.pointer(1)});
    b.store(expression(b, v), {b.pointer(0)});
  };
  return run<Out>(build, x.size(), x);
}

template <class T>
std::vector<T> map2(Elem elem, std::vector<T> x, std::vector<T> y, Op op) {
  auto build = [&](Builder& b) {
    Type type{elem, static_cast<uint16_t>(x.size())};
    Value v = b.load(type, {b.pointer(1)}), w = b.load(type, {b.pointer(2)});
    b.store(b.binary(op, v, w), {b.pointer(0)});
  };
  return run<T>(build, x.size(), x, y);
}

std::vector<float> map_f32(std::vector<float> x, Op op) {
  return map<float, float>(Elem::f32, x, [&](Builder& b, Value v) { return b.unary(op, v); });
}

std::vector<float> compare_f32(std::vector<float> x, std::vector<float> y, Op op) {
  auto build = [&](Builder& b) {
    Type type{Elem::f32, static_cast<uint16_t>(x.size())};
    Value mask = b.compare(op, b.load(type, {b.pointer(1)}), b.load(type, {b.pointer(2)}));
    b.store(b.select(mask, b.real(type, 1), b.real(type, 0)), {b.pointer(0)});
  };
  return run<float>(build, x.size(), x, y);
}

using F = std::vector<float>;
using I = std::vector<int32_t>;

}  // namespace

TEST(Interp, FloatUnary) {
  EXPECT_EQ(map_f32({1.5f, -2.5f}, Op::neg), (F{-1.5f, 2.5f}));
  EXPECT_EQ(map_f32({1.5f, -2.5f}, Op::abs), (F{1.5f, 2.5f}));
  EXPECT_EQ(map_f32({4, 2}, Op::sqrt), (F{2, std::sqrt(2.f)}));
  EXPECT_EQ(map_f32({1.5f, -1.5f}, Op::floor), (F{1, -2}));
  EXPECT_EQ(map_f32({1.5f, -1.5f}, Op::ceil), (F{2, -1}));
  EXPECT_EQ(map_f32({1.7f, -1.7f}, Op::trunc), (F{1, -1}));
  EXPECT_EQ(map_f32({1.5f, 2.5f, -0.5f, 3.2f}, Op::round), (F{2, 2, -0.f, 3}));
  EXPECT_TRUE(std::signbit(map_f32({0.f}, Op::neg)[0]));
}

TEST(Interp, FloatBinary) {
  EXPECT_EQ(map2<float>(Elem::f32, {1, 2}, {3, 5}, Op::add), (F{4, 7}));
  EXPECT_EQ(map2<float>(Elem::f32, {1, 2}, {3, 5}, Op::sub), (F{-2, -3}));
  EXPECT_EQ(map2<float>(Elem::f32, {1, 2}, {3, 5}, Op::mul), (F{3, 10}));
  EXPECT_EQ(map2<float>(Elem::f32, {1, -1}, {0, 4}, Op::div), (F{kInf, -0.25f}));
}

TEST(Interp, MinAndMaxReturnTheSecondOperandForNaN) {
  EXPECT_EQ(map2<float>(Elem::f32, {kNan, 1}, {2, -1}, Op::min), (F{2, -1}));
  EXPECT_EQ(map2<float>(Elem::f32, {kNan, 1}, {2, -1}, Op::max), (F{2, 1}));
  EXPECT_TRUE(std::isnan(map2<float>(Elem::f32, {2}, {kNan}, Op::min)[0]));
  EXPECT_TRUE(std::signbit(map2<float>(Elem::f32, {0.f}, {-0.f}, Op::max)[0]));
}

TEST(Interp, IntegersWrapAndKeepTheirSign) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(map2<int32_t>(Elem::i32, {kMax, 7}, {1, -2}, Op::add), (I{kMin, 5}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {1 << 20, 3}, {1 << 12, -5}, Op::mul), (I{0, -15}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {-7, 7}, {2, -2}, Op::div), (I{-3, -3}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {-7, 7}, {3, -3}, Op::rem), (I{-1, 1}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {-8, 1}, {1, 31}, Op::sar), (I{-4, 0}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {-1, 1}, {28, 0}, Op::shr), (I{15, 1}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {-1, 3}, {31, 2}, Op::shl), (I{kMin, 12}));
  EXPECT_EQ(map2<int32_t>(Elem::u32, {-1, 3}, {2, 2}, Op::max), (I{-1, 3}));
  EXPECT_EQ(map2<int32_t>(Elem::u32, {-1, 9}, {2, 2}, Op::div), (I{kMax, 4}));
  EXPECT_EQ(map2<uint16_t>(Elem::u16, {65535, 2}, {65535, 3}, Op::mul),
            (std::vector<uint16_t>{1, 6}));
  EXPECT_EQ(map2<int8_t>(Elem::i8, {127, -128}, {1, 1}, Op::add),
            (std::vector<int8_t>{-128, -127}));
}

TEST(Interp, BitwiseOpsSeeTheBitsOfFloats) {
  EXPECT_EQ(map2<float>(Elem::f32, {1.5f, -2}, {-0.f, -0.f}, Op::bit_xor), (F{-1.5f, 2}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {12, 10}, {10, 3}, Op::bit_and), (I{8, 2}));
  EXPECT_EQ(map2<int32_t>(Elem::i32, {12, 10}, {10, 3}, Op::bit_or), (I{14, 11}));
  EXPECT_EQ(
      (map<int32_t, int32_t>(Elem::i32, {5}, [](Builder& b, Value v) { return b.bit_not(v); })),
      (I{-6}));
}

TEST(Interp, ComparisonsWithNaN) {
  F x = {1, 2, 2, kNan}, y = {2, 2, 1, 1};
  EXPECT_EQ(compare_f32(x, y, Op::cmp_eq), (F{0, 1, 0, 0}));
  EXPECT_EQ(compare_f32(x, y, Op::cmp_ne), (F{1, 0, 1, 1}));
  EXPECT_EQ(compare_f32(x, y, Op::cmp_lt), (F{1, 0, 0, 0}));
  EXPECT_EQ(compare_f32(x, y, Op::cmp_le), (F{1, 1, 0, 0}));
  EXPECT_EQ(compare_f32(x, y, Op::cmp_gt), (F{0, 0, 1, 0}));
  EXPECT_EQ(compare_f32(x, y, Op::cmp_ge), (F{0, 1, 1, 0}));
}

TEST(Interp, FmaRoundsOnce) {
  auto square_minus_one = [](Builder& b, Value v) { return b.fma(v, v, b.real(b.type(v), -1)); };
  float x = 1 + 0x1p-23f;
  EXPECT_EQ((map<float, float>(Elem::f32, {x}, square_minus_one)[0]), 0x1p-22f + 0x1p-46f);
}

TEST(Interp, Conversions) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  auto to = [](Elem elem) { return [=](Builder& b, Value v) { return b.convert(v, elem); }; };
  EXPECT_EQ((map<float, int32_t>(Elem::f32, {1.9f, -1.9f, 3e9f, kNan}, to(Elem::i32))),
            (I{1, -1, kMin, kMin}));
  EXPECT_EQ((map<float, int32_t>(Elem::f32, {-0x1p31f, 0x1p31f}, to(Elem::i32))), (I{kMin, kMin}));
  EXPECT_EQ((map<int32_t, int8_t>(Elem::i32, {300, -1}, to(Elem::i8))),
            (std::vector<int8_t>{44, -1}));
  EXPECT_EQ((map<uint8_t, int32_t>(Elem::u8, {200, 1}, to(Elem::i32))), (I{200, 1}));
  EXPECT_EQ((map<int8_t, int32_t>(Elem::i8, {-56, 1}, to(Elem::i32))), (I{-56, 1}));
  EXPECT_EQ((map<float, uint16_t>(Elem::f32, {1, 65520}, to(Elem::f16))),
            (std::vector<uint16_t>{0x3c00, 0x7c00}));
  EXPECT_EQ((map<uint16_t, float>(Elem::bf16, {0x3fc0}, to(Elem::f32))), (F{1.5f}));
  EXPECT_EQ((map<double, float>(Elem::f64, {1e300, 0.1}, to(Elem::f32))), (F{kInf, 0.1f}));
  EXPECT_EQ((map<int64_t, float>(Elem::i64, {(1 << 24) + 1}, to(Elem::f32))), (F{1 << 24}));
}

TEST(Interp, MasksCombineAndChangeTheirWidth) {
  auto inside = [](Builder& b, Value v) {  // 1 where -1 <= v < 1, as f64
    Value one = b.real(b.type(v), 1);
    Value mask = b.bit_and(b.cmp_ge(v, b.neg(one)), b.bit_not(b.cmp_ge(v, one)));
    Type wide{Elem::f64, b.type(v).lanes};
    return b.select(b.convert(mask, Elem::m64), b.real(wide, 1), b.real(wide, 0));
  };
  EXPECT_EQ((map<float, double>(Elem::f32, {-2, -1, 0.5f, 1}, inside)),
            (std::vector<double>{0, 1, 1, 0}));
}

TEST(Interp, BitcastSplatFirstAndLanes) {
  EXPECT_EQ((map<float, int32_t>(Elem::f32, {1},
                                 [](Builder& b, Value v) {
                                   return b.bitcast(v, {Elem::i32, 1});
                                 })),
            (I{0x3f800000}));
  auto first = [](Builder& b, Value v) { return b.splat(b.first(v), b.type(v).lanes); };
  EXPECT_EQ((map<int32_t, int32_t>(Elem::i32, {7, 8, 9, 1}, first)), (I{7, 7, 7, 7}));
  auto ids = [](Builder& b, Value v) { return b.lane_ids(b.type(v)); };
  EXPECT_EQ((map<int32_t, int32_t>(Elem::i32, {7, 8, 9, 1}, ids)), (I{0, 1, 2, 3}));
}

TEST(Interp, Interleaves) {
  auto build = [](Builder& b) {
    Value x = b.load({Elem::f32, 4}, {b.pointer(1)}), y = b.load({Elem::f32, 4}, {b.pointer(2)});
    b.store(b.interleave_low(x, y), {b.pointer(0)});
    b.store(b.interleave_high(x, y), {b.pointer(0), {}, 1, 16});
  };
  F x = {0, 1, 2, 3}, y = {10, 11, 12, 13};
  EXPECT_EQ(run<float>(build, 8, x, y), (F{0, 10, 1, 11, 2, 12, 3, 13}));
}

TEST(Interp, ReductionsFoldHalves) {
  auto build = [](Op op) {
    return [op](Builder& b) {
      b.store(b.reduce(op, b.load({Elem::f32, 4}, {b.pointer(1)})), {b.pointer(0)});
    };
  };
  F x = {1e8f, 1, -1e8f, 2};  // (1e8 + -1e8) + (1 + 2); in order it would lose the 1
  EXPECT_EQ(run<float>(build(Op::reduce_add), 1, x), F{3});
  EXPECT_EQ(run<float>(build(Op::reduce_min), 1, x), F{-1e8f});
  EXPECT_EQ(run<float>(build(Op::reduce_max), 1, x), F{1e8f});
}

TEST(Interp, MaskedMemoryTouchesOnlyItsLanes) {
  auto build = [](Builder& b) {
    Value mask = b.first_n({Elem::m32, 8}, b.index(3));
    b.store(b.load({Elem::f32, 8}, {b.pointer(1)}, mask), {b.pointer(0)}, mask);
  };
  EXPECT_EQ(run<float>(build, 3, F{1, 2, 3}), (F{1, 2, 3}));
}

TEST(Interp, GatherSplatAndAddresses) {
  auto build = [](Builder& b) {
    Value ids = b.lane_ids({Elem::i32, 4});
    Value x = b.gather({Elem::f32, 4}, b.pointer(1), ids, 8, 4);
    Value y = b.load_splat({Elem::f32, 4}, {b.advance(b.pointer(1), b.tile()), b.tile(), 4, 8});
    b.store(b.add(x, y), {b.pointer(0)});
  };
  EXPECT_EQ(run<float>(build, 4, F{0, 1, 2, 3, 4, 5, 6, 7}), (F{3, 5, 7, 9}));
}

TEST(Interp, Dots) {
  auto bytes = [](Builder& b) {
    Value a = b.load({Elem::u8, 8}, {b.pointer(1)}), w = b.load({Elem::i8, 8}, {b.pointer(2)});
    b.store(b.dot(Op::dot_u8i8, b.integer({Elem::i32, 2}, 10), a, w), {b.pointer(0)});
  };
  std::vector<uint8_t> a = {255, 255, 255, 255, 1, 2, 3, 4};
  std::vector<uint8_t> w = {127, 127, 127, 127, 255, 1, 0, 2};
  EXPECT_EQ(run<int32_t>(bytes, 2, a, w), (I{10 + 4 * 255 * 127, 10 - 1 + 2 + 8}));
  auto halves = [](Builder& b) {
    Value x = b.load({Elem::bf16, 4}, {b.pointer(1)});
    b.store(b.dot(Op::dot_bf16, b.real({Elem::f32, 2}, 1), x, x), {b.pointer(0)});
  };
  std::vector<uint16_t> x = {0x3f80, 0x4000, 0x4040, 0};  // 1, 2, 3, 0
  EXPECT_EQ(run<float>(halves, 2, x), (F{6, 10}));
}

TEST(Interp, LoopsCarryAndBranchesChoose) {
  auto build = [](Builder& b) {
    std::array init = {b.index(1), b.index(0)};
    auto last = b.loop(b.index(0), b.index(10), 3, init, [&](Value i, std::span<const Value> c) {
      return std::vector<Value>{c[1], b.add(c[0], i)};  // swaps while it sums
    });
    b.store(last[0], {b.pointer(0)});
    b.store(last[1], {b.pointer(0), {}, 1, 8});
    Value none = b.index(7);
    auto skipped = b.loop(b.index(5), b.index(5), 1, std::span(&none, 1),
                          [&](Value i, std::span<const Value>) { return std::vector{i}; });
    b.store(skipped[0], {b.pointer(0), {}, 1, 16});
    b.branch(
        b.cmp_lt(last[0], last[1]),
        [&] {
          b.store(b.index(1), {b.pointer(0), {}, 1, 24});
        },
        [&] {
          b.store(b.index(2), {b.pointer(0), {}, 1, 24});
        });
  };
  // (1,0) -> (0,1) -> (1,3) -> (3,7) -> (7,12)
  EXPECT_EQ(run<int64_t>(build, 4), (std::vector<int64_t>{7, 12, 7, 1}));
}

TEST(Interp, RefusesWhatIsUndefined) {
  float memory[4] = {};
  void* buffers[] = {memory};
  ByteRange bytes[] = {{0, sizeof(memory)}};
  auto error = [&](const std::function<void(Builder&)>& build, int64_t steps = 0) {
    Builder b("bad", 1);
    build(b);
    auto result = interpret(b.finish(), buffers, 0, {.accessible = bytes, .max_steps = steps});
    return result ? std::string("no error") : result.error().reason;
  };
  EXPECT_NE(error([](Builder& b) {
              b.load({Elem::f32, 8}, {b.pointer(0)});
            }).find("outside"),
            std::string::npos);
  EXPECT_NE(error([](Builder& b) {
              b.load({Elem::f32, 1}, {b.pointer(0), {}, 1, -4});
            }).find("at byte -4 of pointer 0"),
            std::string::npos);
  EXPECT_EQ(error([](Builder& b) { b.div(b.tile(), b.tile()); }), "an integer division by zero");
  EXPECT_EQ(error([](Builder& b) { b.shl(b.tile(), b.index(64)); }), "a shift by 64 bits");
  auto endless = [](Builder& b) { b.loop(b.index(0), b.index(int64_t{1} << 60), 1, [](Value) {}); };
  EXPECT_EQ(error(endless, 1000), "too many steps");
}

}  // namespace burin::loop
