// Folding rules for loads and addresses.
#include "isa/x86/folding.h"

#include "isa/x86/select.h"

namespace burin::isa::x86 {

namespace {

using loop::Elem;
using loop::Function;
using loop::Inst;
using loop::Op;
using loop::Signature;
using loop::Type;
using loop::Value;

// Full vectors and scalar floats: what one memory operand covers exactly.
bool fills_register(Type type) {
  if (type.lanes == 1) return type.elem == Elem::f32 || type.elem == Elem::f64;
  return type.bits() >= 128 && !loop::is_mask(type.elem);
}

unsigned compare_operands(Type type, const Target& target) {
  if (type.lanes == 1) return 0;
  return target.isa == Isa::avx512 || loop::is_float(type.elem) ? 3 : 0;
}

unsigned binary_operands(const Inst& inst, Type type, const Target& target) {
  bool direct = type.lanes == 1 ? scalar_instruction(inst.op, type.elem)
                                : vector_instruction(inst.op, type.elem, target.isa);
  if (!direct) return 0;
  return is_commutative(inst.op, type.elem) ? 3 : 2;
}

// Conversions to full vectors read exactly their source; splats one element.
unsigned special_operands(const Function& f, const Inst& inst, const Target& target) {
  Type from = f.type(f.operands(inst)[0]), to = inst.result_count ? f.type({inst.result}) : Type{};
  switch (inst.op) {
    case Op::splat: return loop::is_mask(to.elem) ? 0 : 1;
    case Op::dot_u8i8: return target.vnni && fills_register(to) ? 4 : 0;
    case Op::dot_bf16: return target.bf16 && fills_register(to) ? 4 : 0;
    case Op::convert: {
      bool widens = loop::bits_of(to.elem) > loop::bits_of(from.elem);
      bool direct = widens || (from.elem == Elem::i32 && to.elem == Elem::f32);
      return direct && to.lanes > 1 && to.bits() >= 128 && !loop::is_mask(to.elem) &&
                     !(from.elem == Elem::f32 && to.elem == Elem::i64 && target.isa == Isa::avx2)
                 ? 1
                 : 0;
    }
    default: return 0;
  }
}

bool add_disp(MemoryOperand& m, int64_t bytes) {
  int64_t sum = 0;
  if (__builtin_add_overflow(int64_t{m.disp}, bytes, &sum)) return false;
  if (sum != static_cast<int32_t>(sum)) return false;
  m.disp = static_cast<int32_t>(sum);
  return true;
}

class AddressFolder {
 public:
  AddressFolder(const Function& f, const Analysis& a, loop::RegionId region)
      : f_(f), a_(a), region_(region) {}

  MemoryOperand run(const Inst& inst) {
    std::span<const Value> operands = f_.operands(inst);
    m_ = {operands[0], operands[1], inst.scale, inst.disp};
    if (inst.op == Op::gather) {
      while (fold_base()) continue;
      return m_;
    }
    while (fold_base() || fold_index()) continue;
    return m_;
  }

 private:
  const Inst* definition(Value v) const {
    loop::InstId id = a_.definition[v.index];
    return id == Analysis::kNoInst ? nullptr : &f_.insts[id];
  }
  bool literal(Value v, int64_t* out) const {
    if (!a_.is_constant(v)) return false;
    *out = static_cast<int64_t>(f_.constants[a_.constant[v.index]].bits);
    return true;
  }

  // base = offset(b, i, s, d)  =>  b + i*s + d, if there is room for the index.
  bool fold_base() {
    const Inst* inst = definition(m_.base);
    if (!inst || inst->op != Op::offset) return false;
    std::span<const Value> operands = f_.operands(*inst);
    int64_t bytes = inst->disp, count = 0;
    bool indexed = operands[1].valid();
    if (indexed && literal(operands[1], &count)) {
      if (__builtin_mul_overflow(count, int64_t{inst->scale}, &count)) return false;
      if (__builtin_add_overflow(bytes, count, &bytes)) return false;
      indexed = false;
    }
    if (indexed && (m_.index.valid() || a_.home[m_.base.index] != region_)) return false;
    if (!add_disp(m_, bytes)) return false;
    m_.base = operands[0];
    if (indexed) {
      m_.index = operands[1];
      m_.scale = inst->scale;
    }
    return true;
  }

  bool fold_index() {
    if (!m_.index.valid()) return false;
    int64_t n = 0;
    if (literal(m_.index, &n)) {
      if (__builtin_mul_overflow(n, int64_t{m_.scale}, &n) || !add_disp(m_, n)) return false;
      m_.index = {};
      return true;
    }
    const Inst* inst = definition(m_.index);
    if (!inst || inst->operand_count != 2) return false;
    Value a = f_.operands(*inst)[0], b = f_.operands(*inst)[1];
    if (inst->op == Op::add && literal(a, &n)) std::swap(a, b);
    if (!literal(b, &n)) return false;
    switch (inst->op) {
      case Op::add: return shift_index(a, n, 1);  // (x + n) * s  =>  x * s + n * s
      case Op::sub: return shift_index(a, n, -1);
      case Op::mul: return scale_index(a, n);  // (x * n) * s  =>  x * (n * s)
      case Op::shl: return n >= 0 && n <= 3 && scale_index(a, int64_t{1} << n);
      default: return false;
    }
  }

  bool shift_index(Value x, int64_t n, int sign) {
    if (__builtin_mul_overflow(n, int64_t{m_.scale} * sign, &n) || !add_disp(m_, n)) return false;
    m_.index = x;
    return true;
  }

  bool scale_index(Value x, int64_t n) {
    if ((n != 2 && n != 4 && n != 8) || n * m_.scale > 8) return false;
    m_.scale = static_cast<uint8_t>(n * m_.scale);
    m_.index = x;
    return true;
  }

  const Function& f_;
  const Analysis& a_;
  loop::RegionId region_;
  MemoryOperand m_;
};

}  // namespace

bool is_memory(Op op) {
  switch (op) {
    case Op::load:
    case Op::load_splat:
    case Op::gather:
    case Op::store:
    case Op::stream:
    case Op::offset:
    case Op::prefetch: return true;
    default: return false;
  }
}

unsigned memory_operands(const Function& f, const Inst& inst, const Target& target) {
  if (inst.operand_count == 0) return 0;
  if (loop::signature_of(inst.op) == Signature::special) return special_operands(f, inst, target);
  Type type = f.type(f.operands(inst)[0]);
  if (!fills_register(type)) return 0;
  switch (loop::signature_of(inst.op)) {
    case Signature::unary:
      return type.lanes > 1 && vector_instruction(inst.op, type.elem, target.isa) ? 1 : 0;
    case Signature::binary: return binary_operands(inst, type, target);
    case Signature::ternary: return 7;
    case Signature::compare: return compare_operands(type, target);
    case Signature::special: break;
  }
  return 0;
}

bool sets_flags(const Function& f, const Inst& inst) {
  Type type = f.type(f.operands(inst)[0]);
  if (loop::signature_of(inst.op) != Signature::compare || type.lanes != 1) return false;
  return !loop::is_real(type.elem) || (inst.op != Op::cmp_eq && inst.op != Op::cmp_ne);
}

bool can_fuse_comparison(const Function& f, const Inst& comparison, const Inst& user, size_t k,
                         const Target& target) {
  if (k != 0 || loop::signature_of(comparison.op) != Signature::compare) return false;
  if (user.op == Op::branch) return sets_flags(f, comparison);
  if (user.op != Op::select) return false;
  Type type = f.type({user.result});
  if (type.lanes > 1) return target.isa == Isa::avx512 && !loop::is_mask(type.elem);
  return sets_flags(f, comparison) && !loop::is_real(type.elem);
}

bool can_fold_load(const Function& f, const Inst& load, const Inst& user, const Target& target) {
  if (f.operands(load)[2].valid()) return false;  // masked
  if (load.op == Op::load) return true;
  Type type = f.type({load.result});  // a splat: embedded broadcast
  return target.isa == Isa::avx512 && type.lanes > 1 && loop::bits_of(type.elem) >= 32 &&
         loop::signature_of(user.op) != Signature::special;
}

MemoryOperand fold_address(const Function& f, const Analysis& a, const Inst& inst,
                           loop::RegionId region) {
  return AddressFolder(f, a, region).run(inst);
}

}  // namespace burin::isa::x86
