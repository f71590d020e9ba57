// Axes in the order of the output's memory; lanes along the innermost. Where a load strides along
// the lanes, the axis that it is contiguous in becomes the innermost loop, so that each cache line
// it touches is used up before the next one.
#include "lower/kernels/map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lower/kernels/pairs.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class MapKernel {
 public:
  explicit MapKernel(const FusedJob& job)
      : job_(job), b_(job.name, job.pointers), axes_(job.space.size()), index_(axes_) {
    lane_axis_ = static_cast<int>(axes_) - 1;
    lanes_.lanes = lanes_for(job.expr, job.outputs, lane_axis_, *job.machine);
    lanes_.masks = can_mask(job.expr, job.outputs, *job.machine);
    lanes_.mask_elem =
        job.machine->vector_bits / lanes_.lanes == 64 ? loop::Elem::m64 : loop::Elem::m32;
    if (axes_ == 0) return;
    lanes_.size = job.space.back();
    lanes_.unroll = choose_unroll();
    last_axis_ = choose_last();
  }

  DenseKernels make() {
    double work = point_bytes(job_) + 2 * point_flops(job_);
    TilePlan plan =
        plan_tiles(job_.space, work, kTileWork, lane_axis_, int64_t{lanes_.lanes} * lanes_.unroll);
    lanes_.chunk = plan.axis + 1 == axes_ ? plan.chunk : lanes_.size;
    if (axes_ == 0) {
      emit_point({b_.index(0), 1, 1, {}}, {});
    } else {
      ranges_ = plan.emit(b_);
      emit_axis(0);
    }
    DenseStage stage = fused_stage(job_, b_.finish(), plan.tiles);
    stage.in_place = pairs_in_place(job_);
    std::string algorithm = fmt::format("map over {}, {} lanes x {}", Shape(job_.space).text(),
                                        lanes_.lanes, lanes_.unroll);
    return {.stages = {std::move(stage)}, .extras = {}, .algorithm = std::move(algorithm)};
  }

 private:
  int choose_unroll() const {
    auto nodes = job_.expr.nodes.size();
    int unroll = nodes <= 6 ? 4 : nodes <= 12 ? 2 : 1;
    while (unroll > 1 && int64_t{lanes_.lanes} * unroll > lanes_.size) unroll /= 2;
    return lanes_.lanes == 1 ? 1 : unroll;
  }

  // The innermost loop: the lanes, or the axis that most strided loads are contiguous in.
  int choose_last() const {
    std::vector<int> votes(axes_, 0);
    auto lane = static_cast<size_t>(lane_axis_);
    for (const View& view : job_.expr.views) {
      if (view.strides[lane] == 0 || view.strides[lane] == 1) continue;
      for (size_t a = 0; a + 1 < axes_; ++a) {
        if (view.strides[a] == 1 && job_.space[a] > 1) ++votes[a];
      }
    }
    auto best = std::max_element(votes.begin(), votes.end());
    return *best > 0 ? static_cast<int>(best - votes.begin()) : lane_axis_;
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
    auto lane = static_cast<size_t>(lane_axis_), last = static_cast<size_t>(last_axis_);
    bool inside = last_axis_ != lane_axis_;
    index_[lane] = {};
    std::vector<Value> bases;
    if (!inside) bases = all_bases();
    emit_lanes(b_, lanes_, ranges_[lane], {}, [&](const LaneStep& step, LaneState) {
      index_[lane] = step.i;
      if (!inside) {
        emit_point(step, bases);
        return LaneState{};
      }
      index_[last] = {};
      std::vector<Value> inner = all_bases();
      emit_range(b_, ranges_[last], {}, [&](Value i, LaneState) {
        index_[last] = i;
        emit_point(step, inner);
        return LaneState{};
      });
      return LaneState{};
    });
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
        point.extra.back() = int64_t{u} * step.lanes;
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
  return MapKernel(collapsed).make();
}

}  // namespace burin::lower
