// What the tiles of a kernel may touch, as runtime/program.h has it.
#pragma once

#include <vector>

#include "lower/kernel.h"
#include "runtime/program.h"

namespace burin::driver {

// Of each of the kernel's buffers, as far as its function tells: perhaps more than there is of one.
std::vector<runtime::Touch> find_touches(const lower::Kernel& kernel);

// What of that lies in the kernel's buffers.
std::vector<runtime::Touch> clip_touches(std::vector<runtime::Touch> touches,
                                         const lower::Kernel& kernel,
                                         const lower::Lowered& lowered);

}  // namespace burin::driver
