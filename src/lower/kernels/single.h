// Kernels of nodes that are never fused: gather, scatter, argsort. A file each; this is their list.
#pragma once

#include <string>

#include "lower/kernels/list.h"

namespace burin::lower {

// Pointers: the node's operands, then its result.
struct SingleJob {
  const graph::Graph* graph = nullptr;
  graph::NodeId node;
  const loop::Machine* machine = nullptr;
  std::string name;

  const graph::Node& get() const { return (*graph)[node]; }
  const TensorType& operand(size_t i) const { return graph->type(get().operands[i]); }
};

// out[a, k, b] = x[a, clamp(indices[k]), b]
DenseKernels make_gather(const SingleJob& job);
// x with the updates of row indices[k] combined in the order of k; indices outside are dropped.
DenseKernels make_scatter(const SingleJob& job);
// Stable; NaN counts as the largest.
DenseKernels make_argsort(const SingleJob& job);

DenseKernels make_single(const SingleJob& job);

// A stage whose function has all pointers of the job and writes the last.
DenseStage single_stage(const SingleJob& job, loop::Function function, int64_t tiles);

// How vectors of one view's dtype run along a contiguous axis, in register form.
struct LanePlan;
LanePlan contiguous_lanes(const View& view, int64_t size, const loop::Machine& machine);

}  // namespace burin::lower
