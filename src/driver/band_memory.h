// Memory for kernels that run slice by slice (runtime/bands.h): a slice must not write where an
// earlier kernel's later slices still read, so what lives in a band lives all through it.
#pragma once

#include <optional>

#include "lower/memory_plan.h"
#include "runtime/program.h"

namespace burin::driver {

// A plan under which the program's steps form bands; nothing if there are none, or if its arena
// would be larger than `most_bytes`. The steps have their places by another plan.
std::optional<lower::MemoryPlan> plan_band_memory(const lower::Lowered& lowered,
                                                  const runtime::Program& program,
                                                  int64_t most_bytes);

}  // namespace burin::driver
