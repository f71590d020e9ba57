// Hands a loop function to the code generator of the target's processor family.
#include "isa/engrave.h"

#include "isa/x86/generate.h"

namespace burin::isa {

Result<Code> engrave(const loop::Function& function, const Target& target,
                     const EngraveOptions& options) {
  switch (target.isa) {
    case Isa::avx2:
    case Isa::avx512: return x86::generate(function, target, options);
  }
  return fail(function.name, "no code generator for target " + target.name);
}

}  // namespace burin::isa
