// The selection table: which instruction computes a loop op directly on an element kind, for AVX2
// and for AVX-512. What has no entry here is expanded by the emit_*.cpp files, or refused.
#pragma once

#include <cstdint>

#include "isa/target.h"
#include "loop/op.h"
#include "loop/type.h"

namespace burin::isa::x86 {

using InstCode = uint32_t;  // an AsmJit instruction id; 0 is none

// The instruction for vectors of the element, operands (dst, a, b) or (dst, a).
InstCode vector_instruction(loop::Op op, loop::Elem elem, Isa isa);
// The one for an f32 or f64 scalar in the low lane of a register.
InstCode scalar_instruction(loop::Op op, loop::Elem elem);
// The immediate that comes last: the rounding mode of floor, ceil, trunc and round; -1 for none.
int rounding_immediate(loop::Op op);

// The three operand orders of a fused multiply-add (dst is the first source):
//   m132: dst = dst * src3 + src2    m213: dst = src2 * dst + src3    m231: dst = src2 * src3 + dst
struct FmaForms {
  InstCode m132, m213, m231;
};
FmaForms fma_instructions(loop::Elem elem, bool scalar);

// vcmpps / vcmpsd predicates, and those of vpcmp on integers, for cmp_eq ... cmp_ge.
int float_predicate(loop::Op op);
int integer_predicate(loop::Op op);
// The comparison that holds for (b, a) when `op` holds for (a, b).
loop::Op swapped_comparison(loop::Op op);
bool is_commutative(loop::Op op, loop::Elem elem);

}  // namespace burin::isa::x86
