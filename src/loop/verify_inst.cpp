// Signature rules of the verifier, one function per class of ops.
#include "loop/verify_inst.h"

#include "loop/verify.h"

namespace burin::loop {

namespace {

bool is_memory(Op op) { return op >= Op::load && op <= Op::prefetch; }
bool is_number(Elem e) { return is_integer(e) || is_real(e); }
bool is_data(Elem e) { return !is_mask(e) && e != Elem::ptr; }
Type mask_of(Type type) { return {mask_for(type.elem), type.lanes}; }

// The elements that a unary, binary, ternary or compare op takes.
bool takes(Op op, Elem e) {
  switch (op) {
    case Op::sqrt:
    case Op::floor:
    case Op::ceil:
    case Op::trunc:
    case Op::round:
    case Op::fma: return is_real(e);
    case Op::rem:
    case Op::shl:
    case Op::shr:
    case Op::sar: return is_integer(e);
    case Op::bit_not: return is_integer(e) || is_mask(e);
    case Op::bit_and:
    case Op::bit_or:
    case Op::bit_xor: return e != Elem::ptr;
    default: return is_number(e);
  }
}

struct Checker {
  const Function& f;
  const Inst& inst;
  std::span<const Value> operands = f.operands(inst);

  Type operand(size_t i) const { return f.type(operands[i]); }
  Type result() const { return f.type({inst.result}); }

  std::string uniform(size_t arity) const {
    if (operands.size() != arity) return "another number of operands";
    for (size_t i = 1; i < arity; ++i) {
      if (!(operand(i) == operand(0))) return "operands of different types";
    }
    if (!takes(inst.op, operand(0).elem)) return "not defined on " + operand(0).text();
    Type wanted = signature_of(inst.op) == Signature::compare ? mask_of(operand(0)) : operand(0);
    return result() == wanted ? "" : "a result that is not " + wanted.text();
  }

  std::string select() const {
    if (operands.size() != 3) return "another number of operands";
    if (!(operand(1) == result()) || !(operand(2) == result())) return "unequal choices";
    return operand(0) == mask_of(result()) ? "" : "a mask that does not fit " + result().text();
  }

  std::string convert() const {
    if (operands.size() != 1) return "another number of operands";
    if (operand(0).lanes != result().lanes) return "a change of lanes";
    if (can_convert(operand(0).elem, result().elem)) return "";
    return "no conversion from " + operand(0).text() + " to " + result().text();
  }

  // bitcast, splat, first, reduce_*
  std::string reshape() const {
    if (operands.size() != 1) return "another number of operands";
    Type from = operand(0), to = result();
    if (!is_data(from.elem) || !is_data(to.elem)) return "masks and pointers do not take this op";
    if (inst.op == Op::bitcast) return from.bits() == to.bits() ? "" : "another number of bits";
    if (from.elem != to.elem) return "another element";
    if (inst.op == Op::splat) return from.lanes == 1 ? "" : "a splat of a vector";
    if (to.lanes != 1) return "a result of several lanes";
    return inst.op == Op::first || is_number(from.elem) ? "" : "not defined on " + from.text();
  }

  std::string interleave() const {
    if (operands.size() != 2) return "another number of operands";
    Type t = result();
    if (!(operand(0) == t) || !(operand(1) == t)) return "operands of different types";
    bool fits = is_data(t.elem) && bits_of(t.elem) == 32 && t.lanes == 4;
    return fits ? "" : "not four lanes of 32 bits";
  }

  std::string lane_ids() const {
    if (!operands.empty()) return "another number of operands";
    return is_integer(result().elem) ? "" : "lane numbers are integers";
  }

  std::string first_n() const {
    if (operands.size() != 1 || !(operand(0) == kIndex)) return "the count is not i64";
    return is_mask(result().elem) ? "" : "the result is not a mask";
  }

  std::string dot() const {
    if (operands.size() != 3) return "another number of operands";
    bool bytes = inst.op == Op::dot_u8i8;
    Type acc{bytes ? Elem::i32 : Elem::f32, result().lanes};
    auto wide = static_cast<uint16_t>(acc.lanes * (bytes ? 4 : 2));
    Type a{bytes ? Elem::u8 : Elem::bf16, wide}, b{bytes ? Elem::i8 : Elem::bf16, wide};
    bool fits = result() == acc && operand(0) == acc && operand(1) == a && operand(2) == b;
    return fits ? "" : "wants " + acc.text() + ", " + a.text() + ", " + b.text();
  }

  std::string memory() const {
    if (operands.size() != 4) return "another number of operands";
    if (inst.scale != 1 && inst.scale != 2 && inst.scale != 4 && inst.scale != 8) return "a scale";
    if (!(operand(0) == kPointer)) return "the base is not a pointer";
    bool stores = is_store(inst.op), loads = inst.op == Op::load || inst.op == Op::gather;
    if (operands[3].valid() != stores) return "a value where none belongs, or none";
    bool masks = loads || inst.op == Op::store;
    if (operands[2].valid() && !masks) return "a mask where none belongs";
    if (inst.op != Op::gather && operands[1].valid() && !(operand(1) == kIndex)) {
      return "the index is not i64";
    }
    if (inst.op == Op::prefetch) return "";
    if (inst.op == Op::offset) return result() == kPointer ? "" : "the result is not a pointer";
    Type data = stores ? operand(3) : result();
    if (!is_data(data.elem)) return "memory holds no masks and no pointers";
    if (inst.op == Op::stream && data.bits() < 128) return "a value too narrow to stream";
    if (operands[2].valid() && !(operand(2) == mask_of(data))) {
      return "a mask that does not fit " + data.text();
    }
    return inst.op == Op::gather ? gather_index(data) : "";
  }

  std::string gather_index(Type data) const {
    if (!operands[1].valid()) return "no indices";
    Type index = operand(1);
    bool kind = index.elem == Elem::i32 || index.elem == Elem::i64;
    return kind && index.lanes == data.lanes ? "" : "indices that are not i32 or i64 per lane";
  }

  bool same_type(Value a, Value b) const {
    return a.index < f.types.size() && b.index < f.types.size() && f.type(a) == f.type(b);
  }

  std::string loop() const {
    if (operands.size() < 2 || !(operand(0) == kIndex) || !(operand(1) == kIndex)) {
      return "the bounds are not i64";
    }
    if (inst.imm <= 0) return "the step is not positive";
    if (inst.body == kNoRegion || inst.other != kNoRegion) return "not one region";
    const Region& body = f.regions[inst.body];
    size_t carried = operands.size() - 2;
    if (body.params.size() != carried + 1 || body.yields.size() != carried ||
        inst.result_count != carried) {
      return "initial values, parameters, yields and results differ in number";
    }
    Value counter = body.params[0];
    if (counter.index >= f.types.size() || !(f.type(counter) == kIndex)) {
      return "the counter is not i64";
    }
    for (size_t k = 0; k < carried; ++k) {
      Value init = operands[k + 2], result{inst.result + static_cast<uint32_t>(k)};
      if (!same_type(init, body.params[k + 1]) || !same_type(init, body.yields[k]) ||
          !same_type(init, result)) {
        return "a carried value changes its type";
      }
    }
    return "";
  }

  std::string branch() const {
    if (operands.size() != 1 || !is_mask(operand(0).elem) || operand(0).lanes != 1) {
      return "the condition is not a one-lane mask";
    }
    if (inst.body == kNoRegion) return "no region";
    for (RegionId id : {inst.body, inst.other}) {
      if (id == kNoRegion) continue;
      if (id >= f.regions.size()) return "a region out of range";
      const Region& region = f.regions[id];
      if (!region.params.empty() || !region.yields.empty()) return "a branch carries no values";
    }
    return "";
  }

  std::string special() const {
    if (is_memory(inst.op)) return memory();
    switch (inst.op) {
      case Op::select: return select();
      case Op::convert: return convert();
      case Op::interleave_low:
      case Op::interleave_high: return interleave();
      case Op::lane_ids: return lane_ids();
      case Op::first_n: return first_n();
      case Op::dot_u8i8:
      case Op::dot_bf16: return dot();
      case Op::loop: return loop();
      case Op::branch: return branch();
      default: return reshape();
    }
  }
};

}  // namespace

bool may_be_absent(Op op, size_t operand) { return is_memory(op) && operand > 0; }

std::string verify_inst(const Function& function, const Inst& inst) {
  Checker check{function, inst};
  bool has_regions = inst.op == Op::loop || inst.op == Op::branch;
  if (!has_regions) {
    bool silent = is_store(inst.op) || inst.op == Op::prefetch;
    if (inst.result_count != (silent ? 0 : 1)) return "another number of results";
    if (inst.body != kNoRegion || inst.other != kNoRegion) return "a region where none belongs";
  } else if (inst.op == Op::branch && inst.result_count != 0) {
    return "a branch has no results";
  }
  switch (signature_of(inst.op)) {
    case Signature::unary: return check.uniform(1);
    case Signature::binary:
    case Signature::compare: return check.uniform(2);
    case Signature::ternary: return check.uniform(3);
    case Signature::special: return check.special();
  }
  return "an unknown op";
}

}  // namespace burin::loop
