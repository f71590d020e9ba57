// Loop IR -> x86-64 machine code on AsmJit's Compiler. Stages: analyse (what folds into what, when
// values die), emit (SSA values to virtual registers), AsmJit's register allocation and encoding.
#pragma once

#include "isa/engrave.h"

namespace burin::isa::x86 {

Result<Code> generate(const loop::Function& function, const Target& target,
                      const EngraveOptions& options);

}  // namespace burin::isa::x86
