// A graph's kernels: groups its nodes (lower/group.h), makes each group's loop IR (lower/kernels/)
// and names the buffers in between. Next: lower/memory_plan.h places the buffers.
#pragma once

#include <functional>

#include "base/diagnostic.h"
#include "loop/machine.h"
#include "lower/choice.h"
#include "lower/kernel.h"

namespace burin::lower {

// Calls work(i) for each i below the count, in any order, on any threads.
using ParallelFor = std::function<void(size_t count, const std::function<void(size_t)>& work)>;

struct Options {
  // Only algorithms that sum the products that the graph asks for: neither
  // Winograd nor Strassen.
  bool exact = false;
  const Choices* choices = nullptr;  // measured before; what is not among them is estimated
  bool record = false;               // fill Lowered::choices
  ParallelFor parallel;              // makes kernels; unset: this thread does
};

// Fails, naming the layer, where an op has no lowering.
Result<Lowered> lower(const graph::Graph& graph, const loop::Machine& machine,
                      const Options& options = {});

}  // namespace burin::lower
