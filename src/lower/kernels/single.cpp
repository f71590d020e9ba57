// Dispatch to the kernels of single nodes.
#include "lower/kernels/single.h"

#include <numeric>

#include "base/check.h"
#include "lower/kernels/fused_job.h"

namespace burin::lower {

DenseKernels make_single(const SingleJob& job) {
  switch (job.get().op) {
    case graph::Op::gather: return make_gather(job);
    case graph::Op::scatter: return make_scatter(job);
    case graph::Op::argsort: return make_argsort(job);
    default: BURIN_CHECK(false, "a node without a kernel");
  }
  __builtin_unreachable();
}

DenseStage single_stage(const SingleJob& job, loop::Function function, int64_t tiles) {
  DenseStage stage;
  stage.function = std::move(function);
  stage.tiles = tiles;
  stage.uses.resize(job.get().operands.size() + 1);
  std::iota(stage.uses.begin(), stage.uses.end(), 0);
  stage.writes.assign(stage.uses.size(), false);
  stage.writes.back() = true;
  stage.bytes = 2 * static_cast<double>(job.get().type.bytes());
  return stage;
}

LanePlan contiguous_lanes(const View& view, int64_t size, const loop::Machine& machine) {
  Expr load;
  load.views = {view};
  load.nodes.resize(1);
  load.nodes[0].kind = ExprNode::Kind::load;
  load.nodes[0].dtype = view.dtype;
  int axis = static_cast<int>(view.strides.size()) - 1;
  LanePlan plan{.lanes = lanes_for(load, {}, axis, machine), .size = size, .chunk = 1};
  plan.masks = can_mask(load, {}, machine);
  bool wide = machine.vector_bits / plan.lanes == 64;
  plan.mask_elem = wide ? loop::Elem::m64 : loop::Elem::m32;
  return plan;
}

}  // namespace burin::lower
