// Expansions: ops on vectors that need more than one instruction. What has no vector form at all
// (integer division) goes through the stack lane by lane.
#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;
using loop::Op;

bool is_shift(Op op) { return op == Op::shl || op == Op::shr || op == Op::sar; }

}  // namespace

// d = op(a, b) on vectors; false if there is neither an instruction nor an expansion.
bool Emitter::vector_binary(Op op, Type t, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b) {
  if (InstCode id = vector_instruction(op, t.elem, target_.isa)) {
    emit(id, d, a, b);
    return true;
  }
  int bits = loop::bits_of(t.elem);
  if (loop::is_float(t.elem)) return false;
  if (op == Op::min || op == Op::max) {  // 64 bits on AVX2
    ax::Vec m = fresh_vec(bank_of(t));
    integer_compare_avx2(op == Op::min ? Op::cmp_lt : Op::cmp_gt, t, m, a, b);
    emit(ax::Inst::kIdVblendvpd, d, b, a, m);
  } else if (op == Op::mul) {
    bits == 64 ? multiply_64(bank_of(t), d, a, b) : multiply_8(bank_of(t), d, a, b);
  } else if (is_shift(op)) {
    bits == 64 ? shift_right_64(bank_of(t), d, a, b) : shift_halves(op, bits, bank_of(t), d, a, b);
  } else if (op == Op::div || op == Op::rem) {
    divide_lanes(op, t, d, a, b);
  } else {
    return false;
  }
  return true;
}

InstCode Emitter::logic(Op op) const { return vector_instruction(op, Elem::i32, target_.isa); }

// a*b mod 2^64 = lo*lo + ((hi*lo + lo*hi) << 32)
void Emitter::multiply_64(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b) {
  ax::Vec high = fresh_vec(bank), cross = fresh_vec(bank), low = fresh_vec(bank);
  emit(ax::Inst::kIdVpsrlq, high, a, asmjit::Imm(32));
  emit(ax::Inst::kIdVpmuludq, cross, high, b);
  emit(ax::Inst::kIdVpsrlq, high, b, asmjit::Imm(32));
  emit(ax::Inst::kIdVpmuludq, high, high, a);
  emit(ax::Inst::kIdVpaddq, cross, cross, high);
  emit(ax::Inst::kIdVpsllq, cross, cross, asmjit::Imm(32));
  emit(ax::Inst::kIdVpmuludq, low, a, b);
  emit(ax::Inst::kIdVpaddq, d, low, cross);
}

// Even bytes and odd bytes as 16-bit products.
void Emitter::multiply_8(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b) {
  ax::Vec even = fresh_vec(bank), odd = fresh_vec(bank), other = fresh_vec(bank);
  emit(ax::Inst::kIdVpmullw, even, a, b);
  emit(logic(Op::bit_and), even, even, splat_operand(32, 0x00ff00ff, bank));
  emit(ax::Inst::kIdVpsrlw, odd, a, asmjit::Imm(8));
  emit(ax::Inst::kIdVpsrlw, other, b, asmjit::Imm(8));
  emit(ax::Inst::kIdVpmullw, odd, odd, other);
  emit(ax::Inst::kIdVpsllw, odd, odd, asmjit::Imm(8));
  emit(logic(Op::bit_or), d, even, odd);
}

// Arithmetic: ((a >> n) ^ m) - m with m = 2^63 >> n, all shifts logical.
void Emitter::shift_right_64(Bank bank, const ax::Vec& d, const ax::Vec& a, const ax::Vec& n) {
  ax::Vec m = fresh_vec(bank), x = fresh_vec(bank);
  load_literal(m, {Elem::i64, 4}, 1ull << 63);
  emit(ax::Inst::kIdVpsrlvq, m, m, n);
  emit(ax::Inst::kIdVpsrlvq, x, a, n);
  emit(ax::Inst::kIdVpxor, x, x, m);
  emit(ax::Inst::kIdVpsubq, d, x, m);
}

// Elements of `bits` by shifts on elements of twice the width: the lower and the upper one of each
// pair alone, then merged.
void Emitter::shift_halves(Op op, int bits, Bank bank, const ax::Vec& d, const ax::Vec& a,
                           const ax::Vec& n) {
  Type pair{bits == 8 ? Elem::i16 : Elem::i32, 2};
  pair.lanes = static_cast<uint16_t>((bank == Bank::zmm   ? 512
                                      : bank == Bank::ymm ? 256
                                                          : 128) /
                                     loop::bits_of(pair.elem));
  InstCode left = shift_by_immediate(Op::shl, 2 * bits);
  InstCode right = shift_by_immediate(Op::shr, 2 * bits);
  uint64_t low_mask = bits == 8 ? 0x00ff00ff : 0x0000ffff;
  asmjit::Operand low_half = splat_operand(32, low_mask, bank);
  asmjit::Operand high_half = splat_operand(32, static_cast<uint32_t>(~low_mask), bank);
  ax::Vec count = fresh_vec(bank), low = fresh_vec(bank), high = fresh_vec(bank);
  emit(logic(Op::bit_and), count, n, low_half);
  if (op == Op::sar) {  // in the upper half, so that the sign comes in; then down
    emit(left, low, a, asmjit::Imm(bits));
    vector_binary(op, pair, low, low, count);
    emit(right, low, low, asmjit::Imm(bits));
  } else {
    emit(logic(Op::bit_and), low, a, low_half);
    vector_binary(op, pair, low, low, count);
    emit(logic(Op::bit_and), low, low, low_half);
  }
  emit(right, count, n, asmjit::Imm(bits));
  emit(logic(Op::bit_and), high, a, high_half);
  vector_binary(op, pair, high, high, count);
  emit(logic(Op::bit_and), high, high, high_half);
  emit(logic(Op::bit_or), d, low, high);
}

ax::Mem Emitter::stack_slot() {
  asmjit::BaseMem slot;
  cc_._newStack(&slot, 64, 16);
  return slot.as<ax::Mem>();
}

ax::Mem Emitter::lane_of(const ax::Mem& slot, int lane, int bits) {
  return slot.cloneAdjusted(int64_t{lane} * bits / 8).cloneResized(static_cast<uint32_t>(bits / 8));
}

void Emitter::divide_lanes(Op op, Type t, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b) {
  int bits = loop::bits_of(t.elem);
  Bank bank = bits == 64 ? Bank::gp64 : Bank::gp32;
  ax::Mem dividends = stack_slot(), divisors = stack_slot();
  emit(ax::Inst::kIdVmovups, dividends.cloneResized(a.size()), a);
  emit(ax::Inst::kIdVmovups, divisors.cloneResized(b.size()), b);
  for (int i = 0; i < t.lanes; ++i) {
    ax::Gp x = fresh_gp(bank), y = fresh_gp(bank), q = fresh_gp(bank);
    emit(gp_load(t.elem), x, lane_of(dividends, i, bits));
    emit(gp_load(t.elem), y, lane_of(divisors, i, bits));
    divide_registers(op, t.elem, q, x, y, false);
    store_gp(lane_of(dividends, i, bits), q, bits);
  }
  emit(ax::Inst::kIdVmovups, d, dividends.cloneResized(d.size()));
}

void Emitter::store_gp(const ax::Mem& m, const ax::Gp& x, int bits) {
  switch (bits) {
    case 8: return emit(ax::Inst::kIdMov, m, x.r8());
    case 16: return emit(ax::Inst::kIdMov, m, x.r16());
    case 32: return emit(ax::Inst::kIdMov, m, x.r32());
    default: return emit(ax::Inst::kIdMov, m, x.r64());
  }
}

// acc + the sums of four products u8 * i8.
void Emitter::emit_dot_u8i8(const Inst& inst) {
  Value acc = function_.operands(inst)[0], a = function_.operands(inst)[1],
        b = function_.operands(inst)[2], r{inst.result};
  Value others[] = {a, folded() == 2 ? Value{} : b};
  ax::Vec x = vec(a);
  if (target_.vnni) {
    asmjit::Operand y = folded() == 2 ? source(b, 2) : asmjit::Operand(reg(b));
    return emit(ax::Inst::kIdVpdpbusd, overwrite(r, acc, others), x, y);
  }
  // Even and odd bytes as 16-bit pairs: their products fit, nothing saturates.
  ax::Vec y = vec(b);
  Bank bank = bank_of(type(r));
  ax::Vec u = fresh_vec(bank), s = fresh_vec(bank), even = fresh_vec(bank);
  emit(logic(Op::bit_and), u, x, splat_operand(32, 0x00ff00ff, bank));
  emit(ax::Inst::kIdVpsllw, s, y, asmjit::Imm(8));
  emit(ax::Inst::kIdVpsraw, s, s, asmjit::Imm(8));
  emit(ax::Inst::kIdVpmaddwd, even, u, s);
  emit(ax::Inst::kIdVpsrlw, u, x, asmjit::Imm(8));
  emit(ax::Inst::kIdVpsraw, s, y, asmjit::Imm(8));
  emit(ax::Inst::kIdVpmaddwd, u, u, s);
  emit(ax::Inst::kIdVpaddd, even, even, u);
  ax::Vec sum = vec(acc);
  emit(ax::Inst::kIdVpaddd, result(r), sum, even);
}

// acc + the sums of two bf16 products, the odd one first.
void Emitter::emit_dot_bf16(const Inst& inst) {
  Value acc = function_.operands(inst)[0], a = function_.operands(inst)[1],
        b = function_.operands(inst)[2], r{inst.result};
  Value others[] = {a, folded() == 2 ? Value{} : b};
  ax::Vec x = vec(a);
  if (target_.bf16) {
    asmjit::Operand y = folded() == 2 ? source(b, 2) : asmjit::Operand(reg(b));
    return emit(kBf16DotStandIn, overwrite(r, acc, others), x, y);
  }
  ax::Vec y = vec(b);
  Bank bank = bank_of(type(r));
  ax::Vec d = fresh_vec(bank), p = fresh_vec(bank), q = fresh_vec(bank);
  asmjit::Operand odd = splat_operand(32, 0xffff0000, bank);
  move(d, vec(acc));
  emit(logic(Op::bit_and), p, x, odd);
  emit(logic(Op::bit_and), q, y, odd);
  emit(ax::Inst::kIdVfmadd231ps, d, p, q);
  emit(ax::Inst::kIdVpslld, p, x, asmjit::Imm(16));
  emit(ax::Inst::kIdVpslld, q, y, asmjit::Imm(16));
  emit(ax::Inst::kIdVfmadd231ps, d, p, q);
  assign(r, d);
}

}  // namespace burin::isa::x86
