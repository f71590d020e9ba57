// Expansions: lane-wise ops on registers that need more than one instruction.
#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

// d = op(a, b) on vectors; false if there is neither an instruction nor an expansion.
bool Emitter::vector_binary(Op op, Type t, const ax::Vec& d, const ax::Vec& a, const ax::Vec& b) {
  if (InstCode id = vector_instruction(op, t.elem, target_.isa)) {
    emit(id, d, a, b);
    return true;
  }
  int bits = loop::bits_of(t.elem);
  if ((op == Op::min || op == Op::max) && bits == 64) {  // AVX2
    ax::Vec m = fresh_vec(bank_of(t));
    integer_compare_avx2(op == Op::min ? Op::cmp_lt : Op::cmp_gt, t, m, a, b);
    emit(ax::Inst::kIdVblendvpd, d, b, a, m);
    return true;
  }
  return false;
}

}  // namespace burin::isa::x86
