#include "lower/kernels/parts.h"

#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

class PartsSum {
 public:
  PartsSum(Builder& b, const Epilogue& follows, const Parts& parts, const loop::Machine& machine)
      : b_(b), follows_(follows), parts_(parts), axis_(follows.shape.rank() - 1) {
    lanes_ = lanes_for(follows.expr, follows.outputs, static_cast<int>(axis_), machine);
  }

  void emit_row(std::vector<Value> index, Value from) {
    int64_t size = follows_.shape.dims().back(), whole = size / lanes_ * lanes_;
    auto along = [&](int64_t first, int64_t last, uint16_t lanes) {
      b_.loop(b_.index(first), b_.index(last), lanes, [&](Value i) {
        index[axis_] = i;
        emit_vector(index, from, lanes);
      });
    };
    along(0, whole, lanes_);
    along(whole, size, 1);
  }

 private:
  void emit_vector(const std::vector<Value>& index, Value from, uint16_t lanes) {
    loop::Type type{loop::Elem::f32, lanes};
    Value at = b_.add(from, index[axis_]), sum;
    for (int64_t p = 0; p < parts_.count; ++p) {
      int64_t part = p * parts_.elements * kF32Bytes;
      Value next = b_.load(type, {b_.pointer(parts_.pointer), at, kF32Bytes, part});
      sum = sum.valid() ? b_.add(sum, next) : next;
    }
    Point point;
    point.index = index;
    point.extra.assign(index.size(), 0);
    point.lane_axis = static_cast<int>(axis_);
    point.lanes = lanes;
    std::vector<Value> results = emit_expr(b_, follows_.expr, point, std::span(&sum, 1));
    for (size_t r = 0; r < results.size(); ++r) {
      emit_store(b_, follows_.outputs[r], point, {}, results[r]);
    }
  }

  Builder& b_;
  const Epilogue& follows_;
  const Parts& parts_;
  size_t axis_;  // of the result: the last, along which lanes run
  uint16_t lanes_ = 1;
};

}  // namespace

DenseStage make_sum_of_parts(const DenseJob& job, const Epilogue& follows,
                             const DenseKernels& kernels, const std::string& name,
                             const Parts& parts, int64_t tiles,
                             const std::function<void(Builder&, const EmitRow&)>& emit_tile) {
  Builder b(name, parts.pointer + 1);
  PartsSum sum(b, follows, parts, *job.machine);
  emit_tile(b, [&](const std::vector<Value>& index, Value from) { sum.emit_row(index, from); });
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = tiles;
  stage.bytes = static_cast<double>((parts.count + 1) * parts.elements * kF32Bytes);
  bind_all(job, kernels, stage);
  return stage;
}

}  // namespace burin::lower
