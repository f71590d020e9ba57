// Axes in the order of the output's memory; lanes along the innermost. Where a load strides along
// the lanes, the axis that it is contiguous in becomes the innermost loop, so that each cache line
// it touches is used up before the next one; large ones have all their loops in that order.
#include "lower/kernels/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lower/kernels/pairs.h"
#include "lower/kernels/squares.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/turned.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class MapKernel {
 public:
  explicit MapKernel(const FusedJob& job)
      : MapKernel(job, static_cast<int>(job.space.size()) - 1) {}
  explicit MapKernel(const Turned& turned)
      : MapKernel(turned.job, static_cast<int>(turned.lane_axis)) {
    if (!goes_by_squares(turned)) return;
    squares_ = &turned;
    lanes_.lanes = kSquareSide;
    lanes_.unroll = lanes_.size % kLineFloats == 0 ? kLineFloats / kSquareSide : 1;
  }

  DenseKernels make() {
    double work = point_bytes(job_) + 2 * point_flops(job_);
    auto tiled = static_cast<size_t>(lane_axis_ + 1);  // axes that tiles share
    for (size_t a = tiled; a < axes_; ++a) work *= static_cast<double>(job_.space[a]);
    Dims space(job_.space.begin(), job_.space.begin() + lane_axis_ + 1);
    TilePlan plan =
        plan_tiles(space, work, kTileWork, lane_axis_, int64_t{lanes_.lanes} * lanes_.unroll);
    lanes_.chunk = plan.axis + 1 == tiled ? plan.chunk : lanes_.size;
    if (axes_ == 0) {
      emit_point({b_.index(0), 1, 1, {}}, {});
    } else {
      ranges_ = plan.emit(b_);
      for (size_t a = tiled; a < axes_; ++a) {
        ranges_.push_back({b_.index(0), b_.index(job_.space[a])});
      }
      emit_axis(0);
    }
    DenseStage stage = fused_stage(job_, b_.finish(), plan.tiles);
    bool twice = squares_ && overlaps_squares(*squares_);
    if (!twice) stage.in_place = pairs_in_place(job_);
    std::string algorithm = fmt::format(
        "map over {}, {} lanes x {}{}{}", Shape(job_.space).text(), lanes_.lanes, lanes_.unroll,
        tiled < axes_ ? ", read along another axis" : "", squares_ ? ", in squares" : "");
    return {.stages = {std::move(stage)}, .extras = {}, .algorithm = std::move(algorithm)};
  }

 private:
  MapKernel(const FusedJob& job, int lane_axis)
      : job_(job), b_(job.name, job.pointers), axes_(job.space.size()), index_(axes_) {
    lane_axis_ = last_axis_ = lane_axis;
    lanes_.lanes = lanes_for(job.expr, job.outputs, lane_axis_, *job.machine);
    lanes_.masks = can_mask(job.expr, job.outputs, *job.machine);
    lanes_.mask_elem =
        job.machine->vector_bits / lanes_.lanes == 64 ? loop::Elem::m64 : loop::Elem::m32;
    if (axes_ == 0) return;
    lanes_.size = job.space[static_cast<size_t>(lane_axis)];
    auto lane = static_cast<size_t>(lane_axis);
    last_axis_ = static_cast<int>(turned() ? axes_ - 1 : contiguous_axis(job, lane));
    lanes_.unroll = turned() ? 1 : choose_unroll();
  }

  // Whether further loops lie inside that of the lanes.
  bool turned() const { return lane_axis_ + 1 < static_cast<int>(axes_); }

  int choose_unroll() const {
    auto nodes = job_.expr.nodes.size();
    int unroll = nodes <= 6 ? 4 : nodes <= 12 ? 2 : 1;
    while (unroll > 1 && int64_t{lanes_.lanes} * unroll > lanes_.size) unroll /= 2;
    return lanes_.lanes == 1 ? 1 : unroll;
  }

  void emit_axis(size_t axis) {
    if (static_cast<int>(axis) == lane_axis_) return emit_lane_axis();
    if (static_cast<int>(axis) == last_axis_) return emit_axis(axis + 1);
    emit_range(b_, ranges_[axis], {}, [&](Value i, LaneState) {
      index_[axis] = i;
      emit_axis(axis + 1);
      return LaneState{};
    });
  }

  void emit_lane_axis() {
    auto lane = static_cast<size_t>(lane_axis_);
    bool inside = last_axis_ != lane_axis_;
    index_[lane] = {};
    std::vector<Value> bases;
    if (!inside) bases = all_bases();
    emit_lanes(b_, lanes_, ranges_[lane], {}, [&](const LaneStep& step, LaneState) {
      index_[lane] = step.i;
      inside ? emit_inside(lane + 1, step) : emit_point(step, bases);
      return LaneState{};
    });
  }

  // The loops from `axis` on that lie inside that of the lanes, then the one that is read along.
  void emit_inside(size_t axis, const LaneStep& step) {
    auto last = static_cast<size_t>(last_axis_);
    if (axis < axes_ && axis != last) {
      emit_range(b_, ranges_[axis], {}, [&](Value i, LaneState) {
        index_[axis] = i;
        emit_inside(axis + 1, step);
        return LaneState{};
      });
      return;
    }
    index_[last] = {};
    std::vector<Value> bases = all_bases();
    if (squares_) return emit_all_squares(step, bases);
    emit_range(b_, ranges_[last], {}, [&](Value i, LaneState) {
      index_[last] = i;
      emit_point(step, bases);
      return LaneState{};
    });
  }

  // All squares along the last axis.
  void emit_all_squares(const LaneStep& step, std::span<const Value> bases) {
    int64_t size = job_.space.back();
    auto squares_at = [&](Value i) {
      index_.back() = i;
      emit_squares(b_, *squares_, index_, bases, step.count);
    };
    b_.loop(b_.index(0), b_.index(size / kSquareSide * kSquareSide), kSquareSide, squares_at);
    if (overlaps_squares(*squares_)) squares_at(b_.index(size - kSquareSide));
  }

  // Addresses of the loads, then of the outputs.
  std::vector<Value> all_bases() {
    std::vector<Value> bases = emit_bases(b_, job_.expr.views, index_);
    for (Value v : emit_bases(b_, job_.outputs, index_)) bases.push_back(v);
    return bases;
  }

  void emit_point(const LaneStep& step, std::span<const Value> bases) {
    size_t loads = job_.expr.views.size();
    for (int u = 0; u < step.count; ++u) {
      Point point{.index = index_, .lane_axis = lane_axis_, .lanes = step.lanes};
      point.mask = step.mask;
      point.aligned = true;
      point.open_axis = last_axis_;
      if (axes_ > 0) {
        point.extra.assign(axes_, 0);
        point.extra[static_cast<size_t>(lane_axis_)] = int64_t{u} * step.lanes;
      }
      if (!bases.empty()) point.bases = bases.first(loads);
      std::vector<Value> values = emit_expr(b_, job_.expr, point, {});
      for (size_t i = 0; i < values.size(); ++i) {
        Value base = bases.empty() ? Value{} : bases[loads + i];
        emit_store(b_, job_.outputs[i], point, base, values[i]);
      }
    }
  }

  const FusedJob& job_;
  const Turned* squares_ = nullptr;  // the job, if it goes by them
  Builder b_;
  size_t axes_;
  std::vector<Value> index_;
  std::vector<Range> ranges_;
  int lane_axis_ = -1;
  int last_axis_ = -1;
  LanePlan lanes_;
};

}  // namespace

DenseKernels make_map(const FusedJob& job) {
  std::vector<size_t> order(job.space.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t c) {
    return job.outputs[0].strides[a] > job.outputs[0].strides[c];
  });
  FusedJob collapsed = collapse(job, order);
  if (auto kind = pair_copy(collapsed)) return make_pair_copy(collapsed, *kind);
  if (auto turned = turn(collapsed)) return MapKernel(*turned).make();
  return MapKernel(collapsed).make();
}

}  // namespace burin::lower
