// The packed left side of a contraction: the rows of each register tile side by side, k behind k.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kStepsAtOnce = 4;     // of k: with four rows they fill a cache line
constexpr int64_t kMostLeftTiles = 64;  // of the plan
constexpr uint16_t kMostLanes = 4;      // registers narrower than a register tile's rows

class LeftPacker {
 public:
  LeftPacker(Builder& b, const Contraction& c, int64_t rows)
      : b_(b), c_(c), rows_(rows), segments_(split_rows(c.nest.m, rows, c.nest.m_tap)) {}

  // Steps [first, last) of k at index `outer` of the outer axes.
  void emit(Value outer, Value first, Value last) {
    int64_t block = ceil_div(c_.nest.m, rows_) * rows_ * c_.k;
    to_ = b_.offset({b_.pointer(1), b_.mul(outer, b_.index(block)), kF32Bytes, 0});
    Value from = b_.index(c_.nest.lhs.offset);
    for (size_t i = c_.nest.outer.size(); i-- > 0;) {
      const OuterAxis& axis = c_.nest.outer[i];
      if (axis.extent == 1) continue;
      Value index = b_.rem(outer, b_.index(axis.extent));
      from = b_.add(from, b_.mul(index, b_.index(axis.lhs_stride)));
      outer = b_.div(outer, b_.index(axis.extent));
    }
    from_ = b_.offset({b_.pointer(0), from, kF32Bytes, 0});
    Value count = b_.sub(last, first), steps = b_.index(kStepsAtOnce);
    Value full = b_.add(first, b_.mul(b_.div(count, steps), steps));
    b_.loop(first, full, kStepsAtOnce, [&](Value k) { copy_steps(k, kStepsAtOnce); });
    b_.loop(full, last, 1, [&](Value k) { copy_steps(k, 1); });
  }

 private:
  // All rows at `count` steps from k on.
  void copy_steps(Value k, int64_t count) {
    Value from = b_.offset({from_, b_.mul(k, b_.index(c_.lhs_k_stride)), kF32Bytes, 0});
    Value to = b_.offset({to_, b_.mul(k, b_.index(rows_)), kF32Bytes, 0});
    for (const Segment& s : segments_) {
      for_range(b_, b_.index(0), b_.index(s.tiles), [&](Value t) {
        Value x = b_.offset({from, b_.mul(t, b_.index(s.rows)), kF32Bytes, s.start * kF32Bytes});
        Value tile = b_.add(t, b_.index(s.first_tile));
        Value y = b_.offset({to, b_.mul(tile, b_.index(rows_ * c_.k)), kF32Bytes, 0});
        for (int64_t i = 0; i < count; ++i) {
          copy_rows({x, {}, 1, i * c_.lhs_k_stride * kF32Bytes}, {y, {}, 1, i * rows_ * kF32Bytes},
                    s.rows);
        }
      });
    }
  }

  void copy_rows(const loop::Address& from, const loop::Address& to, int64_t rows) {
    uint16_t lanes = kMostLanes;
    for (int64_t at = 0; at < rows; at += lanes) {
      while (lanes > rows - at) lanes /= 2;
      b_.store(b_.load({c_.elem, lanes}, from.plus(at * kF32Bytes)), to.plus(at * kF32Bytes));
    }
  }

  Builder& b_;
  const Contraction& c_;
  int64_t rows_;
  std::vector<Segment> segments_;
  Value from_, to_;
};

}  // namespace

DenseStage make_left_packing(const Contraction& c, int64_t rows) {
  int64_t outer = 1;
  for (const OuterAxis& axis : c.nest.outer) outer *= axis.extent;
  int64_t parts = std::clamp<int64_t>(kMostLeftTiles / outer, 1, ceil_div(c.k, kStepsAtOnce));
  int64_t steps = round_up(ceil_div(c.k, parts), kStepsAtOnce);
  parts = ceil_div(c.k, steps);
  Builder b("pack_left", 2);
  Value first = b.mul(b.rem(b.tile(), b.index(parts)), b.index(steps));
  LeftPacker(b, c, rows)
      .emit(b.div(b.tile(), b.index(parts)), first,
            b.min(b.add(first, b.index(steps)), b.index(c.k)));
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = outer * parts;
  stage.bytes = 2.0 * kF32Bytes * static_cast<double>(outer * c.nest.m * c.k);
  return stage;
}

}  // namespace burin::lower
