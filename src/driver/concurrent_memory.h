// Memory for kernels that do not run one after the other. Those that run slice by slice
// (runtime/bands.h) must not write where an earlier kernel's later slices still read, so what lives
// in a band lives all through it. Chains of kernels of one tile that run side by side
// (runtime/single_tiles.h) must not take turns in memory.
#pragma once

#include <optional>

#include "lower/memory_plan.h"
#include "runtime/program.h"

namespace burin::driver {

// A plan under which the program's steps form bands and chains; nothing if there are none, or if
// its arena would be larger than `most_bytes`. The steps have their places by another plan.
std::optional<lower::MemoryPlan> plan_concurrent_memory(const lower::Lowered& lowered,
                                                        const runtime::Program& program,
                                                        int64_t most_bytes);

}  // namespace burin::driver
