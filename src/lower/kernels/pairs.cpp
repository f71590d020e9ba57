// Pairs are made and taken apart in registers: the first element is the low half of 64 bits.
#include "lower/kernels/pairs.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/tiles.h"

#include <fmt/format.h>

#include <algorithm>

namespace burin::lower {

using loop::Address;
using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

namespace {

constexpr int64_t kPair = 8;

class PairKernel {
 public:
  PairKernel(const FusedJob& job, PairCopy kind)
      : job_(job), kind_(kind), b_(job.name, job.pointers), space_(job.space) {
    if (kind == PairCopy::join) space_.pop_back();
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
        plan_tiles(space_, 2.0 * kPair, kTileWork, axis, int64_t{lanes_.lanes} * lanes_.unroll);
    lanes_.chunk = plan.axis + 1 == space_.size() ? plan.chunk : lanes_.size;
    ranges_ = plan.emit(b_);
    emit_axis(0);
    DenseStage stage = fused_stage(job_, b_.finish(), plan.tiles);
    std::string algorithm =
        fmt::format("{} over {}, {} pairs x {}", kind_ == PairCopy::join ? "interleave" : "halve",
                    Shape(space_).text(), lanes_.lanes, lanes_.unroll);
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
    emit_lanes(b_, lanes_, ranges_[axis], {}, [&](const LaneStep& step, LaneState) {
      for (int u = 0; u < step.count; ++u) {
        int64_t at = int64_t{u} * step.lanes;
        kind_ == PairCopy::join ? join(from, to, step, at) : halve(from, to, step, at);
      }
      return LaneState{};
    });
  }

  void join(Value from, Value to, const LaneStep& step, int64_t at) {
    int64_t distance = job_.expr.views[0].strides.back() * kF32Bytes;
    auto load = [&](int64_t disp) {
      Address address{from, step.i, kF32Bytes, at * kF32Bytes + disp};
      return b_.convert(b_.load({Elem::i32, step.lanes}, address, narrow_mask(step)), Elem::i64);
    };
    Type pairs{Elem::i64, step.lanes};
    Value low = b_.bit_and(load(0), b_.bits(pairs, 0xffffffff));
    Value high = b_.shl(load(distance), b_.integer(pairs, 32));
    b_.store(b_.bit_or(low, high), {to, step.i, kPair, at * kPair}, step.mask);
  }

  void halve(Value from, Value to, const LaneStep& step, int64_t at) {
    bool second = kind_ == PairCopy::second;
    Type pairs{Elem::i64, step.lanes};
    Address address{from, step.i, kPair, at * kPair - (second ? kF32Bytes : 0)};
    Value pair = b_.load(pairs, address, step.mask);
    if (second) pair = b_.shr(pair, b_.integer(pairs, 32));
    b_.store(b_.convert(pair, Elem::i32), {to, step.i, kF32Bytes, at * kF32Bytes},
             narrow_mask(step));
  }

  Value narrow_mask(const LaneStep& step) {
    return step.mask.valid() ? mask_as(b_, step.mask, Elem::m32) : Value{};
  }

  const FusedJob& job_;
  PairCopy kind_;
  Builder b_;
  Dims space_;  // of pairs
  std::vector<Value> index_;
  std::vector<Range> ranges_;
  LanePlan lanes_;
};

bool joins(const Dims& space, const View& in, const View& out) {
  size_t axes = space.size();
  return axes >= 2 && space.back() == 2 && in.strides[axes - 2] == 1 &&
         out.strides[axes - 2] == 2 && out.strides[axes - 1] == 1;
}

// Whether the last pair lies inside the buffer. It does where pairs begin at even elements, unless
// the last one read is the last of a row of an odd number; rows of the buffer then divide the
// distance of those read.
bool ends_in_pairs(const Dims& space, const View& in) {
  auto odd = [](int64_t stride) { return stride % 2 != 0; };
  if (std::any_of(in.strides.begin(), in.strides.end(), odd)) return false;
  size_t axes = space.size();
  int64_t row = axes >= 2 ? in.strides[axes - 2] : 0;
  return row >= 2 * space.back() && row % (2 * space.back() - 1) != 0;
}

}  // namespace

std::optional<PairCopy> pair_copy(const FusedJob& job) {
  if (job.space.empty() || job.expr.nodes.size() != 1 || job.outputs.size() != 1) return {};
  if (job.expr.nodes[0].kind != ExprNode::Kind::load) return {};
  const View &in = job.expr.views[0], &out = job.outputs[0];
  if (in.dtype != out.dtype || size_of(in.dtype) != kF32Bytes) return {};
  if (joins(job.space, in, out)) return PairCopy::join;
  if (in.strides.back() != 2 || out.strides.back() != 1 || job.space.back() < 2) return {};
  for (int64_t stride : in.strides) {
    if (stride < 0) return {};
  }
  if (in.offset > 0) return PairCopy::second;
  if (ends_in_pairs(job.space, in)) return PairCopy::first;
  return {};
}

DenseKernels make_pair_copy(const FusedJob& job, PairCopy kind) {
  return PairKernel(job, kind).make();
}

}  // namespace burin::lower
