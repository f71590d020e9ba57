// Scatter into rows: a copy of x, then the updates. A tile owns a range of columns and walks all
// updates in their order, so the result depends on no scheduling.
#include <fmt/format.h>

#include "lower/convert.h"
#include "lower/kernels/map.h"
#include "lower/kernels/reduction.h"
#include "lower/kernels/single.h"

namespace burin::lower {

using graph::ScatterKind;
using loop::Builder;
using loop::Value;

namespace {

graph::ReduceKind reduce_kind(ScatterKind kind) {
  switch (kind) {
    case ScatterKind::mul: return graph::ReduceKind::prod;
    case ScatterKind::max: return graph::ReduceKind::max;
    case ScatterKind::min: return graph::ReduceKind::min;
    default: return graph::ReduceKind::sum;
  }
}

// out = x, as a stage over the scatter's pointers.
DenseStage copy_stage(const SingleJob& job) {
  const TensorType& type = job.get().type;
  FusedJob copy;
  copy.name = job.name;
  copy.machine = job.machine;
  copy.space = {type.shape.elements()};
  copy.reduced = {false};
  copy.expr.nodes.resize(1);
  copy.expr.nodes[0].kind = ExprNode::Kind::load;
  copy.expr.nodes[0].dtype = type.dtype;
  copy.expr.nodes[0].source = job.get().source;
  copy.expr.results = {0};
  copy.expr.views = {{0, type.dtype, 0, {1}}};
  copy.outputs = {{3, type.dtype, 0, {1}}};
  copy.pointers = 4;
  return std::move(make_map(copy).stages[0]);
}

// The columns of one row that `step` covers, combined with those of one update.
void update_row(Builder& b, const SingleJob& job, const View& view, const LaneStep& step, Value row,
                Value update) {
  ScatterKind kind = std::get<graph::ScatterAttr>(job.get().attr).kind;
  Value index[] = {step.i};
  Point at{.index = index, .lane_axis = 0, .lanes = step.lanes, .mask = step.mask};
  at.open_axis = 0;
  Value value = emit_view_load(b, view, at, update);
  if (kind != ScatterKind::assign) {
    Value old = emit_view_load(b, view, at, row);
    value = emit_combine(b, reduce_kind(kind), old, value);
    value = wrap_integer(b, value, view.dtype);
  }
  emit_store(b, view, at, row, value);
}

DenseStage update_stage(const SingleJob& job) {
  const Shape& x = job.operand(0).shape;
  int64_t rows = x[0], inner = x.elements(1, x.rank());
  int64_t count = job.operand(1).shape.elements();
  DType dtype = job.get().type.dtype, index_dtype = job.operand(1).dtype;
  View view{0, dtype, 0, {1}};
  LanePlan lanes = contiguous_lanes(view, inner, *job.machine);
  Builder b(job.name + "_updates", 4);
  b.set_source(job.get().source.index);
  auto work = static_cast<double>(count * size_of(dtype) * 2);
  TilePlan tiles = plan_tiles({inner}, work, 64 << 10, 0, lanes.lanes);
  lanes.chunk = tiles.chunk;
  std::vector<Range> ranges = tiles.emit(b);
  b.loop(b.index(0), b.index(count), 1, [&](Value k) {
    auto bytes = static_cast<int>(size_of(index_dtype));
    Value raw = b.load({loop::elem_of(index_dtype), 1}, {b.pointer(1), k, bytes});
    Value at = b.convert(raw, loop::Elem::i64);
    Value inside = b.bit_and(b.cmp_ge(at, b.index(0)), b.cmp_lt(at, b.index(rows)));
    b.branch(inside, [&] {
      Value pitch = b.index(inner * size_of(dtype));
      Value row = b.advance(b.pointer(3), b.mul(at, pitch));
      Value update = b.advance(b.pointer(2), b.mul(k, pitch));
      emit_lanes(b, lanes, ranges[0], {}, [&](const LaneStep& step, LaneState) {
        update_row(b, job, view, step, row, update);
        return LaneState{};
      });
    });
  });
  return single_stage(job, b.finish(), tiles.tiles);
}

}  // namespace

DenseKernels make_scatter(const SingleJob& job) {
  DenseKernels made;
  made.stages.push_back(copy_stage(job));
  if (job.operand(2).shape.elements() > 0) made.stages.push_back(update_stage(job));
  made.algorithm = fmt::format("scatter of {} updates in order", job.operand(1).shape.elements());
  return made;
}

}  // namespace burin::lower
