// Splats that are read from memory by each of their few readers, not once into a register.
#pragma once

#include "isa/x86/analysis.h"

namespace burin::isa::x86 {

// Per instruction: whether it is such a splat; none unless the front end is shared. An fma with an
// operand in memory passes it as one, so a splat less to pass pays while the ports for loads have
// time; that is where fewer than one load accompanies each fma. `a` holds definitions, uses, order
// and epochs.
std::vector<bool> choose_repeated_splats(const loop::Function& f, const Analysis& a,
                                         const Target& target);

}  // namespace burin::isa::x86
