// SSA values to virtual registers. A register holds one live value at a time (owners_), so an
// instruction may overwrite the register of an operand that dies in it.
#include <algorithm>
#include <bit>
#include <limits>

#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

constexpr int kWeightPerLoop = 80, kMostWeight = 255;  // for AsmJit's allocator

asmjit::BaseReg make_reg(Bank bank, uint32_t id) {
  switch (bank) {
    case Bank::gp32: return ax::Gpd(id);
    case Bank::gp64: return ax::Gpq(id);
    case Bank::xmm: return ax::Xmm(id);
    case Bank::ymm: return ax::Ymm(id);
    case Bank::zmm: return ax::Zmm(id);
    case Bank::mask: return ax::KReg(id);
  }
  __builtin_unreachable();
}

asmjit::TypeId type_id_of(Bank bank) {
  switch (bank) {
    case Bank::gp32: return asmjit::TypeId::kUInt32;
    case Bank::gp64: return asmjit::TypeId::kUInt64;
    case Bank::xmm: return asmjit::TypeId::kFloat32x4;
    case Bank::ymm: return asmjit::TypeId::kFloat32x8;
    case Bank::zmm: return asmjit::TypeId::kFloat32x16;
    case Bank::mask: return asmjit::TypeId::kMask64;
  }
  __builtin_unreachable();
}

}  // namespace

Bank Emitter::bank_of(Type type) const {
  if (type.lanes == 1) {
    if (type.elem == Elem::f32 || type.elem == Elem::f64) return Bank::xmm;
    return loop::bits_of(type.elem) == 64 && !loop::is_mask(type.elem) ? Bank::gp64 : Bank::gp32;
  }
  if (loop::is_mask(type.elem) && wide() && type.lanes <= 64) return Bank::mask;
  int bits = type.bits();
  if (bits <= 128) return Bank::xmm;
  if (bits <= 256) return Bank::ymm;
  if (bits <= 512 && wide()) return Bank::zmm;
  throw Unsupported{type.text() + " is wider than the registers of " + target_.name};
}

asmjit::BaseReg Emitter::fresh(Bank bank) {
  asmjit::BaseReg r;
  cc_._newReg(&r, type_id_of(bank), "v");  // without a name AsmJit would format one
  return make_reg(bank, r.id());
}

void Emitter::keep_in_register(const asmjit::BaseReg& r, int depth) {
  asmjit::VirtReg* virt = cc_.virtRegById(r.id());
  auto weight = static_cast<uint32_t>(std::min(kWeightPerLoop * depth, kMostWeight));
  if (virt->weight() < weight) virt->setWeight(weight);
}

asmjit::BaseReg Emitter::reg(Value v) {
  Type t = type(v);
  if (is_literal(v)) return literal_register(v);
  BURIN_CHECK(regs_[v.index] != kNoRegister, "a value is read before it is computed");
  return make_reg(bank_of(t), regs_[v.index]);
}

asmjit::BaseReg Emitter::literal_register(Value v) {
  Type t = type(v);
  Bank bank = bank_of(t);
  if (regs_[v.index] != kNoRegister) return make_reg(bank, regs_[v.index]);
  asmjit::BaseReg r = fresh(bank);
  bool vector = bank >= Bank::xmm && bank <= Bank::zmm;
  bool hoist = vector && loop_depth_ > 0 && spare_vectors_ > 0;
  if (!hoist) {
    load_literal(r, t, literal_bits(v));
    return r;
  }
  asmjit::BaseNode* here = cc_.setCursor(entry_);
  load_literal(r, t, literal_bits(v));
  bool at_entry = here == entry_;
  entry_ = cc_.cursor();
  if (!at_entry) cc_.setCursor(here);
  regs_[v.index] = r.id();
  --spare_vectors_;
  return r;
}

bool Emitter::dies(Value v) const {
  return !is_literal(v) && facts_.last_use[v.index] <= position_;
}

void Emitter::assign(Value v, const asmjit::BaseReg& r) {
  regs_[v.index] = r.id();
  uint32_t index = asmjit::Operand::virtIdToIndex(r.id());
  if (index >= owners_.size()) owners_.resize(index + 16);
  owners_[index] = v;
}

bool Emitter::hint_is_free(Value v, uint32_t free_by) const {
  if (hints_[v.index] == kNoRegister) return false;
  Value owner = owners_[asmjit::Operand::virtIdToIndex(hints_[v.index])];
  return !owner.valid() || facts_.last_use[owner.index] <= free_by;
}

asmjit::BaseReg Emitter::pick_result(Value v, uint32_t free_by) {
  Bank bank = bank_of(type(v));
  asmjit::BaseReg r = hint_is_free(v, free_by) ? make_reg(bank, hints_[v.index]) : fresh(bank);
  assign(v, r);
  return r;
}

asmjit::BaseReg Emitter::overwrite(Value v, Value from, std::span<const Value> others) {
  Bank bank = bank_of(type(v));
  bool literal = is_literal(from);
  uint32_t from_id = literal ? kNoRegister : regs_[from.index];
  auto read_later = [&](uint32_t id) {
    return std::ranges::any_of(
        others, [&](Value o) { return o.valid() && !is_literal(o) && regs_[o.index] == id; });
  };
  asmjit::BaseReg to;
  if (hint_is_free(v, position_) && (hints_[v.index] == from_id || !read_later(hints_[v.index]))) {
    to = make_reg(bank, hints_[v.index]);
  } else if (dies(from) && owners_[asmjit::Operand::virtIdToIndex(from_id)] == from) {
    to = make_reg(bank, from_id);
  } else {
    to = fresh(bank);
  }
  if (literal && regs_[from.index] != kNoRegister) {
    move(to, make_reg(bank, regs_[from.index]));
  } else if (literal) {
    load_literal(to, type(from), literal_bits(from));
  } else if (to.id() != from_id) {
    move(to, make_reg(bank, from_id));
  }
  assign(v, to);
  return to;
}

void Emitter::result_is_copy(Value v, Value from) { overwrite(v, from, {}); }

void Emitter::move(const asmjit::BaseReg& to, const asmjit::BaseReg& from) {
  if (to.id() == from.id()) return;
  if (ax::Reg::isKReg(to)) return emit(ax::Inst::kIdKmovq, to, from);
  if (ax::Reg::isGp(to)) return emit(ax::Inst::kIdMov, to, from);
  emit(ax::Inst::kIdVmovaps, to, from);
}

bool Emitter::literal_int(Value v, int64_t* out) const {
  if (!is_literal(v) || loop::is_float(type(v).elem)) return false;
  uint64_t bits = literal_bits(v);
  switch (type(v).elem) {
    case Elem::i8: *out = static_cast<int8_t>(bits); break;
    case Elem::u8: *out = static_cast<uint8_t>(bits); break;
    case Elem::i16: *out = static_cast<int16_t>(bits); break;
    case Elem::u16: *out = static_cast<uint16_t>(bits); break;
    case Elem::i32: *out = static_cast<int32_t>(bits); break;
    case Elem::u32: *out = static_cast<uint32_t>(bits); break;
    case Elem::m8:
    case Elem::m16:
    case Elem::m32:
    case Elem::m64: *out = static_cast<uint8_t>(bits) != 0; break;
    default: *out = static_cast<int64_t>(bits); break;
  }
  return true;
}

// A k register with the lowest `lanes` bits set.
void Emitter::load_lane_bits(const ax::KReg& to, int64_t lanes) {
  uint64_t bits = lanes >= 64 ? ~0ull : (1ull << lanes) - 1;
  ax::Gp r = fresh_gp();
  if (lanes <= 32) {
    emit(ax::Inst::kIdMov, r.r32(), asmjit::Imm(static_cast<uint32_t>(bits)));
  } else {
    emit(ax::Inst::kIdMov, r, asmjit::Imm(static_cast<int64_t>(bits)));
  }
  emit(ax::Inst::kIdKmovq, to, r);
}

void Emitter::load_literal(const asmjit::BaseReg& to, Type type, uint64_t bits) {
  if (ax::Reg::isKReg(to)) {
    bool on = static_cast<uint8_t>(bits) != 0;
    return load_lane_bits(to.as<ax::KReg>(), on ? type.lanes : 0);
  }
  if (ax::Reg::isGp(to)) {
    uint64_t value = bits;
    if (!to.as<ax::Gp>().isGpq()) value = static_cast<uint32_t>(bits);
    if (type.elem == Elem::f16 || type.elem == Elem::bf16) value = static_cast<uint16_t>(bits);
    if (type.elem == Elem::u8) value = static_cast<uint8_t>(bits);
    if (type.elem == Elem::u16) value = static_cast<uint16_t>(bits);
    if (type.elem == Elem::i8) value = static_cast<uint32_t>(static_cast<int8_t>(bits));
    if (type.elem == Elem::i16) value = static_cast<uint32_t>(static_cast<int16_t>(bits));
    if (loop::is_mask(type.elem)) value = static_cast<uint8_t>(bits) != 0;
    ax::Gp low = to.as<ax::Gp>().r32();
    if (value == 0) return emit(ax::Inst::kIdXor, low, low);
    if (value <= ~0u) return emit(ax::Inst::kIdMov, low, asmjit::Imm(value));
    return emit(ax::Inst::kIdMov, to, asmjit::Imm(static_cast<int64_t>(value)));
  }
  int element = loop::bits_of(type.elem);
  if (loop::is_mask(type.elem)) bits = static_cast<uint8_t>(bits) ? ~0ull : 0;
  uint64_t used = element == 64 ? bits : bits & ((1ull << element) - 1);
  if (used == 0) {
    ax::Vec low = to.as<ax::Vec>().xmm();
    return emit(ax::Inst::kIdVxorps, low, low, low);
  }
  bool pairs = element == 64 && to.as<ax::Vec>().isXmm();
  if (type.lanes == 1) {
    ax::Mem m = pool_.element(bits, static_cast<uint32_t>(element / 8));
    return emit(element == 64 ? ax::Inst::kIdVmovsd : ax::Inst::kIdVmovss, to, m);
  }
  if (element < 32 || pairs) {
    uint32_t bytes = to.size();
    return emit(ax::Inst::kIdVmovups, to,
                pool_.splat(bits, static_cast<uint32_t>(element / 8), bytes));
  }
  emit(element == 64 ? ax::Inst::kIdVbroadcastsd : ax::Inst::kIdVbroadcastss, to,
       pool_.element(bits, static_cast<uint32_t>(element / 8)));
}

asmjit::Operand Emitter::splat_operand(int element_bits, uint64_t bits, Bank bank, bool scalar) {
  auto element_bytes = static_cast<uint32_t>(element_bits / 8);
  if (scalar) return pool_.element(bits, element_bytes);
  uint32_t bytes = bank == Bank::zmm ? 64 : bank == Bank::ymm ? 32 : 16;
  if (!wide() || element_bits < 32) return pool_.splat(bits, element_bytes, bytes);
  ax::Mem m = pool_.element(bits, element_bytes);
  m.setSize(0);
  return m.cloneBroadcasted(
      static_cast<ax::Mem::Broadcast>(std::countr_zero(bytes / element_bytes)));
}

asmjit::Operand Emitter::source(Value v, int k) {
  Type t = type(v);
  if (folded() == k) {
    const Inst& load = function_.insts[facts_.definition[v.index]];
    bool splat = load.op == Op::load_splat;
    auto element_bytes = static_cast<uint32_t>(loop::bits_of(t.elem) / 8);
    uint32_t bytes = splat ? 0 : element_bytes * t.lanes;
    ax::Mem m = address(facts_.insts[facts_.definition[v.index]].address, bytes);
    if (!splat) return m;
    return m.cloneBroadcasted(static_cast<ax::Mem::Broadcast>(std::countr_zero(uint32_t{t.lanes})));
  }
  bool has_form = folded() < 0 && !loop::is_mask(t.elem);
  if (is_literal(v) && has_form && bank_of(t) >= Bank::xmm) {
    return splat_operand(loop::bits_of(t.elem), literal_bits(v), bank_of(t), t.lanes == 1);
  }
  return reg(v);
}

asmjit::Operand Emitter::gp_source(Value v, int k) {
  (void)k;
  int64_t n = 0;
  if (literal_int(v, &n) && n == static_cast<int32_t>(n)) return asmjit::Imm(n);
  return reg(v);
}

ax::Mem Emitter::address(const MemoryOperand& m, uint32_t bytes) {
  asmjit::BaseReg base = reg(m.base);
  if (!m.index.valid()) return ax::Mem(base, m.disp, bytes);
  auto shift = static_cast<uint32_t>(std::countr_zero(uint32_t{m.scale}));
  return ax::Mem(base, reg(m.index), shift, m.disp, bytes);
}

}  // namespace burin::isa::x86
