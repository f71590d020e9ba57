// Pairs are made in registers: the first of a pair in the low half of 64 bits, the second above.
#include "lower/kernels/interleave.h"

#include <fmt/format.h>

namespace burin::lower {

using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

constexpr double kTileWork = 32 << 10;
constexpr int64_t kBytes = 4;

class Interleaver {
 public:
  explicit Interleaver(const FusedJob& job)
      : job_(job), b_(job.name, job.pointers), space_(job.space) {
    space_.pop_back();
    index_.assign(job.space.size(), b_.index(0));
    lanes_.lanes = job.machine->lanes(Elem::i64);
    lanes_.unroll = 2;
    lanes_.masks = can_mask(job.expr, job.outputs, *job.machine);
    lanes_.mask_elem = Elem::m64;
    lanes_.size = space_.back();
  }

  DenseKernels make() {
    int axis = static_cast<int>(space_.size()) - 1;
    TilePlan plan =
        plan_tiles(space_, 4 * kBytes, kTileWork, axis, int64_t{lanes_.lanes} * lanes_.unroll);
    lanes_.chunk = plan.axis + 1 == space_.size() ? plan.chunk : lanes_.size;
    ranges_ = plan.emit(b_);
    emit_axis(0);
    DenseStage stage = fused_stage(job_, b_.finish(), plan.tiles);
    std::string algorithm = fmt::format("interleave over {}, {} pairs x {}", Shape(space_).text(),
                                        lanes_.lanes, lanes_.unroll);
    return {.stages = {std::move(stage)}, .extras = {}, .algorithm = std::move(algorithm)};
  }

 private:
  void emit_axis(size_t axis) {
    if (axis + 1 == space_.size()) return emit_pairs(axis);
    emit_range(b_, ranges_[axis], {}, [&](Value i, LaneState) {
      index_[axis] = i;
      emit_axis(axis + 1);
      return LaneState{};
    });
  }

  void emit_pairs(size_t axis) {
    index_[axis] = b_.index(0);
    Value from = emit_bases(b_, job_.expr.views, index_)[0];
    Value to = emit_bases(b_, job_.outputs, index_)[0];
    int64_t distance = job_.expr.views[0].strides.back() * kBytes;
    emit_lanes(b_, lanes_, ranges_[axis], {}, [&](const LaneStep& step, LaneState) {
      for (int u = 0; u < step.count; ++u) {
        int64_t at = int64_t{u} * step.lanes;
        Value first = load({from, step.i, 4, at * kBytes}, step);
        Value second = load({from, step.i, 4, at * kBytes + distance}, step);
        Type pairs{Elem::i64, step.lanes};
        Value low = b_.bit_and(first, b_.bits(pairs, 0xffffffff));
        Value high = b_.shl(second, b_.integer(pairs, 32));
        b_.store(b_.bit_or(low, high), {to, step.i, 8, at * 2 * kBytes}, step.mask);
      }
      return LaneState{};
    });
  }

  Value load(const loop::Address& at, const LaneStep& step) {
    Value mask = step.mask.valid() ? mask_as(b_, step.mask, Elem::m32) : Value{};
    return b_.convert(b_.load({Elem::i32, step.lanes}, at, mask), Elem::i64);
  }

  const FusedJob& job_;
  Builder b_;
  Dims space_;  // of pairs
  std::vector<Value> index_;
  std::vector<Range> ranges_;
  LanePlan lanes_;
};

}  // namespace

bool interleaves(const FusedJob& job) {
  size_t axes = job.space.size();
  if (axes < 2 || job.space.back() != 2 || job.expr.nodes.size() != 1) return false;
  if (job.expr.nodes[0].kind != ExprNode::Kind::load || job.outputs.size() != 1) return false;
  const View &in = job.expr.views[0], &out = job.outputs[0];
  return in.dtype == out.dtype && size_of(in.dtype) == kBytes && in.strides[axes - 2] == 1 &&
         out.strides[axes - 2] == 2 && out.strides[axes - 1] == 1;
}

DenseKernels make_interleave(const FusedJob& job) { return Interleaver(job).make(); }

}  // namespace burin::lower
