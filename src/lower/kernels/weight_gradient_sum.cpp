// The second kernel of a gradient of weights: the parts added, and what follows.
#include "lower/kernels/nest.h"
#include "lower/kernels/weight_gradient.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kBytes = 4;

// A tile is a channel of the input. The parts are added in order.
class SumEmitter {
 public:
  SumEmitter(Builder& b, const DenseJob& job, const WeightGradient& w)
      : b_(b), job_(job), w_(w), lanes_(lanes_for(job.epilogue, job.outputs, 3, *job.machine)) {}

  void emit() {
    for_range(b_, b_.index(0), b_.index(w_.taps[0]), [&](Value kh) {
      for_range(b_, b_.index(0), b_.index(w_.taps[1]), [&](Value kw) { emit_row(kh, kw); });
    });
  }

 private:
  void emit_row(Value kh, Value kw) {
    Value tap = b_.add(b_.mul(kh, b_.index(w_.taps[1])), kw);
    Value row = b_.add(b_.mul(b_.tile(), b_.index(w_.taps[0] * w_.taps[1])), tap);
    int64_t whole = w_.out / lanes_ * lanes_;
    Value from = b_.mul(row, b_.index(w_.padded_out()));
    b_.loop(b_.index(0), b_.index(whole), lanes_, [&](Value o) {
      emit_vector({b_.tile(), kh, kw, o}, from, lanes_);
    });
    b_.loop(b_.index(whole), b_.index(w_.out), 1, [&](Value o) {
      emit_vector({b_.tile(), kh, kw, o}, from, 1);
    });
  }

  void emit_vector(const std::vector<Value>& index, Value from, uint16_t lanes) {
    loop::Type type{loop::Elem::f32, lanes};
    Value at = b_.add(from, index[3]), sum;
    for (int64_t p = 0; p < w_.plan.parts; ++p) {
      int64_t part = p * w_.part_elements() * kBytes;
      Value next = b_.load(type, {b_.pointer(w_.parts_pointer), at, kBytes, part});
      sum = sum.valid() ? b_.add(sum, next) : next;
    }
    Point point;
    point.index = index;
    point.extra.assign(4, 0);
    point.lane_axis = 3;
    point.lanes = lanes;
    std::vector<Value> results = emit_expr(b_, job_.epilogue, point, std::span(&sum, 1));
    for (size_t r = 0; r < results.size(); ++r) {
      emit_store(b_, job_.outputs[r], point, {}, results[r]);
    }
  }

  Builder& b_;
  const DenseJob& job_;
  const WeightGradient& w_;
  uint16_t lanes_;
};

}  // namespace

DenseStage make_weight_gradient_sum(const DenseJob& job, const WeightGradient& w,
                                    const DenseKernels& kernels) {
  Builder b("weight_gradient_sum", job.pointers + 1);
  SumEmitter(b, job, w).emit();
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = w.in;
  stage.bytes = static_cast<double>((w.plan.parts + 1) * w.part_elements() * kBytes);
  bind_all(job, kernels, stage);
  return stage;
}

}  // namespace burin::lower
