// The stage behind a kernel that stores plain sums: every element once, through the epilogue.
#include "lower/kernels/detached.h"

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/views.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

View scratch_view(const DenseJob& job) {
  const TensorType& type = node_of(job).type;
  return {job.pointers, type.dtype, 0, type.shape.strides()};
}

class RestEmitter {
 public:
  RestEmitter(const DenseJob& job, Builder& b)
      : job_(job), b_(b), scratch_(scratch_view(job)), sizes_(result_shape(job).dims()) {
    choose_lanes();
    index_.assign(sizes_.size(), b.index(0));
  }

  // Walks rows [first, last): the points of all axes but the one of the lanes.
  void emit(Value first, Value last) {
    b_.loop(first, last, 1, [&](Value row) {
      for (size_t i = sizes_.size(); i-- > 0;) {
        if (static_cast<int>(i) == axis_ || sizes_[i] == 1) continue;
        index_[i] = b_.rem(row, b_.index(sizes_[i]));
        row = b_.div(row, b_.index(sizes_[i]));
      }
      int64_t n = axis_ < 0 ? 1 : sizes_[static_cast<size_t>(axis_)], full = n / lanes_ * lanes_;
      if (full > 0) along(0, full, lanes_);
      if (full < n) along(full, n, 1);
    });
  }

  int64_t rows() const {
    int64_t n = axis_ < 0 ? 1 : sizes_[static_cast<size_t>(axis_)];
    return result_shape(job_).elements() / n;
  }

 private:
  // Lanes run along the axis that allows most of them.
  void choose_lanes() {
    Expr all = job_.epilogue;
    ExprNode load;
    load.kind = ExprNode::Kind::load;
    load.dtype = scratch_.dtype;
    load.view = static_cast<int>(all.views.size());
    all.views.push_back(scratch_);
    all.nodes.push_back(load);
    axis_ = static_cast<int>(sizes_.size()) - 1;
    for (int axis = axis_; axis >= 0; --axis) {
      uint16_t lanes = lanes_for(all, job_.outputs, axis, *job_.machine);
      if (lanes <= lanes_ || sizes_[static_cast<size_t>(axis)] < lanes) continue;
      axis_ = axis;
      lanes_ = lanes;
    }
  }

  void along(int64_t first, int64_t last, uint16_t lanes) {
    b_.loop(b_.index(first), b_.index(last), lanes, [&](Value i) {
      if (axis_ >= 0) index_[static_cast<size_t>(axis_)] = i;
      Point point;
      point.index = index_;
      point.lanes = lanes;
      point.lane_axis = lanes == 1 ? -1 : axis_;
      Value accs[] = {emit_view_load(b_, scratch_, point, {})};
      std::vector<Value> results = emit_expr(b_, job_.epilogue, point, accs);
      for (size_t r = 0; r < results.size(); ++r) {
        emit_store(b_, job_.outputs[r], point, {}, results[r]);
      }
    });
  }

  const DenseJob& job_;
  Builder& b_;
  View scratch_;
  Dims sizes_;
  int axis_ = -1;  // of the lanes
  uint16_t lanes_ = 1;
  std::vector<Value> index_;
};

}  // namespace

DenseJob bare_job(const DenseJob& job) {
  DenseJob bare = job;
  ExprNode acc;
  acc.kind = ExprNode::Kind::acc;
  acc.dtype = node_of(job).type.dtype;
  bare.epilogue = {};
  bare.epilogue.nodes = {acc};
  bare.epilogue.results = {0};
  bare.outputs = {scratch_view(job)};
  bare.pointers = job.pointers + 1;
  return bare;
}

DenseKernels attach_rest(const DenseJob& job, DenseKernels kernels) {
  // Scratch memory has the number behind the job's pointers: the first extra's.
  kernels.extras.insert(kernels.extras.begin(), {node_of(job).type.bytes(), {}});
  Builder b("rest", job.pointers + 1);
  RestEmitter rest(job, b);
  int64_t rows = rest.rows(), block = ceil_div(rows, kMostCopyTiles);
  DenseStage stage;
  stage.tiles = ceil_div(rows, block);
  Value first = b.mul(b.tile(), b.index(block));
  rest.emit(first, b.min(b.add(first, b.index(block)), b.index(rows)));
  stage.function = b.finish();
  stage.bytes = 2.0 * static_cast<double>(node_of(job).type.bytes());
  bind_all(job, kernels, stage);
  stage.uses.resize(static_cast<size_t>(job.pointers) + 1);  // none of the kernels' own buffers
  stage.writes.resize(stage.uses.size());
  kernels.stages.push_back(std::move(stage));
  return kernels;
}

}  // namespace burin::lower
