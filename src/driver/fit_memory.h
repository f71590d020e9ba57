// Kernels and their memory plan, within a limit. In: a graph after the passes. Where its arena is
// too large and the options allow it, activations are computed again (passes/recompute.h) rather
// than kept: as little as makes it fit.
#pragma once

#include "driver/compile.h"
#include "lower/lower.h"
#include "lower/memory_plan.h"

namespace burin::driver {

struct Fitted {
  lower::Lowered lowered;
  lower::MemoryPlan plan;
  Recomputation recomputation;
};

// `graph` becomes the one that `lowered` is of. Fails, saying the least that would do, where arena,
// scratch memory and constants together take more than the options' max_memory.
Result<Fitted> lower_to_fit(graph::Graph& graph, const CompileOptions& options,
                            const lower::ParallelFor& parallel);

}  // namespace burin::driver
