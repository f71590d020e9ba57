// The good instruction comes out: expected listings as text, also for instruction sets that the
// host lacks.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "tests/support/engrave_support.h"

namespace burin::isa {

namespace {

using loop::Builder;
using loop::Elem;
using loop::Op;
using loop::Type;
using loop::Value;

constexpr Type kF32x16{Elem::f32, 16}, kF32x8{Elem::f32, 8}, kI32x16{Elem::i32, 16};
constexpr Type kI32x8{Elem::i32, 8}, kI64x8{Elem::i64, 8}, kF32{Elem::f32, 1};

// Loads operand i of the kernel: from buffer 1 at 64 i.
Value in(Builder& b, Type t, int i) { return b.load(t, {b.pointer(1), {}, 1, 64 * i}); }
void out(Builder& b, Value v) { b.store(v, {b.pointer(0)}); }

// A value that is in a register: its other use keeps it from being a memory operand.
Value reg(Builder& b, Type t, int i) {
  Value v = in(b, t, i);
  b.store(v, {b.pointer(0), {}, 1, 4096 + 64 * i});
  return v;
}

struct Row {
  const char* name;
  const char* target;
  std::vector<const char*> expected;  // each must stand in the listing
  std::vector<const char*> absent;
  std::function<void(Builder&)> emit;
};

const std::vector<Row> kRows = {
    {"LoadFoldsIntoAdd",
     "avx512",
     {"vaddps zmm0, zmm0, zmmword ptr ["},
     {},
     [](Builder& b) {
       Value x = reg(b, kF32x16, 0);
       out(b, b.add(x, in(b, kF32x16, 1)));
     }},
    {"LoadFoldsFromTheLeftOfACommutativeOp",
     "avx2",
     {"vaddps ymm0, ymm0, ymmword ptr ["},
     {},
     [](Builder& b) {
       Value x = reg(b, kF32x8, 0);
       out(b, b.add(in(b, kF32x8, 1), x));
     }},
    {"SubtractionKeepsItsOrder",
     "avx2",
     {"vsubps"},
     {"vsubps ymm0, ymm0, ymmword"},
     [](Builder& b) {
       Value x = reg(b, kF32x8, 0);
       out(b, b.sub(in(b, kF32x8, 1), x));
     }},
    {"SplatIsEmbeddedBroadcast",
     "avx512",
     {"vmulps zmm0, zmm0, ", "{1to16}"},
     {"vbroadcastss"},
     [](Builder& b) {
       Value x = reg(b, kF32x16, 0);
       out(b, b.mul(x, b.load_splat(kF32x16, {b.pointer(1), {}, 1, 4})));
     }},
    {"LiteralIsEmbeddedBroadcast",
     "avx512",
     {"{1to16}"},
     {"vbroadcastss"},
     [](Builder& b) { out(b, b.mul(reg(b, kF32x16, 0), b.real(kF32x16, 3))); }},
    {"LiteralIsAFullVectorOnAvx2",
     "avx2",
     {"vmulps ymm0, ymm0, ymmword ptr [L"},
     {},
     [](Builder& b) { out(b, b.mul(reg(b, kF32x8, 0), b.real(kF32x8, 3))); }},
    {"HornerStepOverwritesThePolynomial",
     "avx512",
     {"vfmadd213ps zmm"},
     {"vmovaps"},
     [](Builder& b) {
       Value x = reg(b, kF32x16, 0), p = b.mul(x, x);
       p = b.fma(p, x, b.real(kF32x16, 2));
       out(b, b.fma(p, x, b.real(kF32x16, 3)));
     }},
    {"DotOfBytes",
     "avx512",
     {"vpdpbusd zmm"},
     {"vpmaddwd"},
     [](Builder& b) {
       Value acc = reg(b, kI32x16, 0), x = reg(b, {Elem::u8, 64}, 1);
       out(b, b.dot(Op::dot_u8i8, acc, x, in(b, {Elem::i8, 64}, 2)));
     }},
    {"DotOfBytesIsExactOnAvx2",
     "avx2",
     {"vpmaddwd"},
     {"vpmaddubsw"},
     [](Builder& b) {
       Value acc = reg(b, kI32x8, 0), x = reg(b, {Elem::u8, 32}, 1);
       out(b, b.dot(Op::dot_u8i8, acc, x, in(b, {Elem::i8, 32}, 2)));
     }},
    {"DotOfBf16",
     "avx512",
     {"vdpbf16ps zmm"},
     {},
     [](Builder& b) {
       Value acc = reg(b, kF32x16, 0), x = reg(b, {Elem::bf16, 32}, 1);
       out(b, b.dot(Op::dot_bf16, acc, x, in(b, {Elem::bf16, 32}, 2)));
     }},
    {"MaskedTail",
     "avx512",
     {"bzhi", "vmovups zmm0 {k1}{z}, zmmword ptr", "{k1}, zmm0"},
     {},
     [](Builder& b) {
       Value mask = b.first_n({Elem::m32, 16}, b.tile());
       Value x = b.load(kF32x16, {b.pointer(1)}, mask);
       b.store(b.add(x, x), {b.pointer(0)}, mask);
     }},
    {"MaskedTailOnAvx2",
     "avx2",
     {"vpcmpgtd", "vmaskmovps ymm", "vmaskmovps ymmword"},
     {},
     [](Builder& b) {
       Value mask = b.first_n({Elem::m32, 8}, b.tile());
       Value x = b.load(kF32x8, {b.pointer(1)}, mask);
       b.store(b.add(x, x), {b.pointer(0)}, mask);
     }},
    {"ReluIsOneInstruction",
     "avx512",
     {"vmaxps"},
     {"vcmpps"},
     [](Builder& b) { out(b, b.max(reg(b, kF32x16, 0), b.real(kF32x16, 0))); }},
    {"SelectOfZeroIsAZeroingMove",
     "avx512",
     {"{k1}{z}"},
     {},
     [](Builder& b) {
       Value x = reg(b, kF32x16, 0), zero = b.real(kF32x16, 0);
       out(b, b.select(b.cmp_gt(x, zero), x, zero));
     }},
    {"SelectIsABlendOnAvx2",
     "avx2",
     {"vcmpps ymm", "vblendvps ymm"},
     {},
     [](Builder& b) {
       Value x = reg(b, kF32x8, 0), y = reg(b, kF32x8, 1);
       out(b, b.select(b.cmp_lt(x, y), x, y));
     }},
    {"ShiftByLiteralIsImmediate",
     "avx512",
     {"vpslld zmm0, zmm0, 23"},
     {"vpsllvd"},
     [](Builder& b) { out(b, b.shl(reg(b, kI32x16, 0), b.integer(kI32x16, 23))); }},
    {"WideningLoad",
     "avx512",
     {"vpmovzxbd zmm0, xmmword ptr ["},
     {},
     [](Builder& b) {
       out(b, b.convert(in(b, {Elem::u8, 16}, 0), Elem::i32));
     }},
    {"HalfLoad",
     "avx2",
     {"vcvtph2ps ymm0, xmmword ptr ["},
     {},
     [](Builder& b) {
       out(b, b.convert(in(b, {Elem::f16, 8}, 0), Elem::f32));
     }},
    {"NarrowingStore",
     "avx512",
     {"vpmovdb xmm0, zmm0"},
     {},
     [](Builder& b) { out(b, b.convert(reg(b, kI32x16, 0), Elem::u8)); }},
    {"Bf16Rounding",
     "avx512",
     {"vcvtneps2bf16 ymm0, zmm0"},
     {},
     [](Builder& b) { out(b, b.convert(reg(b, kF32x16, 0), Elem::bf16)); }},
    {"MultiplyOfQuads",
     "avx512",
     {"vpmullq"},
     {},
     [](Builder& b) {
       Value x = reg(b, kI64x8, 0);
       out(b, b.mul(x, in(b, kI64x8, 1)));
     }},
    {"Gather",
     "avx512",
     {"vgatherdps zmm"},
     {},
     [](Builder& b) { out(b, b.gather(kF32x16, b.pointer(1), reg(b, kI32x16, 0), 4)); }},
    {"GatherOnAvx2",
     "avx2",
     {"vgatherdps ymm"},
     {},
     [](Builder& b) { out(b, b.gather(kF32x8, b.pointer(1), reg(b, kI32x8, 0), 4)); }},
    {"AddressesFold",
     "avx2",
     {"[rax+rsi*4+404]"},
     {"lea", "add"},
     [](Builder& b) {
       Value base = b.offset({b.pointer(1), {}, 1, 400});
       out(b, b.load(kF32, {base, b.add(b.tile(), b.index(1)), 4}));
     }},
    {"ComparisonFusesIntoTheBranch",
     "avx2",
     {"cmp rsi, 3", "jge"},
     {"setl", "test"},
     [](Builder& b) { b.branch(b.cmp_lt(b.tile(), b.index(3)), [&] { out(b, b.index(1)); }); }},
    {"ComparisonFusesIntoTheSelect",
     "avx2",
     {"cmovl"},
     {"setl"},
     [](Builder& b) {
       Value y = reg(b, loop::kIndex, 0);
       Value z = reg(b, loop::kIndex, 1);
       out(b, b.select(b.cmp_lt(b.tile(), y), y, z));
     }},
    {"DeadCodeDisappears",
     "avx2",
     {},
     {"vaddps", "vmovups"},
     [](Builder& b) { b.add(in(b, kF32x8, 0), in(b, kF32x8, 1)); }},
    {"DivisionByPowerOfTwoShifts",
     "avx2",
     {"sar"},
     {"idiv"},
     [](Builder& b) { out(b, b.div(b.tile(), b.index(8))); }},
};

class SelectionTest : public testing::TestWithParam<size_t> {};

}  // namespace

TEST_P(SelectionTest, EmitsTheInstruction) {
  const Row& row = kRows[GetParam()];
  Builder b("selection", 2);
  row.emit(b);
  Code code = engrave_or_fail(b.finish(), target_named(row.target));
  for (const char* text : row.expected) {
    EXPECT_NE(code.listing.find(text), std::string::npos) << text << " not in\n" << code.listing;
  }
  for (const char* text : row.absent) {
    EXPECT_EQ(instructions(code).find(text), std::string::npos) << text << " in\n" << code.listing;
  }
  EXPECT_EQ(code.spills, 0);
}

INSTANTIATE_TEST_SUITE_P(Table, SelectionTest, testing::Range(size_t{0}, kRows.size()),
                         [](const auto& info) { return kRows[info.param].name; });

namespace {

// A step of a register tile, `rows` splats by `vectors`: splats that stay in a register, and fmas
// that read one from memory.
std::pair<int, int> splats_of(const Target& target, int rows, int vectors, bool indexed) {
  Builder b("step", 3);
  Type type = target.isa == Isa::avx2 ? kF32x8 : kF32x16;
  std::vector<Value> weights, sums;
  for (int v = 0; v < vectors; ++v) weights.push_back(b.load(type, {b.pointer(1), {}, 1, 64 * v}));
  Value index = indexed ? b.tile() : Value{};
  for (int r = 0; r < rows; ++r) {
    Value x = b.load_splat(type, {b.pointer(2), index, 4, 512 * r});
    for (Value w : weights) sums.push_back(b.fma(x, w, weights[0]));
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    b.store(sums[i], {b.pointer(0), {}, 1, 64 * static_cast<int64_t>(i)});
  }
  Code code = engrave_or_fail(b.finish(), target);
  int fmas = 0;
  std::istringstream lines(instructions(code));
  for (std::string line; std::getline(lines, line);) {
    fmas += line.starts_with("vfmadd") && line.find("{1to16}") != std::string::npos;
  }
  return {mnemonics(code)["vbroadcastss"], fmas};
}

}  // namespace

TEST(RepeatedSplats, UseThePortsThatLoadsLeave) {
  Target shared = target_named("avx512 shared");
  // Two loads, seven splats and 14 fmas: 0.9 loads per fma leave room for three loads more.
  EXPECT_EQ(splats_of(shared, 7, 2, false), std::pair(4, 6));
  EXPECT_EQ(splats_of(shared, 14, 2, false), std::pair(5, 18));
}

TEST(RepeatedSplats, StayInARegisterWhereTheyCostMore) {
  Target shared = target_named("avx512 shared"), alone = shared;
  alone.shared_front_end = false;
  EXPECT_EQ(splats_of(shared, 7, 2, true), std::pair(7, 0)) << "the address has an index";
  EXPECT_EQ(splats_of(shared, 6, 4, false), std::pair(6, 0)) << "each splat has four readers";
  EXPECT_EQ(splats_of(alone, 7, 2, false), std::pair(7, 0)) << "the front end has time";
  Target avx2 = target_named("avx2 shared");
  EXPECT_EQ(splats_of(avx2, 4, 2, false), std::pair(4, 0)) << "no splats as operands";
}

// An fma takes one operand from memory.
TEST(RepeatedSplats, StayInARegisterWhereAnFmaReadsThemTwice) {
  Builder b("squares", 2);
  std::vector<Value> sums;
  for (int i = 0; i < 8; ++i) {
    Value x = b.load_splat(kF32x16, {b.pointer(1), {}, 1, 4 * i});
    sums.push_back(b.fma(x, x, b.bits(kF32x16, 0)));
    sums.push_back(b.fma(sums.back(), sums.back(), sums[0]));
    sums.push_back(b.fma(sums.back(), sums[0], sums.back()));
  }
  Value sum = sums[0];
  for (Value s : sums) sum = b.add(sum, s);
  out(b, sum);
  Code code = engrave_or_fail(b.finish(), target_named("avx512 shared"));
  EXPECT_EQ(mnemonics(code)["vbroadcastss"], 8) << code.listing;
}

TEST(Listing, NamesLayerAndOp) {
  Builder b("named", 2);
  b.set_source(3);
  out(b, b.add(reg(b, kF32x8, 0), in(b, kF32x8, 1)));
  EngraveOptions options;
  options.listing = true;
  options.source_name = [](uint32_t source) { return "layer" + std::to_string(source); };
  Result<Code> code = engrave(b.finish(), target_named("avx2"), options);
  ASSERT_TRUE(code);
  EXPECT_NE(code->listing.find("layer3 | %"), std::string::npos) << code->listing;
  EXPECT_NE(code->listing.find(" = add"), std::string::npos) << code->listing;
}

TEST(Refusal, TooWideVectorsHaveAReason) {
  Builder b("wide", 2);
  out(b, in(b, kF32x16, 0));
  Result<Code> code = engrave(b.finish(), target_named("avx2"));
  ASSERT_FALSE(code);
  EXPECT_NE(code.error().reason.find("f32x16"), std::string::npos) << code.error().text();
}

TEST(Engraving, IsDeterministic) {
  Target target = target_named("avx512");
  loop::Function f = gemm_tile(target.machine, 14, 2, 64);
  EXPECT_EQ(engrave_or_fail(f, target).bytes, engrave_or_fail(f, target).bytes);
}

}  // namespace burin::isa
