// Gathers: one instruction for elements of 32 and 64 bits, lane by lane for narrower ones, which no
// instruction reads without touching their neighbours.
#include <bit>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;

// [index of 64 bits][element of 64 bits]
constexpr InstCode kGathers[2][2] = {{ax::Inst::kIdVgatherdps, ax::Inst::kIdVgatherdpd},
                                     {ax::Inst::kIdVgatherqps, ax::Inst::kIdVgatherqpd}};

}  // namespace

void Emitter::emit_gather(const Inst& inst) {
  Value r{inst.result}, indices = function_.operands(inst)[1], mask = function_.operands(inst)[2];
  Type t = type(r);
  int bits = loop::bits_of(t.elem);
  if (t.lanes == 1) return gather_scalar(inst);
  if (bits < 32) return gather_lanes(inst);
  const MemoryOperand& m = facts_.insts[inst_].address;
  bool long_index = loop::bits_of(type(indices).elem) == 64;
  auto shift = static_cast<uint32_t>(std::countr_zero(uint32_t{m.scale}));
  ax::Mem at(gp(m.base), vec(indices), shift, m.disp, static_cast<uint32_t>(bits / 8));
  InstCode id = kGathers[long_index][bits == 64];
  ax::Vec d = fresh_vec(bank_of(t));
  clear(d);
  if (wide()) {
    ax::KReg k = fresh_k();  // the instruction clears it
    if (mask.valid()) {
      move(k, exact_mask(mask, t));
    } else {
      load_literal(k, {loop::mask_for(t.elem), t.lanes}, 1);
    }
    emit_masked(k, false, id, d, at);
  } else {
    ax::Vec all = fresh_vec(bank_of(t));
    if (mask.valid()) {
      move(all, exact_vector_mask(mask, t));
    } else {
      first_lanes(all, t);
    }
    emit(id, d, at, all);
  }
  assign(r, d);
}

// All ones in the lanes of the type, zero beyond them.
void Emitter::first_lanes(const ax::Vec& d, Type t) {
  if (t.bits() >= 128) return load_literal(d, {loop::mask_for(t.elem), t.lanes}, 1);
  ax::Vec ones = d.xmm();
  emit(ax::Inst::kIdVpcmpeqd, ones, ones, ones);
  emit(ax::Inst::kIdVmovq, ones, ones);
}

ax::Mem Emitter::gather_address(const Inst& inst, const ax::Gp& index, int bytes) {
  (void)inst;
  const MemoryOperand& m = facts_.insts[inst_].address;
  auto shift = static_cast<uint32_t>(std::countr_zero(uint32_t{m.scale}));
  return ax::Mem(gp(m.base), index.r64(), shift, m.disp, static_cast<uint32_t>(bytes));
}

void Emitter::gather_scalar(const Inst& inst) {
  Value indices = function_.operands(inst)[1];
  ax::Gp index = fresh_gp();
  ax::Gp x = gp(indices);
  if (loop::bits_of(type(indices).elem) == 64) {
    emit(ax::Inst::kIdMov, index, x);
  } else {
    emit(ax::Inst::kIdMovsxd, index, x.r32());
  }
  Value r{inst.result};
  ax::Mem m = gather_address(inst, index, type(r).bits() / 8);
  if (function_.operands(inst)[2].valid()) return emit_masked_scalar_load(inst, m);
  load_scalar(r, m);
}

void Emitter::gather_lanes(const Inst& inst) {
  Value r{inst.result}, indices = function_.operands(inst)[1], mask = function_.operands(inst)[2];
  Type t = type(r);
  int bits = loop::bits_of(t.elem), index_bits = loop::bits_of(type(indices).elem);
  ax::Mem slot = stack_slot(), out = stack_slot();
  ax::Vec x = vec(indices);
  emit(ax::Inst::kIdVmovups, slot.cloneResized(x.size()), x);
  ax::Gp switches;
  if (mask.valid()) switches = mask_bits(mask);
  for (int i = 0; i < t.lanes; ++i) {
    ax::Gp index = fresh_gp(), element = fresh_gp(Bank::gp32);
    asmjit::Label skip = cc_.newLabel();
    emit(ax::Inst::kIdXor, element, element);
    if (mask.valid()) {
      emit(ax::Inst::kIdBt, switches, asmjit::Imm(wide() ? i : i * bits / 8));
      emit(ax::Inst::kIdJnc, skip);
    }
    emit(index_bits == 64 ? ax::Inst::kIdMov : ax::Inst::kIdMovsxd, index,
         lane_of(slot, i, index_bits));
    emit(ax::Inst::kIdMovzx, element, gather_address(inst, index, bits / 8));
    cc_.bind(skip);
    store_gp(lane_of(out, i, bits), element, bits);
  }
  ax::Vec d = fresh_vec(bank_of(t));
  emit(ax::Inst::kIdVmovups, d, out.cloneResized(d.size()));
  assign(r, d);
}

// A bit for each lane on AVX-512, for each byte of the lanes on AVX2.
ax::Gp Emitter::mask_bits(Value mask) {
  ax::Gp bits = fresh_gp();
  if (wide()) {
    emit(ax::Inst::kIdKmovq, bits, kreg(mask));
  } else {
    emit(ax::Inst::kIdVpmovmskb, bits.r32(), vec(mask));
  }
  return bits;
}

}  // namespace burin::isa::x86
