// One-lane integers, pointers and masks: general registers. Values narrower than 32 bits are kept
// sign- or zero-extended to 32, whichever their kind says; one-lane masks are 0 or 1.
#include <bit>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

ax::CondCode condition(loop::Op op, bool is_unsigned) {
  using loop::Op;
  switch (op) {
    case Op::cmp_eq: return ax::CondCode::kE;
    case Op::cmp_ne: return ax::CondCode::kNE;
    case Op::cmp_lt: return is_unsigned ? ax::CondCode::kB : ax::CondCode::kL;
    case Op::cmp_le: return is_unsigned ? ax::CondCode::kBE : ax::CondCode::kLE;
    case Op::cmp_gt: return is_unsigned ? ax::CondCode::kA : ax::CondCode::kG;
    default: return is_unsigned ? ax::CondCode::kAE : ax::CondCode::kGE;
  }
}

InstCode gp_instruction(loop::Op op) {
  using loop::Op;
  switch (op) {
    case Op::add: return ax::Inst::kIdAdd;
    case Op::sub: return ax::Inst::kIdSub;
    case Op::mul: return ax::Inst::kIdImul;
    case Op::bit_and: return ax::Inst::kIdAnd;
    case Op::bit_or: return ax::Inst::kIdOr;
    case Op::bit_xor: return ax::Inst::kIdXor;
    default: return 0;
  }
}

bool is_unsigned_kind(loop::Elem e) { return loop::is_unsigned(e) || e == loop::Elem::ptr; }

}  // namespace

void Emitter::extend(const ax::Gp& r, Elem elem) {
  switch (elem) {
    case Elem::i8: return emit(ax::Inst::kIdMovsx, r.r32(), r.r8());
    case Elem::u8: return emit(ax::Inst::kIdMovzx, r.r32(), r.r8());
    case Elem::i16: return emit(ax::Inst::kIdMovsx, r.r32(), r.r16());
    case Elem::u16:
    case Elem::f16:
    case Elem::bf16: return emit(ax::Inst::kIdMovzx, r.r32(), r.r16());
    default: return;
  }
}

void Emitter::emit_gp_unary(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Elem elem = type(a).elem;
  if (inst.op == Op::bit_not && loop::is_mask(elem)) {
    ax::Gp d = overwrite(r, a, {}).as<ax::Gp>();
    return emit(ax::Inst::kIdXor, d, asmjit::Imm(1));
  }
  if (inst.op == Op::neg || inst.op == Op::bit_not) {
    ax::Gp d = overwrite(r, a, {}).as<ax::Gp>();
    emit(inst.op == Op::neg ? ax::Inst::kIdNeg : ax::Inst::kIdNot, d);
    return extend(d, elem);
  }
  if (inst.op != Op::abs) refuse(inst);
  if (loop::is_unsigned(elem)) return result_is_copy(r, a);
  ax::Gp x = gp(a);
  ax::Gp d = fresh(bank_of(type(r))).as<ax::Gp>();
  emit(ax::Inst::kIdMov, d, x);
  emit(ax::Inst::kIdNeg, d);
  emit(ax::Inst::kIdCmovs, d, x);
  extend(d, elem);
  assign(r, d);
}

void Emitter::emit_gp_binary(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  switch (inst.op) {
    case Op::shl:
    case Op::shr:
    case Op::sar: return emit_gp_shift(inst);
    case Op::div:
    case Op::rem: return emit_gp_divide(inst);
    case Op::min:
    case Op::max: return emit_gp_min_max(inst);
    default: break;
  }
  InstCode id = gp_instruction(inst.op);
  if (!id) refuse(inst);
  bool commutes = inst.op != Op::sub;
  int64_t n = 0;
  if (commutes && (is_literal(a) || (!dies(a) && dies(b) && !is_literal(b)))) std::swap(a, b);
  bool small = literal_int(b, &n) && n == static_cast<int32_t>(n);
  if (emit_by_lea(inst, a, b)) return;
  if (inst.op == Op::mul && small) {
    ax::Gp x = gp(a);
    ax::Gp d = result(r).as<ax::Gp>();
    emit(id, d, x, asmjit::Imm(n));
    return extend(d, type(r).elem);
  }
  Value others[] = {b};
  asmjit::Operand y = gp_source(b, 1);
  ax::Gp d = overwrite(r, a, others).as<ax::Gp>();
  emit(id, d, y);
  extend(d, type(r).elem);
}

// Sums, and products by 2, 4 and 8, that must not overwrite an operand: one lea.
bool Emitter::emit_by_lea(const Inst& inst, Value a, Value b) {
  Value r{inst.result};
  if (type(r).bits() != 64 || is_literal(a)) return false;
  int64_t n = 0;
  bool literal = literal_int(b, &n);
  if (literal && n != static_cast<int32_t>(n)) return false;
  if (inst.op == Op::mul && literal && n > 0 && std::has_single_bit(static_cast<uint64_t>(n))) {
    if (dies(a) || n > 8) {
      ax::Gp d = overwrite(r, a, {}).as<ax::Gp>();
      emit(ax::Inst::kIdShl, d, asmjit::Imm(std::countr_zero(static_cast<uint64_t>(n))));
      return true;
    }
    ax::Gp x = gp(a);
    ax::Mem m(static_cast<uint64_t>(0), x,
              static_cast<uint32_t>(std::countr_zero(static_cast<uint64_t>(n))));
    emit(ax::Inst::kIdLea, result(r), m);
    return true;
  }
  if (dies(a)) return false;
  if (inst.op == Op::add) {
    ax::Gp x = gp(a);
    ax::Mem m = literal ? ax::Mem(x, static_cast<int32_t>(n)) : ax::Mem(x, gp(b), 0, 0);
    emit(ax::Inst::kIdLea, result(r), m);
    return true;
  }
  if (inst.op == Op::sub && literal && n != std::numeric_limits<int32_t>::min()) {
    ax::Gp x = gp(a);
    emit(ax::Inst::kIdLea, result(r), ax::Mem(x, static_cast<int32_t>(-n)));
    return true;
  }
  return false;
}

void Emitter::emit_gp_shift(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  Elem elem = type(r).elem;
  int64_t n = 0;
  bool literal = literal_int(b, &n);
  Value others[] = {b};
  ax::Gp count;
  if (!literal) count = gp(b);
  ax::Gp d = overwrite(r, a, others).as<ax::Gp>();
  int bits = loop::bits_of(elem);
  if (bits < 32 && inst.op != Op::shl) {  // shift the right extension of the element
    bool arithmetic = inst.op == Op::sar;
    InstCode extension = arithmetic ? ax::Inst::kIdMovsx : ax::Inst::kIdMovzx;
    if (bits == 8) emit(extension, d.r32(), d.r8());
    if (bits == 16) emit(extension, d.r32(), d.r16());
  }
  if (literal) {
    InstCode id = inst.op == Op::shl   ? ax::Inst::kIdShl
                  : inst.op == Op::shr ? ax::Inst::kIdShr
                                       : ax::Inst::kIdSar;
    emit(id, d, asmjit::Imm(n));
  } else {
    InstCode id = inst.op == Op::shl   ? ax::Inst::kIdShlx
                  : inst.op == Op::shr ? ax::Inst::kIdShrx
                                       : ax::Inst::kIdSarx;
    emit(id, d, d, count);
  }
  extend(d, elem);
}

void Emitter::emit_gp_min_max(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  bool is_unsigned = is_unsigned_kind(type(r).elem);
  Op better = inst.op == Op::min ? Op::cmp_lt : Op::cmp_gt;
  if (is_literal(a)) std::swap(a, b);
  ax::Gp y = gp(b);
  Value others[] = {b};
  ax::Gp d = overwrite(r, a, others).as<ax::Gp>();
  emit(ax::Inst::kIdCmp, y, d);
  emit(ax::Inst::cmovccFromCond(condition(better, is_unsigned)), d, y);
}

// x / 0 = 0 and x % 0 = 0, so that garbage in unused lanes cannot stop the process; the smallest
// integer by -1 wraps.
void Emitter::divide_registers(Op op, Elem elem, const ax::Gp& d, const ax::Gp& a, const ax::Gp& b,
                               bool safe) {
  bool is_unsigned = is_unsigned_kind(elem), is_long = loop::bits_of(elem) == 64;
  Bank bank = is_long ? Bank::gp64 : Bank::gp32;
  asmjit::Label done = cc_.newLabel(), by_minus_one = cc_.newLabel();
  ax::Gp low = fresh_gp(bank), high = fresh_gp(bank), divisor = fresh_gp(bank);
  emit(ax::Inst::kIdMov, divisor, b);
  emit(ax::Inst::kIdMov, low, a);
  emit(ax::Inst::kIdXor, high.r32(), high.r32());
  ax::Gp out = fresh_gp(bank);
  emit(ax::Inst::kIdXor, out.r32(), out.r32());
  if (!safe) {
    emit(ax::Inst::kIdTest, divisor, divisor);
    emit(ax::Inst::kIdJz, done);
    if (!is_unsigned) {
      emit(ax::Inst::kIdCmp, divisor, asmjit::Imm(-1));
      emit(ax::Inst::kIdJe, by_minus_one);
    }
  }
  if (is_unsigned) {
    emit(ax::Inst::kIdDiv, high, low, divisor);
  } else {
    emit(is_long ? ax::Inst::kIdCqo : ax::Inst::kIdCdq, high, low);
    emit(ax::Inst::kIdIdiv, high, low, divisor);
  }
  emit(ax::Inst::kIdMov, out, op == Op::div ? low : high);
  if (!safe && !is_unsigned) {
    emit(ax::Inst::kIdJmp, done);
    cc_.bind(by_minus_one);  // x / -1 = -x, x % -1 = 0
    if (op == Op::div) {
      emit(ax::Inst::kIdMov, out, low);
      emit(ax::Inst::kIdNeg, out);
    }
  }
  cc_.bind(done);
  emit(ax::Inst::kIdMov, d, out);
  extend(d, elem);
}

void Emitter::emit_gp_divide(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1], r{inst.result};
  Elem elem = type(r).elem;
  int64_t n = 0;
  bool literal = literal_int(b, &n);
  if (literal && n > 0 && std::has_single_bit(static_cast<uint64_t>(n)) &&
      (elem == Elem::i64 || elem == Elem::i32)) {
    return divide_by_power_of_two(inst, a, n);
  }
  ax::Gp x = gp(a), y = gp(b);
  ax::Gp d = fresh(bank_of(type(r))).as<ax::Gp>();
  divide_registers(inst.op, elem, d, x, y, literal && n != 0 && n != -1);
  assign(r, d);
}

// Rounds towards zero: q = (a + (a < 0 ? 2^k - 1 : 0)) >> k, a % 2^k = a - (q << k).
void Emitter::divide_by_power_of_two(const Inst& inst, Value a, int64_t n) {
  Value r{inst.result};
  Bank bank = bank_of(type(r));
  int k = std::countr_zero(static_cast<uint64_t>(n)), bits = type(r).bits();
  ax::Gp x = gp(a), q = fresh_gp(bank);
  if (k == 0) {
    if (inst.op == Op::div) return result_is_copy(r, a);
    emit(ax::Inst::kIdXor, q.r32(), q.r32());
    return assign(r, q);
  }
  emit(ax::Inst::kIdMov, q, x);
  if (k > 1) emit(ax::Inst::kIdSar, q, asmjit::Imm(bits - 1));
  emit(ax::Inst::kIdShr, q, asmjit::Imm(bits - k));
  emit(ax::Inst::kIdAdd, q, x);
  if (inst.op == Op::div) {
    emit(ax::Inst::kIdSar, q, asmjit::Imm(k));
    return assign(r, q);
  }
  emit(ax::Inst::kIdShr, q, asmjit::Imm(k));
  emit(ax::Inst::kIdShl, q, asmjit::Imm(k));
  ax::Gp d = fresh_gp(bank);
  emit(ax::Inst::kIdMov, d, x);
  emit(ax::Inst::kIdSub, d, q);
  assign(r, d);
}

// The comparison behind a condition whose only reader tests its flags.
const loop::Inst* Emitter::fused_comparison(Value condition) const {
  if (is_literal(condition)) return nullptr;
  loop::InstId id = facts_.definition[condition.index];
  if (id == Analysis::kNoInst || !facts_.insts[id].skip) return nullptr;
  return &function_.insts[id];
}

ax::CondCode Emitter::compare_flags(const Inst& inst) {
  Value a = function_.operands(inst)[0], b = function_.operands(inst)[1];
  Op op = inst.op;
  Elem elem = type(a).elem;
  if (elem == Elem::f32 || elem == Elem::f64) {
    if (op == Op::cmp_lt || op == Op::cmp_le) {  // "above" is false when unordered
      std::swap(a, b);
      op = swapped_comparison(op);
    }
    InstCode id = elem == Elem::f32 ? ax::Inst::kIdVucomiss : ax::Inst::kIdVucomisd;
    ax::Vec x = vec(a), y = vec(b);
    emit(id, x, y);
    return op == Op::cmp_gt ? ax::CondCode::kA : ax::CondCode::kAE;
  }
  if (is_literal(a) && !is_literal(b)) {
    std::swap(a, b);
    op = swapped_comparison(op);
  }
  ax::Gp x = gp(a);
  asmjit::Operand y = gp_source(b, 1);
  emit(ax::Inst::kIdCmp, x, y);
  return condition(op, is_unsigned_kind(elem));
}

}  // namespace burin::isa::x86
