// Collapsing of spaces and the loops that map and row kernels are made of.
#include "lower/kernels/fused_job.h"

#include <algorithm>
#include <numeric>

#include "lower/kernels/views.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

bool asks_index(const Expr& expr, size_t axis) {
  return std::any_of(expr.nodes.begin(), expr.nodes.end(), [&](const ExprNode& n) {
    return n.kind == ExprNode::Kind::index && n.acc == static_cast<int>(axis);
  });
}

bool can_merge(const FusedJob& job, size_t outer, size_t inner) {
  if (job.reduced[outer] != job.reduced[inner]) return false;
  if (asks_index(job.expr, outer) || asks_index(job.expr, inner)) return false;
  auto walks = [&](const View& v) {
    return v.strides[outer] == v.strides[inner] * job.space[inner];
  };
  return std::all_of(job.expr.views.begin(), job.expr.views.end(), walks) &&
         std::all_of(job.outputs.begin(), job.outputs.end(), walks);
}

// x, which is not negative, rounded down to a multiple of `step`.
Value round_down(Builder& b, Value x, int64_t step) {
  int64_t known = 0;
  if (b.is_index_constant(x, &known)) return b.index(known / step * step);
  if ((step & (step - 1)) == 0) return b.bit_and(x, b.index(-step));
  return b.sub(x, b.rem(x, b.index(step)));
}

// The loop of `step` lanes from lo on; nothing if the range is known to be empty.
LaneState vector_loop(Builder& b, Value lo, Value hi, const LaneStep& shape, LaneState state,
                      const std::function<LaneState(const LaneStep&, LaneState)>& step) {
  int64_t from = 0, to = 0;
  int64_t stride = int64_t{shape.lanes} * shape.count;
  LaneStep at = shape;
  if (b.is_index_constant(lo, &from) && b.is_index_constant(hi, &to)) {
    if (from >= to) return state;
    if (to - from <= stride) {
      at.i = lo;
      return step(at, std::move(state));
    }
  }
  return b.loop(lo, hi, stride, state, [&](Value i, std::span<const Value> carried) {
    at.i = i;
    return step(at, LaneState(carried.begin(), carried.end()));
  });
}

}  // namespace

FusedJob collapse(FusedJob job, std::span<const size_t> order) {
  std::vector<AxisSource> axes;
  Dims sizes;
  std::vector<bool> reduced;
  size_t previous = 0;
  for (size_t axis : order) {
    if (job.space[axis] == 1 && !asks_index(job.expr, axis)) continue;
    if (!axes.empty() && can_merge(job, previous, axis)) {
      sizes.back() *= job.space[axis];
      axes.back().axis = static_cast<int>(axis);
    } else {
      axes.push_back({static_cast<int>(axis), 1});
      sizes.push_back(job.space[axis]);
      reduced.push_back(job.reduced[axis]);
    }
    previous = axis;
  }
  job.expr = remap(job.expr, axes);
  for (View& view : job.outputs) view = remap(view, axes);
  job.space = std::move(sizes);
  job.reduced = std::move(reduced);
  return job;
}

LaneState emit_lanes(Builder& b, const LanePlan& plan, const Range& range, LaneState state,
                     const std::function<LaneState(const LaneStep&, LaneState)>& step) {
  int64_t lanes = plan.lanes, wide = lanes * plan.unroll;
  if (wide == 1) return vector_loop(b, range.lo, range.hi, LaneStep{}, std::move(state), step);
  auto floor_to = [&](int64_t step) {
    return b.add(range.lo, round_down(b, b.sub(range.hi, range.lo), step));
  };
  Value at = range.lo;
  if (plan.unroll > 1 && plan.size >= wide) {
    Value end = floor_to(wide);
    state = vector_loop(b, at, end, {{}, plan.unroll, plan.lanes, {}}, std::move(state), step);
    at = end;
  }
  bool whole = plan.size % wide == 0 && plan.chunk % wide == 0;
  if ((plan.unroll == 1 || !whole) && plan.size >= lanes) {
    Value end = floor_to(lanes);
    state = vector_loop(b, at, end, {{}, 1, plan.lanes, {}}, std::move(state), step);
    at = end;
  }
  if (plan.size % lanes == 0 && plan.chunk % lanes == 0) return state;
  if (!plan.masks) return vector_loop(b, at, range.hi, LaneStep{}, std::move(state), step);
  int64_t from = 0, to = 0;
  bool known = b.is_index_constant(at, &from) && b.is_index_constant(range.hi, &to);
  auto tail = [&](Value i, LaneState carried) {
    Value mask = b.first_n({plan.mask_elem, plan.lanes}, b.sub(range.hi, i));
    return step({i, 1, plan.lanes, mask}, std::move(carried));
  };
  if (known) return from < to ? tail(at, std::move(state)) : state;
  return b.loop(at, range.hi, lanes, state, [&](Value i, std::span<const Value> carried) {
    return tail(i, LaneState(carried.begin(), carried.end()));
  });
}

LaneState emit_range(Builder& b, const Range& range, LaneState state,
                     const std::function<LaneState(Value i, LaneState)>& body) {
  int64_t lo = 0, hi = 0;
  bool known = b.is_index_constant(range.lo, &lo) && b.is_index_constant(range.hi, &hi);
  if (range.single || (known && hi == lo + 1)) return body(range.lo, std::move(state));
  return b.loop(range.lo, range.hi, 1, state, [&](Value i, std::span<const Value> carried) {
    return body(i, LaneState(carried.begin(), carried.end()));
  });
}

DenseStage fused_stage(const FusedJob& job, loop::Function function, int64_t tiles) {
  DenseStage stage;
  stage.function = std::move(function);
  stage.tiles = tiles;
  stage.uses.resize(static_cast<size_t>(job.pointers));
  std::iota(stage.uses.begin(), stage.uses.end(), 0);
  stage.writes.assign(stage.uses.size(), false);
  for (const View& view : job.outputs) stage.writes[static_cast<size_t>(view.pointer)] = true;
  auto points = static_cast<double>(Shape(job.space).elements());
  stage.flops = points * point_flops(job);
  return stage;
}

std::vector<std::pair<int, int>> pairs_in_place(const FusedJob& job) {
  std::vector<std::pair<int, int>> pairs;
  const View& out = job.outputs[0];
  for (int pointer = 0; pointer < job.pointers; ++pointer) {
    bool any = false, same = true;
    for (const View& view : job.expr.views) {
      if (view.pointer != pointer) continue;
      any = true;
      same = same && view.offset == out.offset && view.strides == out.strides &&
             size_of(view.dtype) == size_of(out.dtype);
    }
    if (any && same && pointer != out.pointer) pairs.push_back({out.pointer, pointer});
  }
  return pairs;
}

double point_bytes(const FusedJob& job) {
  double bytes = 0;
  for (const View& v : job.expr.views) bytes += static_cast<double>(size_of(v.dtype));
  for (const View& v : job.outputs) bytes += static_cast<double>(size_of(v.dtype));
  return bytes;
}

double point_flops(const FusedJob& job) {
  auto ops = std::count_if(job.expr.nodes.begin(), job.expr.nodes.end(),
                           [](const ExprNode& n) { return n.kind == ExprNode::Kind::op; });
  return static_cast<double>(ops) + static_cast<double>(job.reduces.size());
}

}  // namespace burin::lower
