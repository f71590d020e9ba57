// Loop IR -> machine code of one kernel. The bytes are position independent and hold their own
// literals; the entry is at offset 0 and follows the System V ABI:
//   void kernel(void* const* buffers, int64_t tile)
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "isa/target.h"
#include "loop/function.h"

namespace burin::isa {

struct Code {
  std::vector<uint8_t> bytes;
  std::string listing;  // empty unless asked for
  int spills = 0;       // stack slots of the register allocator; -1 if not counted
};

struct EngraveOptions {
  bool listing = false;
  // The layer behind an instruction's source index; used by the listing.
  std::function<std::string(uint32_t source)> source_name;
};

// The function must have passed loop/verify.h. What loop/interp.h calls undefined is harmless where
// that is cheap: integer division by zero gives 0. Fails with the reason when the target has no
// instruction for an op and no expansion.
Result<Code> engrave(const loop::Function& function, const Target& target,
                     const EngraveOptions& options = {});

}  // namespace burin::isa
