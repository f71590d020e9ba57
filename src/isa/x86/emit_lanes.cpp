// Between lanes: splats, lane 0, reductions, lane numbers, reinterpretation.
#include <array>
#include <cstring>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;

bool in_vector(loop::Type t) { return t.elem == Elem::f32 || t.elem == Elem::f64; }

}  // namespace

// 0, 1, 2 ... as the last operand of a vector instruction.
ax::Mem Emitter::lane_numbers(int bits, int lanes, Bank bank) {
  size_t bytes = bank == Bank::zmm ? 64 : bank == Bank::ymm ? 32 : 16;
  std::array<uint8_t, 64> data{};
  auto step = static_cast<size_t>(bits / 8);
  for (int i = 0; i < lanes; ++i) {
    std::memcpy(data.data() + static_cast<size_t>(i) * step, &i, step < 4 ? step : 4);
  }
  return pool_.table(std::span(data.data(), bytes));
}

void Emitter::emit_lane_ids(const Inst& inst) {
  Value r{inst.result};
  Type t = type(r);
  if (bank_of(t) <= Bank::gp64) {
    return load_literal(result(r), t, 0);
  }
  ax::Mem m = lane_numbers(loop::bits_of(t.elem), t.lanes, bank_of(t));
  emit(ax::Inst::kIdVmovups, result(r), m);
}

void Emitter::emit_interleave(const Inst& inst) {
  ax::Vec a = vec(function_.operands(inst)[0]), b = vec(function_.operands(inst)[1]);
  bool low = inst.op == Op::interleave_low;
  emit(low ? ax::Inst::kIdVunpcklps : ax::Inst::kIdVunpckhps, result({inst.result}), a, b);
}

void Emitter::splat_gp(const ax::Vec& d, const ax::Gp& scalar, int bits) {
  static constexpr InstCode kIds[] = {ax::Inst::kIdVpbroadcastb, ax::Inst::kIdVpbroadcastw,
                                      ax::Inst::kIdVpbroadcastd, ax::Inst::kIdVpbroadcastq};
  int row = bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3;
  if (wide()) {
    if (bits == 64) return emit(kIds[row], d, scalar.r64());
    return emit(kIds[row], d, scalar.r32());
  }
  ax::Vec low = fresh_vec(Bank::xmm);
  if (bits == 64) {
    emit(ax::Inst::kIdVmovq, low, scalar.r64());
  } else {
    emit(ax::Inst::kIdVmovd, low, scalar.r32());
  }
  emit(kIds[row], d, low);
}

void Emitter::emit_splat(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Type t = type(r);
  int bits = loop::bits_of(t.elem);
  if (loop::is_mask(t.elem)) return splat_bool(r, gp(a));
  if (!in_vector(type(a))) {
    if (folded() == 0) return load_splat(r, source(a, 0).as<ax::Mem>());
    ax::Gp x = gp(a);
    return splat_gp(early_result(r).as<ax::Vec>(), x, bits);
  }
  bool pair = bits == 64 && bank_of(t) == Bank::xmm;
  InstCode id = bits == 32 ? ax::Inst::kIdVbroadcastss
                : pair     ? ax::Inst::kIdVmovddup
                           : ax::Inst::kIdVbroadcastsd;
  asmjit::Operand x = source(a, 0);
  if (x.isReg()) x = x.as<ax::Vec>().xmm();
  emit(id, result(r), x);
}

void Emitter::splat_bool(Value r, const ax::Gp& condition) {
  Type t = type(r);
  ax::Gp all = fresh_gp();
  emit(ax::Inst::kIdMov, all.r32(), condition.r32());
  emit(ax::Inst::kIdNeg, all);
  if (bank_of(t) == Bank::mask) return emit(ax::Inst::kIdKmovq, result(r), all);
  splat_gp(early_result(r).as<ax::Vec>(), all, 64);
}

void Emitter::emit_first(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Type t = type(a);
  if (bank_of(t) == Bank::mask) {
    ax::KReg k = kreg(a);
    ax::Gp d = result(r).as<ax::Gp>();
    emit(ax::Inst::kIdKmovd, d.r32(), k);
    return emit(ax::Inst::kIdAnd, d.r32(), asmjit::Imm(1));
  }
  take_lane_zero(r, vec(a));
}

// Lane 0 of a vector as the scalar `r`.
void Emitter::take_lane_zero(Value r, const ax::Vec& v) {
  Elem elem = type(r).elem;
  if (in_vector(type(r))) return move(result(r), v.xmm());
  ax::Gp d = result(r).as<ax::Gp>();
  if (loop::is_mask(elem)) {
    emit(ax::Inst::kIdVmovd, d.r32(), v.xmm());
    return emit(ax::Inst::kIdAnd, d.r32(), asmjit::Imm(1));
  }
  if (loop::bits_of(elem) == 64) return emit(ax::Inst::kIdVmovq, d, v.xmm());
  emit(ax::Inst::kIdVmovd, d, v.xmm());
  extend(d, elem);
}

// Folds the upper half onto the lower one until one lane is left: lane i with lane i + n/2.
void Emitter::emit_reduce(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Type t = type(a);
  Op op = inst.op == Op::reduce_add ? Op::add : inst.op == Op::reduce_min ? Op::min : Op::max;
  ax::Vec low = vec(a);
  int element = loop::bits_of(t.elem);
  for (int bits = t.bits() / 2; bits >= element; bits /= 2) {
    Type half{t.elem, static_cast<uint16_t>(bits / element)};
    Bank bank = bank_of({t.elem, static_cast<uint16_t>(std::max(2, bits / element))});
    ax::Vec high = fresh_vec(bank), sum = fresh_vec(bank);
    upper_half(high, low, bits);
    ax::Vec x = bank == Bank::ymm ? ax::Vec(low.ymm()) : ax::Vec(low.xmm());
    half.lanes = static_cast<uint16_t>(std::max<int>(2, half.lanes));
    if (!vector_binary(op, half, sum, x, high)) refuse(inst);
    low = sum;
  }
  take_lane_zero(r, low);
}

// The `bits` above the lowest `bits` of v.
void Emitter::upper_half(const ax::Vec& d, const ax::Vec& v, int bits) {
  switch (bits) {
    case 256: return emit(ax::Inst::kIdVextractf64x4, d, v, asmjit::Imm(1));
    case 128:
      return emit(wide() ? ax::Inst::kIdVextractf32x4 : ax::Inst::kIdVextractf128, d, v.ymm(),
                  asmjit::Imm(1));
    case 64: return emit(ax::Inst::kIdVpshufd, d, v.xmm(), asmjit::Imm(0xee));
    case 32: return emit(ax::Inst::kIdVpshufd, d, v.xmm(), asmjit::Imm(0x55));
    case 16: return emit(ax::Inst::kIdVpsrld, d, v.xmm(), asmjit::Imm(16));
    default: return emit(ax::Inst::kIdVpsrlw, d, v.xmm(), asmjit::Imm(8));
  }
}

void Emitter::emit_bitcast(const Inst& inst) {
  Value a = function_.operands(inst)[0], r{inst.result};
  Type from = type(a), to = type(r);
  if (loop::is_mask(from.elem) != loop::is_mask(to.elem)) refuse(inst);
  Bank source_bank = bank_of(from), target_bank = bank_of(to);
  bool from_gp = source_bank <= Bank::gp64, to_gp = target_bank <= Bank::gp64;
  if (from_gp && to_gp) {
    result_is_copy(r, a);
    return extend(reg(r).as<ax::Gp>(), to.elem);
  }
  if (!from_gp && !to_gp) return result_is_copy(r, a);
  bool quad = from.bits() == 64;
  InstCode id = quad ? ax::Inst::kIdVmovq : ax::Inst::kIdVmovd;
  if (from_gp) {
    ax::Gp x = gp(a);
    return quad ? emit(id, result(r), x.r64()) : emit(id, result(r), x.r32());
  }
  ax::Vec x = vec(a);
  ax::Gp d = result(r).as<ax::Gp>();
  emit(id, d, x.xmm());
  extend(d, to.elem);
}

}  // namespace burin::isa::x86
