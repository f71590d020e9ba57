// Gather along one axis: rows of `inner` elements are copied, one index at a time; single elements
// as vectors of gathered lanes.
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

// Single elements: lanes run along the indices, where machine gathers exist for the dtype.
bool gathers_lanes(const SingleJob& job, const GatherShape& s) {
  bool reachable = s.axis < INT32_MAX / 8;
  return s.inner == 1 && size_of(job.get().type.dtype) >= 4 && s.count >= 4 && reachable;
}

// out[k] = from[clamp(indices[k])] for the lanes of one step.
void gather_lanes(Builder& b, const SingleJob& job, int64_t axis, const LaneStep& step, Value from,
                  Value to) {
  DType dtype = job.get().type.dtype, index_dtype = job.operand(1).dtype;
  auto size = static_cast<int>(size_of(dtype));
  auto index_size = static_cast<int>(size_of(index_dtype));
  loop::Elem elem = loop::elem_of(dtype), index_elem = loop::elem_of(index_dtype);
  loop::Type index_type{index_elem, step.lanes};
  auto mask = [&](loop::Elem e) { return step.mask.valid() ? mask_as(b, step.mask, e) : Value{}; };
  Value raw = b.load(index_type, {b.pointer(1), step.i, index_size}, mask(index_elem));
  Value known = b.min(b.max(raw, b.integer(index_type, 0)), b.integer(index_type, axis - 1));
  Value index = b.convert(known, size == 8 ? loop::Elem::i64 : loop::Elem::i32);
  Value value = b.gather({elem, step.lanes}, from, index, size, 0, mask(elem));
  b.store(value, {to, step.i, size}, mask(elem));
}

LanePlan gather_plan(const SingleJob& job, int64_t count) {
  int64_t bytes = std::max(size_of(job.get().type.dtype), size_of(job.operand(1).dtype));
  LanePlan plan{.size = count, .chunk = count};
  plan.lanes = static_cast<uint16_t>(job.machine->vector_bits / (8 * bytes));
  plan.masks = true;
  plan.mask_elem = bytes == 8 ? loop::Elem::m64 : loop::Elem::m32;
  return plan;
}

DenseKernels make_gather(const SingleJob& job) {
  GatherShape s = shape_of(job);
  DType dtype = job.get().type.dtype;
  int64_t size = size_of(dtype);
  LanePlan lanes = copy_lanes(dtype, s.inner, *job.machine);
  Builder b(job.name, 3);
  b.set_source(job.get().source.index);
  bool vectors = gathers_lanes(job, s);
  LanePlan rows = gather_plan(job, s.count);
  TilePlan tiles = plan_tiles({s.outer, s.count}, static_cast<double>(s.inner * size + 16),
                              16 << 10, vectors ? 1 : -1, rows.lanes);
  if (tiles.axis == 1) rows.chunk = tiles.chunk;
  std::vector<Range> ranges = tiles.emit(b);
  emit_range(b, ranges[0], {}, [&](Value a, LaneState) {
    Value from = b.advance(b.pointer(0), b.mul(a, b.index(s.axis * s.inner * size)));
    Value to = b.advance(b.pointer(2), b.mul(a, b.index(s.count * s.inner * size)));
    if (vectors) {
      return emit_lanes(b, rows, ranges[1], {}, [&](const LaneStep& step, LaneState) {
        gather_lanes(b, job, s.axis, step, from, to);
        return LaneState{};
      });
    }
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
