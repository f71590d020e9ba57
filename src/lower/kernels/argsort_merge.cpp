// Bottom-up merge sort between two rows of scratch memory. Nothing in it branches on the data.
#include "lower/kernels/argsort_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "lower/kernels/argsort_rows.h"

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

constexpr int64_t kLongRow = 768;  // counting takes longer from here on
constexpr int64_t kWordBytes = 8;
constexpr Type kWord{Elem::i64, 1}, kKey{Elem::i32, 1};

class MergeSort {
 public:
  explicit MergeSort(const SingleJob& job) : job_(job), b_(job.name, 4), rows_(job) {}

  DenseKernels make() {
    b_.set_source(job_.get().source.index);
    TilePlan tiles =
        plan_tiles({rows_.outer, rows_.inner}, static_cast<double>(rows_.size), 1, -1, 1);
    rows_.emit(b_, tiles, [&](Value start) { row(start); });
    DenseKernels made;
    DenseStage stage = single_stage(job_, b_.finish(), tiles.tiles);
    for (int extra : {2, 3}) {
      made.extras.push_back({rows_.size * kWordBytes, {}, true});
      stage.uses.push_back(extra);
      stage.writes.push_back(true);
    }
    made.stages.push_back(std::move(stage));
    made.algorithm = fmt::format("argsort of {} rows of {} by merging", rows_.count(), rows_.size);
    return made;
  }

 private:
  // Places the positions of the row that starts at element `start`.
  void row(Value start) {
    Value from = b_.offset({b_.pointer(0), start, static_cast<int>(size_of(rows_.view.dtype))});
    Value to = b_.offset({b_.pointer(1), start, static_cast<int>(kWordBytes)});
    Value source = b_.pointer(2), target = b_.pointer(3);
    each([&](Value i) {
      b_.store(b_.bit_or(high_half(key(from, i)), i), {source, i, kWordBytes});
    });
    for (int64_t run = 1; run < rows_.size; run *= 2) {
      merge_runs(source, target, run);
      std::swap(source, target);
    }
    each([&](Value i) {
      Value position = b_.bit_and(b_.load(kWord, {source, i, kWordBytes}), b_.index(0xffffffff));
      b_.store(position, {to, b_.mul(i, b_.index(rows_.inner)), kWordBytes});
    });
  }

  void each(const std::function<void(Value)>& body) {
    b_.loop(b_.index(0), b_.index(rows_.size), 1, body);
  }

  Value high_half(Value key) { return b_.shl(b_.convert(key, Elem::i64), b_.index(32)); }

  // An integer that is in order where the elements are: the sign of a float turns the order of its
  // other bits around, both zeros are one, NaN is the largest.
  Value key(Value from, Value i) {
    Value index[] = {i};
    Point at{.index = index, .lane_axis = 0, .lanes = 1};
    at.open_axis = 0;
    Value x = emit_view_load(b_, rows_.view, at, from);
    if (loop::is_float(b_.type(x).elem)) {
      Value known = b_.cmp_eq(x, x);
      Value bits = b_.bitcast(b_.add(x, b_.real(b_.type(x), 0)), kKey);
      Value magnitude = b_.integer(kKey, std::numeric_limits<int32_t>::max());
      Value turn = b_.bit_and(b_.sar(bits, b_.integer(kKey, 31)), magnitude);
      x = b_.select(known, b_.bit_xor(bits, turn), magnitude);
    }
    return rows_.descending ? b_.bit_not(x) : x;
  }

  // Runs of `run` words, the last of them shorter, become runs of twice the length.
  void merge_runs(Value source, Value target, int64_t run) {
    b_.loop(b_.index(0), b_.index(rows_.size), 2 * run, [&](Value first) {
      Value middle = b_.min(b_.add(first, b_.index(run)), b_.index(rows_.size));
      Value end = b_.min(b_.add(first, b_.index(2 * run)), b_.index(rows_.size));
      Value none = b_.index(std::numeric_limits<int64_t>::max()), last = b_.index(rows_.size - 1);
      Value init[] = {first, middle};
      b_.loop(first, end, 1, init, [&](Value out, std::span<const Value> at) {
        auto next = [&](Value i, Value limit) {
          Value word = b_.load(kWord, {source, b_.min(i, last), kWordBytes});
          return b_.select(b_.cmp_lt(i, limit), word, none);
        };
        Value a = next(at[0], middle), c = next(at[1], end);
        b_.store(b_.min(a, c), {target, out, kWordBytes});
        Value left = b_.select(b_.cmp_lt(a, c), b_.index(1), b_.index(0));
        Value right = b_.sub(b_.index(1), left);
        return std::vector<Value>{b_.add(at[0], left), b_.add(at[1], right)};
      });
    });
  }

  const SingleJob& job_;
  Builder b_;
  SortedRows rows_;
};

}  // namespace

bool merges(const SingleJob& job) {
  const TensorType& x = job.operand(0);
  auto axis = static_cast<size_t>(std::get<graph::SortAttr>(job.get().attr).axis);
  Elem elem = register_elem(x.dtype);
  return x.shape[axis] >= kLongRow && (elem == Elem::f32 || elem == Elem::i32);
}

DenseKernels make_argsort_merge(const SingleJob& job) { return MergeSort(job).make(); }

}  // namespace burin::lower
