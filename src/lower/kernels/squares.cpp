// Views that are read along the last axis are loaded row by row of the square and transposed, the
// others are loaded as they lie.
#include "lower/kernels/squares.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kTurnsAhead = 4;  // of the loop around the last axis

bool is_word(const View& view) { return view.dtype == DType::f32 || view.dtype == DType::i32; }

class SquareEmitter {
 public:
  SquareEmitter(Builder& b, const Turned& turned, std::span<const Value> index,
                std::span<const Value> bases)
      : b_(b), job_(turned.job), lane_(turned.lane_axis), last_(job_.space.size() - 1) {
    index_.assign(index.begin(), index.end());
    bases_.assign(bases.begin(), bases.end());
  }

  void emit(int64_t lane_extra) {
    lane_extra_ = lane_extra;
    for (size_t v = 0; v < job_.expr.views.size(); ++v) {
      int64_t stride = job_.expr.views[v].strides[lane_];
      if (stride != 0 && stride != 1) read_[v] = read_turned(v);
    }
    for (int64_t i = 0; i < kSquareSide; ++i) emit_row(i);
  }

  // The lines that squares further along the axis around the last one will write: they lie too far
  // apart for the machine to foresee them, and stores that miss wait for each other.
  void fetch_ahead() {
    if (lane_ + 1 == last_) return;
    for (size_t r = 0; r < job_.outputs.size(); ++r) {
      const Dims& strides = job_.outputs[r].strides;
      Value at = b_.mul(index_[last_], b_.index(strides[last_] * kF32Bytes));
      for (int64_t i = 0; i < kSquareSide; ++i) {
        int64_t ahead = i * strides[last_] + kTurnsAhead * strides[last_ - 1];
        b_.prefetch({bases_[job_.expr.views.size() + r], at, 1, ahead * kF32Bytes});
      }
    }
  }

 private:
  // A view's rows along the lanes, in the order of the last axis.
  Square read_turned(size_t v) {
    View view = job_.expr.views[v];
    std::vector<Value> index = index_;
    Point point{.index = index, .lane_axis = static_cast<int>(last_), .lanes = kSquareSide};
    point.extra.assign(index_.size(), 0);
    point.bases = {bases_.data() + v, 1};
    point.open_axis = static_cast<int>(last_);
    bool backwards = view.strides[last_] == -1;
    if (backwards) {
      view.strides[last_] = 1;
      index[last_] = b_.sub(b_.index(0), index[last_]);
      point.extra[last_] = 1 - kSquareSide;
    }
    Square rows;
    for (int64_t i = 0; i < kSquareSide; ++i) {
      point.extra[lane_] = lane_extra_ + i;
      rows[static_cast<size_t>(i)] = emit_view_load(b_, view, point, bases_[v]);
    }
    rows = transpose(b_, rows);
    if (backwards) std::reverse(rows.begin(), rows.end());
    return rows;
  }

  // The row at the `i`-th place along the last axis.
  void emit_row(int64_t i) {
    size_t loads = job_.expr.views.size();
    Point point{.index = index_, .lane_axis = static_cast<int>(lane_), .lanes = kSquareSide};
    point.extra.assign(index_.size(), 0);
    point.extra[lane_] = lane_extra_, point.extra[last_] = i;
    point.bases = std::span(bases_).first(loads);
    point.open_axis = static_cast<int>(last_);
    PointEmitter emitter(b_, job_.expr, point, {});
    for (size_t n = 0; n < job_.expr.nodes.size(); ++n) {
      const ExprNode& node = job_.expr.nodes[n];
      if (node.kind != ExprNode::Kind::load) continue;
      auto turned = read_.find(static_cast<size_t>(node.view));
      if (turned == read_.end()) continue;
      emitter.set(static_cast<int>(n), turned->second[static_cast<size_t>(i)]);
    }
    std::vector<Value> values;
    for (int result : job_.expr.results) values.push_back(emitter.value(result));
    for (size_t r = 0; r < values.size(); ++r) {
      emit_store(b_, job_.outputs[r], point, bases_[loads + r], values[r]);
    }
  }

  Builder& b_;
  const FusedJob& job_;
  size_t lane_, last_;
  std::vector<Value> index_, bases_;
  int64_t lane_extra_ = 0;
  std::map<size_t, Square> read_;  // by view
};

}  // namespace

Square transpose(Builder& b, const Square& rows) {
  Value even0 = b.interleave_low(rows[0], rows[2]), even1 = b.interleave_high(rows[0], rows[2]);
  Value odd0 = b.interleave_low(rows[1], rows[3]), odd1 = b.interleave_high(rows[1], rows[3]);
  return {b.interleave_low(even0, odd0), b.interleave_high(even0, odd0),
          b.interleave_low(even1, odd1), b.interleave_high(even1, odd1)};
}

bool overlaps_squares(const Turned& turned) { return turned.job.space.back() % kSquareSide != 0; }

bool goes_by_squares(const Turned& turned) {
  const FusedJob& job = turned.job;
  size_t lane = turned.lane_axis, last = job.space.size() - 1;
  if (job.space[lane] % kSquareSide != 0 || job.space[last] < kSquareSide) return false;
  for (const View& view : job.expr.views) {
    bool straight = view.strides[lane] == 0 || view.strides[lane] == 1;
    if (!is_word(view) || (!straight && std::abs(view.strides[last]) != 1)) return false;
  }
  for (const View& out : job.outputs) {
    if (!is_word(out) || out.strides[lane] != 1) return false;
    // What is computed twice must not read what it wrote.
    auto reads = [&](const View& view) { return view.pointer == out.pointer; };
    if (overlaps_squares(turned) &&
        std::any_of(job.expr.views.begin(), job.expr.views.end(), reads))
      return false;
  }
  return true;
}

void emit_squares(Builder& b, const Turned& turned, std::span<const Value> index,
                  std::span<const Value> bases, int count) {
  SquareEmitter emitter(b, turned, index, bases);
  emitter.fetch_ahead();
  for (int i = 0; i < count; ++i) emitter.emit(i * kSquareSide);
}

}  // namespace burin::lower
