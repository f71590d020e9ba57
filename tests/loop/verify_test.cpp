// The verifier accepts what the builder makes and names each broken invariant.
#include "loop/verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "loop/builder.h"

namespace burin::loop {

namespace {

constexpr Type kF32x8{Elem::f32, 8};
constexpr Type kM32x8{Elem::m32, 8};

// inst 0: load, 1: add, 2: cmp, 3: select, 4: loop { 5: mul }, 6: store, 7: cmp, 8: branch {}
Function sample() {
  Builder b("sample", 1);
  Value x = b.load(kF32x8, {b.pointer(0), b.tile(), 4, 8});
  Value y = b.add(x, b.real(kF32x8, 1));
  Value z = b.select(b.cmp_lt(x, y), x, y);
  auto last = b.loop(b.index(0), b.tile(), 2, std::span(&z, 1),
                     [&](Value, std::span<const Value> c) { return std::vector{b.mul(c[0], x)}; });
  b.store(last[0], {b.pointer(0)}, b.constant_mask(kM32x8, true));
  b.branch(b.cmp_lt(b.tile(), b.index(3)), [] {});
  return b.finish();
}

std::string broken(const std::function<void(Function&)>& breaker) {
  Function f = sample();
  breaker(f);
  auto result = verify(f);
  return result ? "valid" : result.error().reason;
}

Value& operand(Function& f, InstId inst, size_t i) {
  return f.operand_pool[f.insts[inst].operands + i];
}

#define EXPECT_BROKEN(reason, ...)                                                    \
  EXPECT_NE(broken([](Function& f) { __VA_ARGS__; }).find(reason), std::string::npos) \
      << broken([](Function& f) { __VA_ARGS__; })

}  // namespace

TEST(LoopVerify, AcceptsWhatTheBuilderMakes) {
  EXPECT_EQ(broken([](Function&) {}), "valid");
}

TEST(LoopVerify, Types) {
  EXPECT_BROKEN("a type", f.types[f.insts[0].result].lanes = 3);
  EXPECT_BROKEN("a type", f.types[f.insts[0].result].lanes = 0);
  EXPECT_BROKEN("a type", f.types[f.insts[0].result] = {Elem::f64, 16});
  EXPECT_BROKEN("a type", f.types[f.pointers[0].index].lanes = 2);
  EXPECT_BROKEN("a parameter", f.types[f.tile.index] = {Elem::i32, 1});
  EXPECT_BROKEN("a constant mask", for (Constant& c : f.constants) c.bits = 2);
}

TEST(LoopVerify, ValuesAndScopes) {
  EXPECT_BROKEN("not in scope", operand(f, 1, 0) = {f.insts[1].result});
  EXPECT_BROKEN("not in scope", operand(f, 6, 3) = {f.insts[5].result});
  EXPECT_BROKEN("out of range", operand(f, 1, 0) = {1000000});
  EXPECT_BROKEN("out of range", operand(f, 1, 0) = Value{});
  EXPECT_BROKEN("defined twice", f.insts[1].result = f.insts[0].result);
  EXPECT_BROKEN("defined twice", f.regions[1].params[1] =
                                     f.insts[0].result == 0 ? Value{} : Value{f.insts[0].result});
  EXPECT_BROKEN("nothing defines", f.types.push_back(kIndex));
  EXPECT_BROKEN("results out of range", f.insts[4].result = 0xfffffff0);
}

TEST(LoopVerify, Structure) {
  EXPECT_BROKEN("two places", f.regions[0].insts.push_back(0));
  EXPECT_BROKEN("outside of all regions", f.regions[0].insts.pop_back());
  EXPECT_BROKEN("two owners", f.insts[8].body = f.insts[8].other = 2);
  EXPECT_BROKEN("nothing runs", f.regions.emplace_back());
  EXPECT_BROKEN("a region", f.insts[4].body = 77);
  EXPECT_BROKEN("a region", f.insts[8].other = 77);
  EXPECT_BROKEN("no body", f.regions.clear());
  EXPECT_BROKEN("operands out of range", f.insts[8].operands = 1u << 30);
  EXPECT_BROKEN("where none belongs", f.insts[1].body = 2);
  EXPECT_BROKEN("the body has", f.regions[0].yields.push_back(f.tile));
}

TEST(LoopVerify, Signatures) {
  EXPECT_BROKEN("number of operands", f.insts[1].operand_count = 1);
  EXPECT_BROKEN("not defined on f32x8", f.insts[1].op = Op::shl);
  EXPECT_BROKEN("a result", f.insts[2].op = Op::add);
  EXPECT_BROKEN("different types", operand(f, 1, 1) = f.tile);
  EXPECT_BROKEN(
      "does not fit", f.types[f.insts[2].result] = {Elem::m64, 8}, f.insts[2].op = Op::add,
      operand(f, 2, 0) = operand(f, 2, 1) = Value{f.insts[2].result}, f.insts[2].op = Op::first_n,
      f.insts[2].operand_count = 1, operand(f, 2, 0) = f.tile);
  EXPECT_BROKEN("unequal choices", operand(f, 3, 1) = f.tile);
  EXPECT_BROKEN("number of results", f.insts[6].result_count = 1, f.insts[6].result = 0);
}

TEST(LoopVerify, Memory) {
  EXPECT_BROKEN("a scale", f.insts[0].scale = 3);
  EXPECT_BROKEN("base", operand(f, 0, 0) = f.tile);
  EXPECT_BROKEN("index", operand(f, 0, 1) = f.pointers[0]);
  EXPECT_BROKEN("a value where", operand(f, 6, 3) = Value{});
  EXPECT_BROKEN("a mask that does not fit", operand(f, 6, 2) = f.tile);
  EXPECT_BROKEN("no masks", operand(f, 6, 3) = {f.insts[2].result});
  EXPECT_BROKEN("a mask where", f.insts[0].op = Op::load_splat, operand(f, 0, 2) = f.tile);
  EXPECT_BROKEN("indices", f.insts[0].op = Op::gather);
}

TEST(LoopVerify, LoopsAndBranches) {
  EXPECT_BROKEN("step", f.insts[4].imm = 0);
  EXPECT_BROKEN("bounds", operand(f, 4, 0) = {f.insts[0].result});
  EXPECT_BROKEN("differ in number", f.regions[1].yields.clear());
  EXPECT_BROKEN("changes its type", f.regions[1].yields[0] = f.tile);
  EXPECT_BROKEN("changes its type", operand(f, 4, 2) = f.tile);
  EXPECT_BROKEN("counter", f.types[f.regions[1].params[0].index] = {Elem::i32, 1});
  EXPECT_BROKEN("condition", operand(f, 8, 0) = f.tile);
  EXPECT_BROKEN("carries no values", f.regions[2].yields.push_back(f.tile));
}

}  // namespace burin::loop
