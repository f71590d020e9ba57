// Which operands an instruction can take from memory, and how addresses fold into one operand.
#pragma once

#include "isa/x86/analysis.h"

namespace burin::isa::x86 {

// load, load_splat, gather, store, offset, prefetch.
bool is_memory(loop::Op op);

// The operands of `inst` that its instruction can read from memory, as a bit mask; at most one at a
// time may be. Consistent with what the emitter selects.
unsigned memory_operands(const loop::Function& f, const loop::Inst& inst, const Target& target);

// Whether a one-lane comparison is a single condition on the flags: not == and != on floats.
bool sets_flags(const loop::Function& f, const loop::Inst& inst);

// Whether `comparison` is emitted with `user`, the only reader of its result, as operand k:
// one-lane ones stay flags; vector ones may be complemented to suit a selection.
bool can_fuse_comparison(const loop::Function& f, const loop::Inst& comparison,
                         const loop::Inst& user, size_t k, const Target& target);

// Whether `load` may become a memory operand of `user`, uses and stores aside.
bool can_fold_load(const loop::Function& f, const loop::Inst& load, const loop::Inst& user,
                   const Target& target);

// Follows offsets, additions of literals and multiplications by 2, 4 and 8 into one operand.
// `region` is where the address is used: what a loop computes once outside stays a register.
MemoryOperand fold_address(const loop::Function& f, const Analysis& a, const loop::Inst& inst,
                           loop::RegionId region);

}  // namespace burin::isa::x86
