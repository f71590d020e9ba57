// The table of direct selections.
#include "isa/x86/select.h"

#include <asmjit/x86.h>

#include <array>

#include "base/check.h"

namespace burin::isa::x86 {

namespace {

namespace Code = asmjit::x86::Inst;
using loop::Elem;
using loop::Op;

constexpr size_t kOps = static_cast<size_t>(Op::branch) + 1;
constexpr size_t kElems = static_cast<size_t>(Elem::m64) + 1;

struct Row {
  InstCode avx2 = 0, avx512 = 0;
};
using Table = std::array<std::array<Row, kElems>, kOps>;

//  op, elem, AVX2, AVX-512
// clang-format off
#define BURIN_X86_VECTOR_ROWS(X)                                                           \
  X(add, f32, Vaddps, Vaddps) X(add, f64, Vaddpd, Vaddpd) X(sub, f32, Vsubps, Vsubps)      \
  X(sub, f64, Vsubpd, Vsubpd) X(mul, f32, Vmulps, Vmulps) X(mul, f64, Vmulpd, Vmulpd)      \
  X(div, f32, Vdivps, Vdivps) X(div, f64, Vdivpd, Vdivpd) X(min, f32, Vminps, Vminps)      \
  X(min, f64, Vminpd, Vminpd) X(max, f32, Vmaxps, Vmaxps) X(max, f64, Vmaxpd, Vmaxpd)      \
  X(sqrt, f32, Vsqrtps, Vsqrtps) X(sqrt, f64, Vsqrtpd, Vsqrtpd)                            \
  X(floor, f32, Vroundps, Vrndscaleps) X(floor, f64, Vroundpd, Vrndscalepd)                \
  X(ceil, f32, Vroundps, Vrndscaleps) X(ceil, f64, Vroundpd, Vrndscalepd)                  \
  X(trunc, f32, Vroundps, Vrndscaleps) X(trunc, f64, Vroundpd, Vrndscalepd)                \
  X(round, f32, Vroundps, Vrndscaleps) X(round, f64, Vroundpd, Vrndscalepd)                \
  X(add, i8, Vpaddb, Vpaddb) X(add, i16, Vpaddw, Vpaddw) X(add, i32, Vpaddd, Vpaddd)       \
  X(add, i64, Vpaddq, Vpaddq) X(sub, i8, Vpsubb, Vpsubb) X(sub, i16, Vpsubw, Vpsubw)       \
  X(sub, i32, Vpsubd, Vpsubd) X(sub, i64, Vpsubq, Vpsubq) X(mul, i16, Vpmullw, Vpmullw)    \
  X(mul, i32, Vpmulld, Vpmulld) X(mul, i64, None, Vpmullq) X(min, i8, Vpminsb, Vpminsb)    \
  X(min, i16, Vpminsw, Vpminsw) X(min, i32, Vpminsd, Vpminsd) X(min, i64, None, Vpminsq)   \
  X(min, u8, Vpminub, Vpminub) X(min, u16, Vpminuw, Vpminuw) X(min, u32, Vpminud, Vpminud) \
  X(min, u64, None, Vpminuq) X(max, i8, Vpmaxsb, Vpmaxsb) X(max, i16, Vpmaxsw, Vpmaxsw)    \
  X(max, i32, Vpmaxsd, Vpmaxsd) X(max, i64, None, Vpmaxsq) X(max, u8, Vpmaxub, Vpmaxub)    \
  X(max, u16, Vpmaxuw, Vpmaxuw) X(max, u32, Vpmaxud, Vpmaxud) X(max, u64, None, Vpmaxuq)   \
  X(abs, i8, Vpabsb, Vpabsb) X(abs, i16, Vpabsw, Vpabsw) X(abs, i32, Vpabsd, Vpabsd)       \
  X(abs, i64, None, Vpabsq) X(shl, i16, None, Vpsllvw) X(shl, i32, Vpsllvd, Vpsllvd)       \
  X(shl, i64, Vpsllvq, Vpsllvq) X(shr, i16, None, Vpsrlvw) X(shr, i32, Vpsrlvd, Vpsrlvd)   \
  X(shr, i64, Vpsrlvq, Vpsrlvq) X(sar, i16, None, Vpsravw) X(sar, i32, Vpsravd, Vpsravd)   \
  X(sar, i64, None, Vpsravq)
// clang-format on

// clang-format off
#define BURIN_X86_SCALAR_ROWS(X)                                                              \
  X(add, f32, Vaddss) X(add, f64, Vaddsd) X(sub, f32, Vsubss) X(sub, f64, Vsubsd)             \
  X(mul, f32, Vmulss) X(mul, f64, Vmulsd) X(div, f32, Vdivss) X(div, f64, Vdivsd)             \
  X(min, f32, Vminss) X(min, f64, Vminsd) X(max, f32, Vmaxss) X(max, f64, Vmaxsd)             \
  X(sqrt, f32, Vsqrtss) X(sqrt, f64, Vsqrtsd) X(floor, f32, Vroundss) X(floor, f64, Vroundsd) \
  X(ceil, f32, Vroundss) X(ceil, f64, Vroundsd) X(trunc, f32, Vroundss)                       \
  X(trunc, f64, Vroundsd) X(round, f32, Vroundss) X(round, f64, Vroundsd)
// clang-format on

constexpr Row& at(Table& table, Op op, Elem elem) {
  return table[static_cast<size_t>(op)][static_cast<size_t>(elem)];
}

// Unsigned kinds take the signed rows where both compute the same bits.
constexpr void share_with_unsigned(Table& table) {
  constexpr Elem kPairs[][2] = {
      {Elem::i8, Elem::u8}, {Elem::i16, Elem::u16}, {Elem::i32, Elem::u32}, {Elem::i64, Elem::u64}};
  constexpr Op kShared[] = {Op::add, Op::sub, Op::mul, Op::shl, Op::shr, Op::sar};
  for (Op op : kShared) {
    for (auto [from, to] : kPairs) at(table, op, to) = at(table, op, from);
  }
}

constexpr void fill_bitwise(Table& table) {
  constexpr Elem kAll[] = {Elem::i8,  Elem::u8,  Elem::i16, Elem::u16,  Elem::i32, Elem::u32,
                           Elem::i64, Elem::u64, Elem::f16, Elem::bf16, Elem::f32, Elem::f64};
  for (Elem elem : kAll) {
    bool wide = elem == Elem::i64 || elem == Elem::u64 || elem == Elem::f64;
    at(table, Op::bit_and, elem) = {Code::kIdVpand, wide ? Code::kIdVpandq : Code::kIdVpandd};
    at(table, Op::bit_or, elem) = {Code::kIdVpor, wide ? Code::kIdVporq : Code::kIdVpord};
    at(table, Op::bit_xor, elem) = {Code::kIdVpxor, wide ? Code::kIdVpxorq : Code::kIdVpxord};
  }
}

constexpr Table make_vector_table() {
  Table table{};
#define X(op, elem, a, b) at(table, Op::op, Elem::elem) = {Code::kId##a, Code::kId##b};
  BURIN_X86_VECTOR_ROWS(X)
#undef X
  share_with_unsigned(table);
  fill_bitwise(table);
  return table;
}

constexpr Table make_scalar_table() {
  Table table{};
#define X(op, elem, a) at(table, Op::op, Elem::elem) = {Code::kId##a, Code::kId##a};
  BURIN_X86_SCALAR_ROWS(X)
#undef X
  return table;
}

constexpr Table kVector = make_vector_table();
constexpr Table kScalar = make_scalar_table();

}  // namespace

InstCode vector_instruction(Op op, Elem elem, Isa isa) {
  const Row& row = kVector[static_cast<size_t>(op)][static_cast<size_t>(elem)];
  return isa == Isa::avx512 ? row.avx512 : row.avx2;
}

InstCode scalar_instruction(Op op, Elem elem) {
  return kScalar[static_cast<size_t>(op)][static_cast<size_t>(elem)].avx2;
}

int rounding_immediate(Op op) {
  switch (op) {  // bit 3 keeps the inexact flag quiet
    case Op::round: return 8;
    case Op::floor: return 9;
    case Op::ceil: return 10;
    case Op::trunc: return 11;
    default: return -1;
  }
}

FmaForms fma_instructions(Elem elem, bool scalar) {
  if (elem == Elem::f32) {
    if (scalar) return {Code::kIdVfmadd132ss, Code::kIdVfmadd213ss, Code::kIdVfmadd231ss};
    return {Code::kIdVfmadd132ps, Code::kIdVfmadd213ps, Code::kIdVfmadd231ps};
  }
  if (elem != Elem::f64) return {};
  if (scalar) return {Code::kIdVfmadd132sd, Code::kIdVfmadd213sd, Code::kIdVfmadd231sd};
  return {Code::kIdVfmadd132pd, Code::kIdVfmadd213pd, Code::kIdVfmadd231pd};
}

int float_predicate(Op op) {
  switch (op) {  // quiet; ordered but for NEQ
    case Op::cmp_eq: return 0x00;
    case Op::cmp_ne: return 0x04;
    case Op::cmp_lt: return 0x11;
    case Op::cmp_le: return 0x12;
    case Op::cmp_gt: return 0x1e;
    case Op::cmp_ge: return 0x1d;
    default: BURIN_CHECK(false, "not a comparison"); return 0;
  }
}

int integer_predicate(Op op) {
  switch (op) {
    case Op::cmp_eq: return 0;
    case Op::cmp_lt: return 1;
    case Op::cmp_le: return 2;
    case Op::cmp_ne: return 4;
    case Op::cmp_ge: return 5;
    case Op::cmp_gt: return 6;
    default: BURIN_CHECK(false, "not a comparison"); return 0;
  }
}

Op swapped_comparison(Op op) {
  switch (op) {
    case Op::cmp_lt: return Op::cmp_gt;
    case Op::cmp_le: return Op::cmp_ge;
    case Op::cmp_gt: return Op::cmp_lt;
    case Op::cmp_ge: return Op::cmp_le;
    default: return op;
  }
}

bool is_commutative(Op op, Elem elem) {
  switch (op) {
    case Op::add:
    case Op::mul:
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor: return true;
    case Op::min:
    case Op::max: return !loop::is_float(elem);
    default: return false;
  }
}

}  // namespace burin::isa::x86
