// Loads, stores and addresses. Lanes that a mask switches off are neither read nor written, and no
// access is wider than its type.
#include <bit>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;

InstCode masked_memory_move(int bits) {
  return bits == 8    ? ax::Inst::kIdVmovdqu8
         : bits == 16 ? ax::Inst::kIdVmovdqu16
         : bits == 32 ? ax::Inst::kIdVmovups
                      : ax::Inst::kIdVmovupd;
}

// Moves of the low bits of a register: 32 and 64 of them; 0 for others.
InstCode partial_move(int bits) {
  return bits == 64 ? InstCode{ax::Inst::kIdVmovq} : bits == 32 ? InstCode{ax::Inst::kIdVmovd} : 0;
}

}  // namespace

InstCode Emitter::gp_load(Elem elem) {
  switch (elem) {
    case Elem::i8:
    case Elem::i16: return ax::Inst::kIdMovsx;
    case Elem::u8:
    case Elem::u16:
    case Elem::f16:
    case Elem::bf16: return ax::Inst::kIdMovzx;
    default: return ax::Inst::kIdMov;
  }
}

void Emitter::emit_load(const Inst& inst) {
  Value r{inst.result}, mask = function_.operands(inst)[2];
  Type t = type(r);
  ax::Mem m = address(facts_.insts[inst_].address, static_cast<uint32_t>(t.bits() / 8));
  if (loop::is_mask(t.elem)) refuse(inst);
  if (mask.valid()) return emit_masked_load(inst, m);
  if (t.lanes == 1) return load_scalar(r, m);
  if (t.bits() >= 128) return emit(ax::Inst::kIdVmovups, result(r), m);
  if (InstCode id = partial_move(t.bits())) return emit(id, result(r), m);
  ax::Gp pair = fresh_gp(Bank::gp32);
  emit(ax::Inst::kIdMovzx, pair, m);
  emit(ax::Inst::kIdVmovd, result(r), pair);
}

void Emitter::load_scalar(Value r, const ax::Mem& m) {
  Elem elem = type(r).elem;
  InstCode id = elem == Elem::f32   ? ax::Inst::kIdVmovss
                : elem == Elem::f64 ? ax::Inst::kIdVmovsd
                                    : gp_load(elem);
  emit(id, result(r), m);
}

void Emitter::emit_masked_load(const Inst& inst, const ax::Mem& m) {
  Value r{inst.result}, mask = function_.operands(inst)[2];
  Type t = type(r);
  int bits = loop::bits_of(t.elem);
  if (t.lanes == 1) return emit_masked_scalar_load(inst, m);
  if (wide()) {
    ax::KReg k = exact_mask(mask, t);
    return emit_masked(k, true, masked_memory_move(bits), result(r), m);
  }
  if (bits < 32) return emit_lane_loads(inst, m);
  ax::Vec lanes = exact_vector_mask(mask, t);
  emit(bits == 32 ? ax::Inst::kIdVmaskmovps : ax::Inst::kIdVmaskmovpd, result(r), lanes, m);
}

void Emitter::emit_masked_scalar_load(const Inst& inst, const ax::Mem& m) {
  Value r{inst.result};
  Type t = type(r);
  asmjit::Label skip = cc_.newLabel();
  ax::Gp condition = gp(function_.operands(inst)[2]);
  asmjit::BaseReg d = fresh(bank_of(t));
  bool in_gp = bank_of(t) <= Bank::gp64;
  if (in_gp) {
    emit(ax::Inst::kIdXor, d.as<ax::Gp>().r32(), d.as<ax::Gp>().r32());
  } else {
    clear(d.as<ax::Vec>());
  }
  emit(ax::Inst::kIdTest, condition, condition);
  emit(ax::Inst::kIdJz, skip);
  InstCode id = in_gp                 ? gp_load(t.elem)
                : t.elem == Elem::f32 ? ax::Inst::kIdVmovss
                                      : ax::Inst::kIdVmovsd;
  emit(id, d, m);
  cc_.bind(skip);
  assign(r, d);
}

// A k mask without bits beyond the lanes: instructions on less than 128 bits work on more lanes.
ax::KReg Emitter::exact_mask(Value mask, Type t) {
  ax::KReg k = kreg(mask);
  if (t.bits() >= 128) return k;
  ax::KReg exact = fresh_k(), lanes = fresh_k();
  load_literal(lanes, {loop::mask_for(t.elem), t.lanes}, 1);
  emit(ax::Inst::kIdKandq, exact, k, lanes);
  return exact;
}

ax::Vec Emitter::exact_vector_mask(Value mask, Type t) {
  ax::Vec v = vec(mask);
  if (t.bits() >= 128) return v;
  ax::Vec exact = fresh_vec(Bank::xmm);
  emit(ax::Inst::kIdVmovq, exact, v);  // the upper half becomes zero
  return exact;
}

void Emitter::emit_load_splat(const Inst& inst) {
  Value r{inst.result};
  if (type(r).lanes == 1) return emit_load(inst);
  auto bytes = static_cast<uint32_t>(loop::bits_of(type(r).elem) / 8);
  load_splat(r, address(facts_.insts[inst_].address, bytes));
}

void Emitter::load_splat(Value r, const ax::Mem& m) {
  int bits = loop::bits_of(type(r).elem);
  bool pair = bits == 64 && bank_of(type(r)) == Bank::xmm;
  InstCode id = bits == 8    ? ax::Inst::kIdVpbroadcastb
                : bits == 16 ? ax::Inst::kIdVpbroadcastw
                : bits == 32 ? ax::Inst::kIdVbroadcastss
                : pair       ? ax::Inst::kIdVmovddup
                             : ax::Inst::kIdVbroadcastsd;
  emit(id, result(r), m);
}

void Emitter::emit_store(const Inst& inst) {
  Value mask = function_.operands(inst)[2], value = function_.operands(inst)[3];
  Type t = type(value);
  ax::Mem m = address(facts_.insts[inst_].address, static_cast<uint32_t>(t.bits() / 8));
  if (loop::is_mask(t.elem)) refuse(inst);
  if (mask.valid()) return emit_masked_store(inst, m);
  store_unmasked(m, value);
}

void Emitter::emit_stream(const Inst& inst) {
  Value value = function_.operands(inst)[3];
  auto bytes = static_cast<uint32_t>(type(value).bits() / 8);
  emit(ax::Inst::kIdVmovntps, address(facts_.insts[inst_].address, bytes), vec(value));
}

void Emitter::store_unmasked(const ax::Mem& m, Value value) {
  Type t = type(value);
  if (bank_of(t) <= Bank::gp64) {
    int64_t n = 0;
    if (literal_int(value, &n) && n == static_cast<int32_t>(n)) {
      return emit(ax::Inst::kIdMov, m, asmjit::Imm(n));
    }
    return store_gp(m, gp(value), loop::bits_of(t.elem));
  }
  ax::Vec x = vec(value);
  if (t.lanes == 1) {
    return emit(t.elem == Elem::f32 ? ax::Inst::kIdVmovss : ax::Inst::kIdVmovsd, m, x);
  }
  if (t.bits() >= 128) return emit(ax::Inst::kIdVmovups, m, x);
  if (InstCode id = partial_move(t.bits())) return emit(id, m, x);
  emit(ax::Inst::kIdVpextrw, m, x, asmjit::Imm(0));
}

void Emitter::emit_masked_store(const Inst& inst, const ax::Mem& m) {
  Value mask = function_.operands(inst)[2], value = function_.operands(inst)[3];
  Type t = type(value);
  int bits = loop::bits_of(t.elem);
  if (t.lanes == 1) {
    asmjit::Label skip = cc_.newLabel();
    ax::Gp condition = gp(mask);
    emit(ax::Inst::kIdTest, condition, condition);
    emit(ax::Inst::kIdJz, skip);
    store_unmasked(m, value);
    return void(cc_.bind(skip));
  }
  if (wide()) {
    ax::KReg k = exact_mask(mask, t);
    ax::Vec x = vec(value);
    return emit_masked(k, false, masked_memory_move(bits), m, x);
  }
  if (bits < 32) return emit_lane_stores(inst, m);
  ax::Vec lanes = exact_vector_mask(mask, t), x = vec(value);
  emit(bits == 32 ? ax::Inst::kIdVmaskmovps : ax::Inst::kIdVmaskmovpd, m, lanes, x);
}

void Emitter::emit_offset(const Inst& inst) {
  const MemoryOperand& m = facts_.insts[inst_].address;
  Value r{inst.result};
  if (!m.index.valid() && m.disp == 0) return result_is_copy(r, m.base);
  if (!m.index.valid() && dies(m.base)) {
    ax::Gp d = overwrite(r, m.base, {}).as<ax::Gp>();
    return emit(ax::Inst::kIdAdd, d, asmjit::Imm(m.disp));
  }
  ax::Mem at = address(m, 0);
  emit(ax::Inst::kIdLea, result(r), at);
}

// AVX2 has no masked moves of 8 and 16 bits: lane by lane, by the bits of the mask.
void Emitter::emit_lane_loads(const Inst& inst, const ax::Mem& m) {
  Value r{inst.result};
  Type t = type(r);
  int bytes = loop::bits_of(t.elem) / 8;
  InstCode insert = bytes == 1 ? ax::Inst::kIdVpinsrb : ax::Inst::kIdVpinsrw;
  ax::Gp bits = mask_bits(function_.operands(inst)[2]);
  int halves = t.bits() > 128 ? 2 : 1, lanes = t.lanes / halves;
  ax::Vec half[2];
  for (int h = 0; h < halves; ++h) {
    half[h] = fresh_vec(Bank::xmm);
    clear(half[h]);
    for (int i = 0; i < lanes; ++i) {
      int at = (h * lanes + i) * bytes;
      asmjit::Label skip = cc_.newLabel();
      emit(ax::Inst::kIdBt, bits, asmjit::Imm(at));
      emit(ax::Inst::kIdJnc, skip);
      ax::Mem lane = m.cloneAdjusted(at).cloneResized(static_cast<uint32_t>(bytes));
      emit(insert, half[h], half[h], lane, asmjit::Imm(i));
      cc_.bind(skip);
    }
  }
  if (halves == 1) return assign(r, half[0]);
  emit(ax::Inst::kIdVinserti128, result(r), half[0].ymm(), half[1], asmjit::Imm(1));
}

void Emitter::emit_lane_stores(const Inst& inst, const ax::Mem& m) {
  Value value = function_.operands(inst)[3];
  Type t = type(value);
  int bytes = loop::bits_of(t.elem) / 8;
  InstCode extract = bytes == 1 ? ax::Inst::kIdVpextrb : ax::Inst::kIdVpextrw;
  ax::Gp bits = mask_bits(function_.operands(inst)[2]);
  int halves = t.bits() > 128 ? 2 : 1, lanes = t.lanes / halves;
  ax::Vec half = vec(value).xmm();
  for (int h = 0; h < halves; ++h) {
    if (h == 1) {
      half = fresh_vec(Bank::xmm);
      emit(ax::Inst::kIdVextracti128, half, vec(value), asmjit::Imm(1));
    }
    for (int i = 0; i < lanes; ++i) {
      int at = (h * lanes + i) * bytes;
      asmjit::Label skip = cc_.newLabel();
      emit(ax::Inst::kIdBt, bits, asmjit::Imm(at));
      emit(ax::Inst::kIdJnc, skip);
      ax::Mem lane = m.cloneAdjusted(at).cloneResized(static_cast<uint32_t>(bytes));
      emit(extract, lane, half, asmjit::Imm(i));
      cc_.bind(skip);
    }
  }
}

}  // namespace burin::isa::x86
