// Lane-wise arithmetic on vectors, and on float scalars in the low lane of a register.
#include <bit>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;

uint64_t sign_bit(Elem e) { return 1ull << (loop::bits_of(e) - 1); }

}  // namespace

void Emitter::emit_unary(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Type t = type(a);
  if (loop::is_mask(t.elem) && t.lanes > 1) return emit_mask_not(inst);
  if (bank_of(t) <= Bank::gp64) return emit_gp_unary(inst);
  if (t.lanes == 1) {
    if (InstCode id = scalar_instruction(inst.op, t.elem)) {
      ax::Vec x = vec(a), d = result(r).as<ax::Vec>();
      int rounding = rounding_immediate(inst.op);
      if (rounding < 0) return emit(id, d, x, x);
      return emit(id, d, x, x, asmjit::Imm(rounding));
    }
  }
  if (InstCode id = vector_instruction(inst.op, t.elem, target_.isa); id && t.lanes > 1) {
    asmjit::Operand x = folded() == 0 ? source(a, 0) : asmjit::Operand(reg(a));
    ax::Vec d = result(r).as<ax::Vec>();
    int rounding = rounding_immediate(inst.op);
    if (rounding < 0) return emit(id, d, x);
    return emit(id, d, x, asmjit::Imm(rounding));
  }
  vector_unary(inst);
}

// neg: x ^ sign or 0 - x; abs: x & ~sign or (x ^ s) - s with s = 0 > x; bit_not: x ^ ~0.
void Emitter::vector_unary(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Elem elem = type(a).elem;
  Bank bank = bank_of(type(a));
  int bits = loop::bits_of(elem);
  ax::Vec x = vec(a);
  if (inst.op == Op::bit_not ||
      (loop::is_real(elem) && (inst.op == Op::neg || inst.op == Op::abs))) {
    uint64_t mask = inst.op == Op::bit_not ? ~0ull
                    : inst.op == Op::neg   ? sign_bit(elem)
                                           : sign_bit(elem) - 1;
    Op op = inst.op == Op::abs ? Op::bit_and : Op::bit_xor;
    asmjit::Operand m = splat_operand(bits, mask, bank);
    return emit(vector_instruction(op, elem, target_.isa), result(r), x, m);
  }
  if (inst.op == Op::abs && loop::is_unsigned(elem)) return result_is_copy(r, a);
  ax::Vec zero = fresh_vec(bank);
  if (inst.op == Op::neg && !loop::is_float(elem)) {
    clear(zero);
    return emit(vector_instruction(Op::sub, elem, target_.isa), result(r), zero, x);
  }
  if (inst.op != Op::abs || elem != Elem::i64) refuse(inst);
  ax::Vec sign = fresh_vec(bank), flipped = fresh_vec(bank);
  clear(zero);
  emit(ax::Inst::kIdVpcmpgtq, sign, zero, x);
  emit(ax::Inst::kIdVpxor, flipped, x, sign);
  emit(ax::Inst::kIdVpsubq, result(r), flipped, sign);
}

void Emitter::clear(const ax::Vec& v) {
  ax::Vec low = v.xmm();
  emit(ax::Inst::kIdVxorps, low, low, low);
}

void Emitter::emit_binary(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  Type t = type(a);
  if (loop::is_mask(t.elem) && t.lanes > 1) return emit_mask_binary(inst);
  if (bank_of(t) <= Bank::gp64) return emit_gp_binary(inst);
  bool is_shift = inst.op == Op::shl || inst.op == Op::shr || inst.op == Op::sar;
  if (is_shift) return emit_shift(inst);
  InstCode id = t.lanes == 1 ? scalar_instruction(inst.op, t.elem) : 0;
  if (!id) id = vector_instruction(inst.op, t.elem, target_.isa);
  if (!id) return emit_expanded_binary(inst);
  int k = 1;
  bool first_in_memory = folded() == 0 || (folded() < 0 && is_literal(a));
  if (first_in_memory && is_commutative(inst.op, t.elem) && !(folded() < 0 && is_literal(b))) {
    std::swap(a, b);
    k = 0;
  }
  ax::Vec x = vec(a);
  // The bitwise instructions read 16 bytes even for a scalar.
  bool bitwise_scalar = t.lanes == 1 && !scalar_instruction(inst.op, t.elem);
  asmjit::Operand y = bitwise_scalar ? asmjit::Operand(reg(b)) : source(b, k);
  emit(id, result(r), x, y);
}

void Emitter::emit_expanded_binary(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  ax::Vec x = vec(a), y = vec(b);
  ax::Vec d = fresh_vec(bank_of(type(r)));
  if (!vector_binary(inst.op, type(r), d, x, y)) refuse(inst);
  assign(r, d);
}

void Emitter::emit_fma(const Inst& inst) {
  Value v[3] = {function_.operands(inst)[0], function_.operands(inst)[1],
                function_.operands(inst)[2]};
  Value r{inst.result};
  Type t = type(r);
  FmaForms forms = fma_instructions(t.elem, t.lanes == 1);
  if (!forms.m231) refuse(inst);
  int memory = folded();
  for (int k = 2; k >= 0 && memory < 0; --k) {
    if (is_literal(v[k])) memory = k;
  }
  int target = fma_target(r, v, memory);
  // dst and the two other operands in the order that the form wants: src2, then src3.
  int second = target == 0 ? 1 : 0, third = target == 2 ? 1 : 2;
  InstCode id = target == 2 ? forms.m231 : forms.m213;  // src2 * src3 + dst, src2 * dst + src3
  if (memory == second) {
    std::swap(second, third);
    if (target != 2) id = forms.m132;  // dst * src3 + src2
  }
  Value others[] = {v[second], memory == third ? Value{} : v[third]};
  ax::Vec x = vec(v[second]);
  asmjit::Operand y = memory == third ? source(v[third], third) : asmjit::Operand(reg(v[third]));
  ax::Vec d = overwrite(r, v[target], others).as<ax::Vec>();
  emit(id, d, x, y);
}

// Which operand's register the result takes: the one that the loop carries it in, one that dies, a
// literal that must be loaded anyway; otherwise the addend is copied.
int Emitter::fma_target(Value r, const Value (&v)[3], int memory) const {
  uint32_t hint = hints_[r.index];
  for (int k : {2, 0, 1}) {
    if (k != memory && !is_literal(v[k]) && regs_[v[k].index] == hint && dies(v[k])) return k;
  }
  for (int k : {2, 0, 1}) {
    if (k != memory && dies(v[k])) return k;
  }
  for (int k : {2, 0, 1}) {
    if (k != memory && is_literal(v[k])) return k;
  }
  return memory == 2 ? 0 : 2;
}

// a shift by a literal takes an immediate; by lanes, the variable instructions.
void Emitter::emit_shift(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  Type t = type(r);
  int bits = loop::bits_of(t.elem);
  int64_t n = 0;
  if (literal_int(b, &n) && bits >= 16) {
    if (InstCode id = shift_by_immediate(inst.op, bits)) {
      ax::Vec x = vec(a);
      return emit(id, result(r), x, asmjit::Imm(n));
    }
  }
  InstCode id = vector_instruction(inst.op, t.elem, target_.isa);
  if (!id) return emit_expanded_binary(inst);
  ax::Vec x = vec(a);
  asmjit::Operand y = source(b, 1);
  emit(id, result(r), x, y);
}

InstCode Emitter::shift_by_immediate(Op op, int bits) const {
  int row = op == Op::shl ? 0 : op == Op::shr ? 1 : 2;
  int column = bits == 16 ? 0 : bits == 32 ? 1 : 2;
  static constexpr InstCode kTable[3][3] = {
      {ax::Inst::kIdVpsllw, ax::Inst::kIdVpslld, ax::Inst::kIdVpsllq},
      {ax::Inst::kIdVpsrlw, ax::Inst::kIdVpsrld, ax::Inst::kIdVpsrlq},
      {ax::Inst::kIdVpsraw, ax::Inst::kIdVpsrad, ax::Inst::kIdVpsraq}};
  if (row == 2 && column == 2 && !wide()) return 0;
  return kTable[row][column];
}

}  // namespace burin::isa::x86
