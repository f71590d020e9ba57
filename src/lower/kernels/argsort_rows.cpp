// The facts of a sort, and the loop over its rows.
#include "lower/kernels/argsort_rows.h"

namespace burin::lower {

using loop::Value;

SortedRows::SortedRows(const SingleJob& job) {
  const auto& attr = std::get<graph::SortAttr>(job.get().attr);
  const Shape& x = job.operand(0).shape;
  auto axis = static_cast<size_t>(attr.axis);
  descending = attr.descending;
  outer = x.elements(0, axis);
  size = x[axis];
  inner = x.elements(axis + 1, x.rank());
  view = {0, job.operand(0).dtype, 0, {inner}};
}

void SortedRows::emit(loop::Builder& b, const TilePlan& tiles,
                      const std::function<void(Value)>& body) const {
  std::vector<Range> ranges = tiles.emit(b);
  emit_range(b, ranges[0], {}, [&](Value a, LaneState) {
    return emit_range(b, ranges[1], {}, [&](Value c, LaneState) {
      body(b.add(b.mul(a, b.index(size * inner)), c));
      return LaneState{};
    });
  });
}

}  // namespace burin::lower
