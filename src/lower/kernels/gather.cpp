// Gather along one axis: rows of `inner` elements are copied, one index at a time.
#include <fmt/format.h>

#include <algorithm>

#include "lower/kernels/fused_job.h"
#include "lower/kernels/single.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

struct GatherShape {
  int64_t outer = 1, axis = 1, inner = 1, count = 1;  // x[outer, axis, inner], count indices
};

GatherShape shape_of(const SingleJob& job) {
  const Shape& x = job.operand(0).shape;
  auto axis = static_cast<size_t>(std::get<graph::AxisAttr>(job.get().attr).axis);
  return {x.elements(0, axis), x[axis], x.elements(axis + 1, x.rank()),
          job.operand(1).shape.elements()};
}

// indices[k], brought into the axis.
Value clamped_index(Builder& b, const SingleJob& job, int64_t size, Value k) {
  DType dtype = job.operand(1).dtype;
  auto bytes = static_cast<int>(size_of(dtype));
  Value raw = b.load({loop::elem_of(dtype), 1}, {b.pointer(1), k, bytes});
  Value index = b.convert(raw, loop::Elem::i64);
  return b.min(b.max(index, b.index(0)), b.index(size - 1));
}

// Copies `inner` elements; they stay as they lie in memory.
void copy_row(Builder& b, DType dtype, Value from, Value to, const LanePlan& lanes) {
  auto size = static_cast<int>(size_of(dtype));
  loop::Elem elem = loop::elem_of(dtype);
  Range whole{b.index(0), b.index(lanes.size)};
  emit_lanes(b, lanes, whole, {}, [&](const LaneStep& step, LaneState) {
    Value mask = step.mask.valid() ? mask_as(b, step.mask, elem) : Value{};
    for (int u = 0; u < step.count; ++u) {
      loop::Address at{{}, step.i, size, int64_t{u} * step.lanes * size};
      at.base = from;
      Value value = b.load({elem, step.lanes}, at, mask);
      at.base = to;
      b.store(value, at, mask);
    }
    return LaneState{};
  });
}

LanePlan copy_lanes(DType dtype, int64_t inner, const loop::Machine& machine) {
  loop::Elem elem = loop::elem_of(dtype);
  LanePlan plan{.lanes = machine.lanes(elem), .unroll = 4, .size = inner, .chunk = inner};
  plan.masks = size_of(dtype) >= 4 || machine.lane_masks;
  plan.mask_elem = loop::mask_for(elem);
  if (inner < plan.lanes && !plan.masks) plan.lanes = 1;
  if (inner == 1) plan.lanes = 1;
  while (plan.unroll > 1 && plan.lanes * plan.unroll > inner) plan.unroll /= 2;
  return plan;
}

}  // namespace

DenseKernels make_gather(const SingleJob& job) {
  GatherShape s = shape_of(job);
  DType dtype = job.get().type.dtype;
  int64_t size = size_of(dtype);
  LanePlan lanes = copy_lanes(dtype, s.inner, *job.machine);
  Builder b(job.name, 3);
  b.set_source(job.get().source.index);
  TilePlan tiles =
      plan_tiles({s.outer, s.count}, static_cast<double>(s.inner * size + 16), 16 << 10, -1, 1);
  std::vector<Range> ranges = tiles.emit(b);
  emit_range(b, ranges[0], {}, [&](Value a, LaneState) {
    Value from = b.advance(b.pointer(0), b.mul(a, b.index(s.axis * s.inner * size)));
    Value to = b.advance(b.pointer(2), b.mul(a, b.index(s.count * s.inner * size)));
    return emit_range(b, ranges[1], {}, [&](Value k, LaneState) {
      Value row = b.mul(clamped_index(b, job, s.axis, k), b.index(s.inner * size));
      Value out = b.mul(k, b.index(s.inner * size));
      copy_row(b, dtype, b.advance(from, row), b.advance(to, out), lanes);
      return LaneState{};
    });
  });
  DenseKernels made;
  made.stages.push_back(single_stage(job, b.finish(), tiles.tiles));
  made.algorithm = fmt::format("gather of {} rows of {}", s.outer * s.count, s.inner);
  return made;
}

}  // namespace burin::lower
