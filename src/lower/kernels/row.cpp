// Code of a row kernel. Lanes run along the row, and reductions end by folding the lanes; or along
// a kept axis, and each lane is a row of its own: then several vectors go down their rows side by
// side, so that each point reads more of memory at a time.
#include "lower/kernels/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "lower/convert.h"
#include "lower/kernels/reduction.h"
#include "lower/kernels/row_plan.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kMostRowVectors = 12;  // of rows, side by side
constexpr int64_t kMostNodes = 200;      // that a point of all of them evaluates

// One lane's value to all lanes; masks have no splat of their own.
Value splat_value(Builder& b, Value value, DType dtype, uint16_t lanes) {
  if (lanes == b.type(value).lanes) return value;
  if (dtype != DType::pred) return b.splat(value, lanes);
  Value bit = emit_convert(b, value, DType::pred, DType::i32);
  return emit_convert(b, b.splat(bit, lanes), DType::i32, DType::pred);
}

class RowKernel {
 public:
  explicit RowKernel(const RowPlan& plan)
      : plan_(plan),
        job_(plan.job),
        passes_(plan.passes),
        b_(job_.name, job_.pointers),
        index_(job_.space.size()) {
    bool product = std::any_of(job_.reduces.begin(), job_.reduces.end(), [](const RowReduce& r) {
      return r.kind == graph::ReduceKind::prod;
    });
    std::vector<View> stored;
    for (size_t i = 0; i < job_.outputs.size(); ++i) {
      if (plan_.full[i] || !plan_.lanes_in_row) stored.push_back(job_.outputs[i]);
    }
    lanes_ = lanes_for(job_.expr, stored, plan_.lane_axis, *job_.machine);
    if (product && plan_.lanes_in_row) lanes_ = 1;
    masks_ = can_mask(job_.expr, stored, *job_.machine);
    vectors_ = plan_.lanes_in_row ? 1 : choose_vectors();
    for (RowPass& pass : passes_) load_again(pass);
  }

  DenseKernels make() {
    Dims kept(job_.space.begin(), job_.space.begin() + static_cast<int64_t>(plan_.kept));
    double length = 1;
    for (size_t a = plan_.kept; a < job_.space.size(); ++a) {
      length *= static_cast<double>(job_.space[a]);
    }
    double work = length * (point_bytes(job_) + 2 * point_flops(job_));
    int lane = plan_.lanes_in_row ? -1 : plan_.lane_axis;
    TilePlan tiles = plan_tiles(kept, work, kTileWork, lane, lanes_ * vectors_);
    ranges_ = tiles.emit(b_);
    kept_chunk_ = tiles.axis + 1 == plan_.kept ? tiles.chunk : kept.empty() ? 1 : kept.back();
    emit_kept(0);
    std::string algorithm =
        fmt::format("rows {} of {}, {} lanes{} along {}, {} passes", Shape(kept).text(), length,
                    lanes_, vectors_ > 1 ? fmt::format(" x {}", vectors_) : "",
                    plan_.lanes_in_row ? "the row" : "rows", passes_.size());
    return {.stages = {fused_stage(job_, b_.finish(), tiles.tiles)},
            .extras = {},
            .algorithm = std::move(algorithm)};
  }

 private:
  // Of a row's values those that are no more than a load: points can load them again.
  bool is_loaded(int node) const {
    return job_.expr.nodes[static_cast<size_t>(node)].kind == ExprNode::Kind::load;
  }

  // Registers that a pass holds on to for each vector of rows.
  int64_t held(const RowPass& pass) const {
    auto loaded = std::count_if(pass.row_values.begin(), pass.row_values.end(),
                                [&](int node) { return is_loaded(node); });
    return static_cast<int64_t>(pass.reduces.size() + pass.row_values.size()) - loaded;
  }
  int64_t registers() const { return int64_t{job_.machine->vector_registers} * 3 / 4; }

  // Vectors of rows side by side: those that cover the lane axis in the fewest walks down the rows,
  // while their sums stay in registers.
  int choose_vectors() const {
    int64_t rows = plan_.lane_axis < 0 ? 1 : job_.space[static_cast<size_t>(plan_.lane_axis)];
    auto fits = [&](const RowPass& pass, int64_t vectors) {
      auto nodes = std::count(pass.needed.begin(), pass.needed.end(), true);
      return vectors * held(pass) <= registers() && vectors * nodes <= kMostNodes;
    };
    int64_t all = std::max<int64_t>(rows / lanes_, 1), best = 1;
    auto walks = [&](int64_t v) { return all / v + all % v; };
    for (int64_t vectors = 2; vectors <= std::min(all, kMostRowVectors); ++vectors) {
      bool fit = std::all_of(passes_.begin(), passes_.end(),
                             [&](const RowPass& pass) { return fits(pass, vectors); });
      if (fit && walks(vectors) < walks(best)) best = vectors;
    }
    return static_cast<int>(best);
  }

  // Points load a row's values again where registers for all of them are short.
  void load_again(RowPass& pass) const {
    auto all = static_cast<int64_t>(pass.reduces.size() + pass.row_values.size());
    if (vectors_ == 1 || vectors_ * all <= registers()) return;
    auto loaded = std::stable_partition(pass.row_values.begin(), pass.row_values.end(),
                                        [&](int node) { return !is_loaded(node); });
    for (auto it = loaded; it != pass.row_values.end(); ++it) {
      pass.needed[static_cast<size_t>(*it)] = true;
    }
    pass.row_values.erase(loaded, pass.row_values.end());
  }

  LanePlan lane_plan(int64_t size, int64_t chunk, int unroll) const {
    LanePlan plan{.lanes = lanes_, .unroll = unroll, .masks = masks_, .size = size, .chunk = chunk};
    bool wide = job_.machine->vector_bits / std::max<int>(lanes_, 1) == 64;
    plan.mask_elem = wide ? loop::Elem::m64 : loop::Elem::m32;
    return plan;
  }

  void emit_kept(size_t axis) {
    if (axis == plan_.kept) return emit_row(LaneStep{});
    if (!plan_.lanes_in_row && axis + 1 == plan_.kept) {
      LanePlan lanes = lane_plan(job_.space[axis], kept_chunk_, vectors_);
      emit_lanes(b_, lanes, ranges_[axis], {}, [&](const LaneStep& step, LaneState) {
        index_[axis] = step.i;
        emit_row(step);
        return LaneState{};
      });
      return;
    }
    emit_range(b_, ranges_[axis], {}, [&](Value i, LaneState) {
      index_[axis] = i;
      emit_kept(axis + 1);
      return LaneState{};
    });
  }

  // One row, or one row per lane of `step`.
  void emit_row(const LaneStep& step) {
    row_step_ = step;
    for (size_t a = plan_.kept; a < index_.size(); ++a) index_[a] = {};
    bases_ = all_bases();
    std::vector<Point> points;
    for (int v = 0; v < step.count; ++v) points.push_back(row_point(v));
    rows_.clear();
    for (const Point& at : points) rows_.emplace_back(b_, job_.expr, at, std::span<const Value>());
    saved_ = -1;
    for (const RowPass& pass : passes_) emit_pass(pass);
    for (size_t i = 0; i < job_.outputs.size(); ++i) {
      if (plan_.full[i]) continue;
      for (size_t v = 0; v < points.size(); ++v) {
        Value value = rows_[v].value(job_.expr.results[i]);
        emit_store(b_, job_.outputs[i], points[v], bases_[job_.expr.views.size() + i], value);
      }
    }
  }

  // Addresses of the loads, then of the outputs, at the current index.
  std::vector<Value> all_bases() {
    std::vector<Value> bases = emit_bases(b_, job_.expr.views, index_);
    for (Value v : emit_bases(b_, job_.outputs, index_)) bases.push_back(v);
    return bases;
  }

  // Of the rows of vector `v`.
  Point row_point(int v) const {
    Point at{.index = index_, .lane_axis = plan_.lane_axis, .lanes = row_step_.lanes};
    at.mask = row_step_.mask;
    at.bases = std::span(bases_).first(job_.expr.views.size());
    at.extra.assign(job_.space.size(), 0);
    if (v > 0) at.extra[static_cast<size_t>(plan_.lane_axis)] = int64_t{v} * row_step_.lanes;
    return at;
  }

  int unroll_of(const RowPass& pass, int64_t size) const {
    auto nodes = std::count(pass.needed.begin(), pass.needed.end(), true);
    int unroll = nodes <= 4 ? 4 : nodes <= 10 ? 2 : 1;
    unroll = std::max(1, unroll / row_step_.count);
    int64_t lanes = plan_.lanes_in_row ? lanes_ : 1;
    while (unroll > 1 && lanes * unroll > size) unroll /= 2;
    return unroll;
  }

  // Accumulators of a pass: per reduction and vector of rows `unroll` vectors, then one for single
  // lanes.
  struct Accumulators {
    int unroll = 1, rows = 1;
    bool single = false;
    size_t per_reduce() const { return last() + single; }
    size_t slot(int row, int u) const { return static_cast<size_t>(row * unroll + u); }
    size_t last() const { return slot(rows, 0); }
  };

  void emit_pass(const RowPass& pass) {
    size_t axes = job_.space.size() - plan_.kept;
    int64_t last = axes ? job_.space.back() : 1;
    Accumulators accs{.unroll = unroll_of(pass, last), .rows = row_step_.count};
    accs.single = plan_.lanes_in_row && lanes_ > 1 && !masks_;
    row_values_.clear();
    for (PointEmitter& row : rows_) {
      for (int node : pass.row_values) row_values_.push_back(row.value(node));
    }
    LaneState state;
    for (int r : pass.reduces) {
      const RowReduce& reduce = job_.reduces[static_cast<size_t>(r)];
      uint16_t lanes = plan_.lanes_in_row && axes ? lanes_ : row_step_.lanes;
      for (size_t i = 0; i < accs.last(); ++i) {
        state.push_back(emit_identity(b_, reduce.kind, reduce.dtype, lanes));
      }
      if (accs.single) state.push_back(emit_identity(b_, reduce.kind, reduce.dtype, 1));
    }
    splat_row_values(pass);
    state = emit_reduced(pass, accs, plan_.kept, std::move(state));
    if (pass.save >= 0) saved_ = pass.save;
    for (size_t k = 0; k < pass.reduces.size(); ++k) {
      const RowReduce& reduce = job_.reduces[static_cast<size_t>(pass.reduces[k])];
      auto sums = std::span(state).subspan(k * accs.per_reduce(), accs.per_reduce());
      for (int v = 0; v < accs.rows; ++v) {
        rows_[static_cast<size_t>(v)].set(reduce.node, fold(reduce, accs, v, sums));
      }
    }
  }

  // Row values as the points of a pass use them.
  void splat_row_values(const RowPass& pass) {
    splat_values_.clear();
    for (size_t i = 0; i < row_values_.size(); ++i) {
      int node = pass.row_values[i % pass.row_values.size()];
      DType dtype = job_.expr.nodes[static_cast<size_t>(node)].dtype;
      uint16_t lanes = plan_.lanes_in_row ? lanes_ : row_step_.lanes;
      splat_values_.push_back(splat_value(b_, row_values_[i], dtype, lanes));
    }
  }

  // The loops over the reduced axes from `axis` on.
  LaneState emit_reduced(const RowPass& pass, const Accumulators& accs, size_t axis,
                         LaneState state) {
    if (axis == job_.space.size()) {
      return emit_points(pass, accs, LaneStep{b_.index(0), 1, 1, {}}, bases_, std::move(state));
    }
    Range range{b_.index(0), b_.index(job_.space[axis])};
    if (axis + 1 < job_.space.size()) {
      return emit_range(b_, range, std::move(state), [&](Value i, LaneState carried) {
        index_[axis] = i;
        return emit_reduced(pass, accs, axis + 1, std::move(carried));
      });
    }
    index_[axis] = {};
    bool one_axis = plan_.kept + 1 == job_.space.size();
    std::vector<Value> bases = one_axis ? bases_ : all_bases();
    LanePlan plan = lane_plan(job_.space[axis], job_.space[axis], accs.unroll);
    if (!plan_.lanes_in_row) plan.lanes = 1;
    return emit_lanes(b_, plan, range, std::move(state),
                      [&](const LaneStep& step, LaneState carried) {
                        index_[axis] = step.i;
                        return emit_points(pass, accs, step, bases, std::move(carried));
                      });
  }

  // The vectors of one step of the innermost loop.
  LaneState emit_points(const RowPass& pass, const Accumulators& accs, const LaneStep& step,
                        std::span<const Value> bases, LaneState state) {
    for (int u = 0; u < step.count; ++u) {
      for (int v = 0; v < accs.rows; ++v) {
        Point at = point_of(step, u, v, bases);
        bool single = plan_.lanes_in_row && step.lanes == 1 && lanes_ > 1;
        emit_point(pass, accs, single ? accs.last() : accs.slot(v, u), at, bases, state);
      }
    }
    return state;
  }

  // Position `u` of the step, of the rows of vector `v`.
  Point point_of(const LaneStep& step, int u, int v, std::span<const Value> bases) const {
    Point at = row_point(v);
    if (plan_.lanes_in_row) at.lanes = step.lanes, at.mask = step.mask;
    at.bases = bases.first(job_.expr.views.size());
    bool any = job_.space.size() > plan_.kept;
    at.open_axis = any ? static_cast<int>(job_.space.size()) - 1 : -1;
    if (any) at.extra.back() = int64_t{u} * step.lanes;
    return at;
  }

  void emit_point(const RowPass& pass, const Accumulators& accs, size_t slot, const Point& at,
                  std::span<const Value> bases, LaneState& state) {
    size_t loads = job_.expr.views.size(), count = pass.row_values.size();
    PointEmitter point(b_, job_.expr, at, {});
    bool single = plan_.lanes_in_row && at.lanes == 1 && lanes_ > 1;
    size_t row = single ? 0 : slot / static_cast<size_t>(accs.unroll);
    for (size_t i = 0; i < count; ++i) {
      const std::vector<Value>& values = single ? row_values_ : splat_values_;
      point.set(pass.row_values[i], values[row * count + i]);
    }
    View kept = job_.outputs[0];
    if (saved_ >= 0 && pass.needed[static_cast<size_t>(saved_)]) {
      point.set(saved_, emit_view_load(b_, kept, at, bases[loads]));
    }
    accumulate(pass, accs, slot, at.mask, point, state);
    if (pass.save >= 0) emit_store(b_, kept, at, bases[loads], point.value(pass.save));
    if (pass.reduces.empty()) store_results(at, bases, point);
  }

  void accumulate(const RowPass& pass, const Accumulators& accs, size_t slot, Value mask,
                  PointEmitter& point, LaneState& state) {
    for (size_t k = 0; k < pass.reduces.size(); ++k) {
      const RowReduce& reduce = job_.reduces[static_cast<size_t>(pass.reduces[k])];
      Value& acc = state[k * accs.per_reduce() + slot];
      Value value = splat_value(b_, point.value(reduce.operand), reduce.dtype, b_.type(acc).lanes);
      Value next = emit_combine(b_, reduce.kind, acc, value);
      bool partial = mask.valid() && plan_.lanes_in_row;
      acc = partial ? b_.select(mask_as(b_, mask, b_.type(acc).elem), next, acc) : next;
    }
  }

  void store_results(const Point& at, std::span<const Value> bases, PointEmitter& point) {
    for (size_t i = 0; i < job_.outputs.size(); ++i) {
      if (!plan_.full[i]) continue;
      int node = job_.expr.results[i];
      Value value = splat_value(b_, point.value(node),
                                job_.expr.nodes[static_cast<size_t>(node)].dtype, at.lanes);
      emit_store(b_, job_.outputs[i], at, bases[job_.expr.views.size() + i], value);
    }
  }

  // The accumulators of one reduction as one value of row vector `v`: neighbours pairwise, then
  // lanes, then the single lanes of the remainder.
  Value fold(const RowReduce& reduce, const Accumulators& accs, int v,
             std::span<const Value> sums) {
    std::span<const Value> own = sums.subspan(accs.slot(v, 0), accs.slot(1, 0));
    std::vector<Value> parts(own.begin(), own.end());
    while (parts.size() > 1) {
      for (size_t i = 0; i < parts.size() / 2; ++i) {
        parts[i] = emit_combine(b_, reduce.kind, parts[2 * i], parts[2 * i + 1]);
      }
      parts.resize(parts.size() / 2);
    }
    Value value = parts[0];
    if (plan_.lanes_in_row) value = emit_horizontal(b_, reduce.kind, value);
    if (accs.single) {
      value = emit_combine(b_, reduce.kind, value, sums[accs.last()]);
    }
    return wrap_integer(b_, value, reduce.dtype);
  }

  const RowPlan& plan_;
  const FusedJob& job_;
  std::vector<RowPass> passes_;
  Builder b_;
  uint16_t lanes_ = 1;
  bool masks_ = false;
  int vectors_ = 1;  // of rows, side by side
  int64_t kept_chunk_ = 1;
  std::vector<Value> index_;
  std::vector<Range> ranges_;
  // The row being emitted:
  LaneStep row_step_;
  std::vector<Value> bases_;       // with the reduced axes at 0
  std::deque<PointEmitter> rows_;  // one, or one for each vector of rows
  int saved_ = -1;
  // Of the pass, one lane and all lanes: those of the first row, of the second ...
  std::vector<Value> row_values_, splat_values_;
};

}  // namespace

DenseKernels make_row(const FusedJob& job) {
  RowPlan plan = plan_row(job);
  return RowKernel(plan).make();
}

}  // namespace burin::lower
