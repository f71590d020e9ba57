// Stable argsort by counting: element i goes to place #{j: x[j] before x[i]}, where equal elements
// come in the order of their positions and NaN counts as the largest.
#include <fmt/format.h>

#include "lower/kernels/argsort_merge.h"
#include "lower/kernels/argsort_rows.h"

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

class Argsort {
 public:
  explicit Argsort(const SingleJob& job)
      : job_(job),
        b_(job.name, 2),
        rows_(job),
        lanes_(contiguous_lanes(rows_.view, rows_.size, *job.machine)) {}

  DenseKernels make() {
    b_.set_source(job_.get().source.index);
    auto work = static_cast<double>(rows_.size * rows_.size);
    TilePlan tiles = plan_tiles({rows_.outer, rows_.inner}, work, 32 << 10, -1, 1);
    rows_.emit(b_, tiles, [&](Value start) { row(start); });
    DenseKernels made;
    made.stages.push_back(single_stage(job_, b_.finish(), tiles.tiles));
    made.algorithm = fmt::format("argsort of {} rows of {} by rank", rows_.count(), rows_.size);
    return made;
  }

 private:
  // Places the positions of the row that starts at element `start`.
  void row(Value start) {
    auto bytes = static_cast<int>(size_of(rows_.view.dtype));
    Value from = b_.offset({b_.pointer(0), start, bytes});
    Value to = b_.offset({b_.pointer(1), start, 8});
    b_.loop(b_.index(0), b_.index(rows_.size), 1, [&](Value i) {
      Value one = load(from, i, {i, 1, 1, {}});
      Value before = count(from, one, {b_.index(0), i}, true);
      Value after = count(from, one, {b_.add(i, b_.index(1)), b_.index(rows_.size)}, false);
      Value rank = b_.add(before, after);
      b_.store(i, {to, b_.mul(rank, b_.index(rows_.inner)), 8});
    });
  }

  Value load(Value from, Value i, LaneStep step) {
    Value index[] = {i};
    Point at{.index = index, .lane_axis = 0, .lanes = step.lanes, .mask = step.mask};
    at.open_axis = 0;
    Value value = emit_view_load(b_, rows_.view, at, from);
    return rows_.view.dtype == DType::pred ? as_integer(value) : value;
  }

  Value as_integer(Value mask) {
    Type type{Elem::i32, b_.type(mask).lanes};
    return b_.select(mask_as(b_, mask, Elem::i32), b_.integer(type, 1), b_.integer(type, 0));
  }

  // How many elements of the range come before `one`; equal ones do if `ties`.
  Value count(Value from, Value one, const Range& range, bool ties) {
    int bits = job_.machine->vector_bits / lanes_.lanes;
    Elem counter = bits == 64 ? Elem::i64 : Elem::i32;
    if (lanes_.lanes == 1) counter = Elem::i64;
    LaneState state = {b_.integer({counter, lanes_.lanes}, 0)};
    bool single = !lanes_.masks && lanes_.lanes > 1;
    if (single) state.push_back(b_.integer({counter, 1}, 0));
    state = emit_lanes(b_, lanes_, range, state, [&](const LaneStep& step, LaneState carried) {
      Value& sum = carried[single && step.lanes == 1 ? 1 : 0];
      Value met = comes_before(load(from, step.i, step), b_.splat(one, step.lanes), ties);
      if (step.mask.valid()) {
        met = b_.bit_and(met, mask_as(b_, step.mask, b_.type(met).elem));
      }
      Type type = b_.type(sum);
      Value add = b_.select(mask_as(b_, met, type.elem), b_.integer(type, 1), b_.integer(type, 0));
      sum = b_.add(sum, add);
      return carried;
    });
    Value total = b_.reduce(loop::Op::reduce_add, state[0]);
    if (single) total = b_.add(total, state[1]);
    return b_.convert(total, Elem::i64);
  }

  // Whether a sorts before c; NaN is the largest, and equal to itself.
  Value comes_before(Value a, Value c, bool ties) {
    Value low = rows_.descending ? c : a, high = rows_.descending ? a : c;
    bool real = loop::is_float(b_.type(a).elem);
    if (!real) return ties ? b_.cmp_le(low, high) : b_.cmp_lt(low, high);
    Value high_nan = b_.cmp_ne(high, high);
    if (ties) return b_.bit_or(b_.cmp_le(low, high), high_nan);
    Value low_known = b_.cmp_eq(low, low);
    return b_.bit_or(b_.cmp_lt(low, high), b_.bit_and(high_nan, low_known));
  }

  const SingleJob& job_;
  Builder b_;
  SortedRows rows_;
  LanePlan lanes_;
};

}  // namespace

DenseKernels make_argsort(const SingleJob& job) {
  return merges(job) ? make_argsort_merge(job) : Argsort(job).make();
}

}  // namespace burin::lower
