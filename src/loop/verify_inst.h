// The rules for one instruction, given operands that exist: counts, types, masks, memory shapes and
// the agreement of a loop with its region. Used by loop/verify.cpp only.
#pragma once

#include <cstddef>
#include <string>

#include "loop/function.h"

namespace burin::loop {

// Whether an op may leave this operand invalid: index, mask and value of the memory ops.
bool may_be_absent(Op op, size_t operand);

// The broken rule, or nothing.
std::string verify_inst(const Function& function, const Inst& inst);

}  // namespace burin::loop
