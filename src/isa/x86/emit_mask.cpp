// Comparisons, selection and mask arithmetic. Vector masks are k registers on AVX-512 and vectors
// of all-ones lanes on AVX2; one-lane masks are 0 or 1 in a general register.
#include <algorithm>
#include <bit>

#include "isa/x86/emitter.h"
#include "isa/x86/folding.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;
using loop::Op;

InstCode integer_compare(Elem elem) {
  bool is_unsigned = loop::is_unsigned(elem);
  switch (loop::bits_of(elem)) {
    case 8: return is_unsigned ? ax::Inst::kIdVpcmpub : ax::Inst::kIdVpcmpb;
    case 16: return is_unsigned ? ax::Inst::kIdVpcmpuw : ax::Inst::kIdVpcmpw;
    case 32: return is_unsigned ? ax::Inst::kIdVpcmpud : ax::Inst::kIdVpcmpd;
    default: return is_unsigned ? ax::Inst::kIdVpcmpuq : ax::Inst::kIdVpcmpq;
  }
}

InstCode equal_instruction(int bits) {
  return bits == 8    ? ax::Inst::kIdVpcmpeqb
         : bits == 16 ? ax::Inst::kIdVpcmpeqw
         : bits == 32 ? ax::Inst::kIdVpcmpeqd
                      : ax::Inst::kIdVpcmpeqq;
}

InstCode greater_instruction(int bits) {
  return bits == 8    ? ax::Inst::kIdVpcmpgtb
         : bits == 16 ? ax::Inst::kIdVpcmpgtw
         : bits == 32 ? ax::Inst::kIdVpcmpgtd
                      : ax::Inst::kIdVpcmpgtq;
}

InstCode masked_move(int bits) {
  return bits == 8    ? ax::Inst::kIdVmovdqu8
         : bits == 16 ? ax::Inst::kIdVmovdqu16
         : bits == 32 ? ax::Inst::kIdVmovaps
                      : ax::Inst::kIdVmovapd;
}

}  // namespace

void Emitter::emit_compare(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  Type t = type(a);
  if (t.lanes == 1) return emit_scalar_compare(inst);
  if (loop::is_float(t.elem) && !loop::is_real(t.elem)) refuse(inst);
  if (!wide() && !loop::is_real(t.elem)) {
    ax::Vec x = vec(a), y = vec(b);
    ax::Vec d = fresh_vec(bank_of(type(r)));
    integer_compare_avx2(inst.op, t, d, x, y);
    return assign(r, d);
  }
  asmjit::BaseReg d = fresh(bank_of(type(r)));
  compare_vectors(inst, d, false);
  assign(r, d);
}

// The comparison or its complement; every predicate differs from its complement in bit 2.
void Emitter::compare_vectors(const Inst& inst, const asmjit::BaseReg& d, bool complement) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1];
  Elem elem = type(a).elem;
  Op op = inst.op;
  int k = 1;
  if (folded() == 0 || (folded() < 0 && is_literal(a) && !is_literal(b))) {
    std::swap(a, b);
    op = swapped_comparison(op);
    k = 0;
  }
  ax::Vec x = vec(a);
  asmjit::Operand y = source(b, k);
  InstCode id = elem == Elem::f32   ? ax::Inst::kIdVcmpps
                : elem == Elem::f64 ? ax::Inst::kIdVcmppd
                                    : integer_compare(elem);
  int predicate = loop::is_real(elem) ? float_predicate(op) : integer_predicate(op);
  emit(id, d, x, y, asmjit::Imm(complement ? predicate ^ 4 : predicate));
}

// AVX2 has == and signed >: a < b is b > a, the others are their complements; unsigned numbers are
// compared with their sign bits flipped.
void Emitter::integer_compare_avx2(Op op, Type t, const ax::Vec& d, ax::Vec a, ax::Vec b) {
  int bits = loop::bits_of(t.elem);
  Bank bank = bank_of(t);
  bool complement = op == Op::cmp_ne || op == Op::cmp_le || op == Op::cmp_ge;
  if (op == Op::cmp_eq || op == Op::cmp_ne) {
    emit(equal_instruction(bits), d, a, b);
  } else {
    if (op == Op::cmp_lt || op == Op::cmp_ge) std::swap(a, b);
    if (loop::is_unsigned(t.elem)) {
      asmjit::Operand sign = splat_operand(bits, 1ull << (bits - 1), bank);
      ax::Vec x = fresh_vec(bank), y = fresh_vec(bank);
      emit(ax::Inst::kIdVpxor, x, a, sign);
      emit(ax::Inst::kIdVpxor, y, b, sign);
      a = x;
      b = y;
    }
    emit(greater_instruction(bits), d, a, b);
  }
  if (complement) emit(ax::Inst::kIdVpxor, d, d, splat_operand(32, ~0u, bank));
}

void Emitter::emit_scalar_compare(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  if (!sets_flags(function_, inst)) {
    ax::Vec x = vec(a), y = vec(b), m = fresh_vec(Bank::xmm);
    bool single = type(a).elem == Elem::f32;
    emit(single ? ax::Inst::kIdVcmpss : ax::Inst::kIdVcmpsd, m, x, y,
         asmjit::Imm(float_predicate(inst.op)));
    ax::Gp d = result(r).as<ax::Gp>();
    emit(ax::Inst::kIdVmovd, d.r32(), m);
    return emit(ax::Inst::kIdAnd, d.r32(), asmjit::Imm(1));
  }
  ax::CondCode condition = compare_flags(inst);
  set_bool(result(r).as<ax::Gp>(), condition);
}

void Emitter::set_bool(const ax::Gp& d, ax::CondCode condition) {
  emit(ax::Inst::kIdMov, d.r32(), asmjit::Imm(0));  // keeps the flags
  emit(ax::Inst::setccFromCond(condition), d.r8());
}

void Emitter::emit_select(const Inst& inst) {
  Value m = function_.operands(inst)[0], yes = function_.operands(inst)[1],
        no = function_.operands(inst)[2], r{inst.result};
  Type t = type(r);
  Bank bank = bank_of(t);
  if (bank <= Bank::gp64) return emit_gp_select(inst);
  if (bank == Bank::mask) return select_mask(r, kreg(m), kreg(yes), kreg(no));
  int bits = loop::bits_of(t.elem);
  if (wide()) return select_by_mask(r, m, yes, no);
  ax::Vec mask = t.lanes == 1 ? vector_from_bool(gp(m)) : vec(m);
  ax::Vec x = vec(yes), y = vec(no);
  emit(blend_instruction(bits), result(r), y, x, mask);
}

// A masked move over the operand whose register the result takes; a fused comparison is
// complemented where that is the first one.
void Emitter::select_by_mask(Value r, Value m, Value yes, Value no) {
  Type t = type(r);
  int bits = loop::bits_of(t.elem);
  const Inst* comparison = t.lanes > 1 ? fused_comparison(m) : nullptr;
  auto holds = [&](Value v) { return !is_literal(v) && regs_[v.index] == hints_[r.index]; };
  bool complement = comparison && dies(yes) && (!dies(no) || holds(yes)) && !is_literal(no);
  ax::KReg k;
  if (comparison) {
    k = fresh_k();
    compare_vectors(*comparison, k, complement);
  } else {
    k = t.lanes == 1 ? mask_from_bool(gp(m)) : kreg(m);
  }
  if (complement) std::swap(yes, no);
  ax::Vec x = vec(yes);
  if (is_literal(no) && t.lanes > 1 && (literal_bits(no) << (64 - bits)) == 0) {
    return emit_masked(k, true, masked_move(bits), result(r), x);
  }
  Value others[] = {yes};
  ax::Vec d = overwrite(r, no, others).as<ax::Vec>();
  emit_masked(k, false, masked_move(bits), d, x);
}

InstCode Emitter::blend_instruction(int bits) const {
  return bits == 32   ? ax::Inst::kIdVblendvps
         : bits == 64 ? ax::Inst::kIdVblendvpd
                      : ax::Inst::kIdVpblendvb;
}

void Emitter::emit_gp_select(const Inst& inst) {
  Value m = function_.operands(inst)[0], yes = function_.operands(inst)[1],
        no = function_.operands(inst)[2], r{inst.result};
  ax::Gp x = gp(yes);
  const Inst* comparison = fused_comparison(m);
  if (!comparison) {
    ax::Gp condition = gp(m);
    Value others[] = {m, yes};
    ax::Gp d = overwrite(r, no, others).as<ax::Gp>();
    emit(ax::Inst::kIdTest, condition, condition);
    return emit(ax::Inst::kIdCmovnz, d, x);
  }
  Value others[] = {yes, function_.operands(*comparison)[0], function_.operands(*comparison)[1]};
  ax::Gp d = overwrite(r, no, others).as<ax::Gp>();
  emit(ax::Inst::cmovccFromCond(compare_flags(*comparison)), d, x);
}

void Emitter::select_mask(Value r, const ax::KReg& m, const ax::KReg& yes, const ax::KReg& no) {
  ax::KReg on = fresh_k(), off = fresh_k();
  emit(ax::Inst::kIdKandq, on, m, yes);
  emit(ax::Inst::kIdKandnq, off, m, no);
  ax::KReg d = fresh_k();
  emit(ax::Inst::kIdKorq, d, on, off);
  assign(r, d);
}

ax::KReg Emitter::mask_from_bool(const ax::Gp& condition) {
  ax::KReg k = fresh_k();
  emit(ax::Inst::kIdKmovd, k, condition.r32());
  return k;
}

// All ones in the low 64 bits for 1, zero for 0.
ax::Vec Emitter::vector_from_bool(const ax::Gp& condition) {
  ax::Gp all = fresh_gp();
  emit(ax::Inst::kIdMov, all.r32(), condition.r32());
  emit(ax::Inst::kIdNeg, all);
  ax::Vec v = fresh_vec(Bank::xmm);
  emit(ax::Inst::kIdVmovq, v, all);
  return v;
}

void Emitter::emit_mask_not(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  if (inst.op != Op::bit_not) refuse(inst);
  Bank bank = bank_of(type(a));
  if (bank == Bank::mask) {
    ax::KReg k = kreg(a);
    return emit(ax::Inst::kIdKnotq, result(r), k);
  }
  ax::Vec x = vec(a);
  emit(ax::Inst::kIdVpxor, result(r), x, splat_operand(32, ~0u, bank));
}

void Emitter::emit_mask_binary(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  int row = inst.op == Op::bit_and ? 0 : inst.op == Op::bit_or ? 1 : inst.op == Op::bit_xor ? 2 : 3;
  if (row == 3) refuse(inst);
  static constexpr InstCode kMasks[] = {ax::Inst::kIdKandq, ax::Inst::kIdKorq, ax::Inst::kIdKxorq};
  static constexpr InstCode kVectors[] = {ax::Inst::kIdVpand, ax::Inst::kIdVpor,
                                          ax::Inst::kIdVpxor};
  bool k = bank_of(type(a)) == Bank::mask;
  asmjit::BaseReg x = reg(a), y = reg(b);
  emit(k ? kMasks[row] : kVectors[row], result(r), x, y);
}

// The lanes below n: n is clamped to the number of lanes, then bits are cut off or lane numbers
// compared.
void Emitter::emit_first_n(const Inst& inst) {
  Value n = function_.operands(inst)[0], r{inst.result};
  Type t = type(r);
  if (t.lanes == 1) {
    ax::Gp x = gp(n), d = result(r).as<ax::Gp>();
    emit(ax::Inst::kIdTest, x, x);
    return set_bool(d, ax::CondCode::kG);
  }
  int64_t known = 0;
  if (literal_int(n, &known) && bank_of(t) == Bank::mask) {
    return load_lane_bits(result(r).as<ax::KReg>(), std::clamp<int64_t>(known, 0, t.lanes));
  }
  ax::Gp count = fresh_gp(), bound = fresh_gp();
  emit(ax::Inst::kIdMov, count, gp(n));
  emit(ax::Inst::kIdXor, bound.r32(), bound.r32());
  emit(ax::Inst::kIdTest, count, count);
  emit(ax::Inst::kIdCmovs, count, bound);
  emit(ax::Inst::kIdMov, bound.r32(), asmjit::Imm(t.lanes));
  emit(ax::Inst::kIdCmp, count, bound);
  emit(ax::Inst::kIdCmovg, count, bound);
  if (bank_of(t) == Bank::mask) {
    emit(ax::Inst::kIdMov, bound, asmjit::Imm(-1));
    emit(ax::Inst::kIdBzhi, bound, bound, count);
    return emit(ax::Inst::kIdKmovq, result(r), bound);
  }
  int bits = loop::bits_of(t.elem);
  ax::Vec all = fresh_vec(bank_of(t));
  splat_gp(all, count, bits);
  emit(greater_instruction(bits), result(r), all, lane_numbers(bits, t.lanes, bank_of(t)));
}

}  // namespace burin::isa::x86
