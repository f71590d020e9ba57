// The transform of products back into outputs, and the epilogue.
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd_frame.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

// The epilogue at pixels around one point of the result.
class Pixels {
 public:
  Pixels(const WinogradFrame& f, const Epilogue& fused, std::vector<Value> index, Value mask)
      : b_(f.b), fused_(fused), index_(std::move(index)) {
    views_ = emit_bases(b_, fused_.expr.views, index_);
    outputs_ = emit_bases(b_, fused_.outputs, index_);
    point_.index = index_;
    point_.extra.assign(index_.size(), 0);
    point_.lane_axis = static_cast<int>(index_.size()) - 1;
    point_.lanes = f.lanes;
    point_.mask = mask;
    point_.bases = views_;
  }

  void store(int64_t i, int64_t j, Value y) {
    point_.extra[1] = i;
    point_.extra[2] = j;
    std::vector<Value> results = emit_expr(b_, fused_.expr, point_, std::span(&y, 1));
    for (size_t r = 0; r < results.size(); ++r) {
      emit_store(b_, fused_.outputs[r], point_, outputs_[r], results[r]);
    }
  }

 private:
  Builder& b_;
  const Epilogue& fused_;
  std::vector<Value> index_, views_, outputs_;
  Point point_;
};

class OutputEmitter {
 public:
  OutputEmitter(const WinogradFrame& f, const Winograd& w, const WinogradPlace& at, Value channel,
                Value from)
      : f_(f), w_(w), b_(f.b), at_(at), channel_(channel), from_(from), shape_(w.conv.fused.shape) {
    int64_t out = w.conv.out;
    if (out % f.lanes != 0) {
      mask_ = b_.first_n({loop::Elem::m32, f.lanes}, b_.sub(b_.index(out), channel));
    }
  }

  void emit() {
    int64_t m = f_.m;
    if (shape_[1] % m == 0 && shape_[2] % m == 0) return whole();
    if (shape_[1] < m || shape_[2] < m) return border();
    Value rows = b_.cmp_le(at_.y, b_.index(shape_[1] - m));
    Value columns = b_.cmp_le(at_.x, b_.index(shape_[2] - m));
    b_.branch(
        b_.bit_and(rows, columns), [&] { whole(); }, [&] { border(); });
  }

 private:
  Value load(int64_t i, int64_t j) {
    int64_t point = (i * f_.alpha + j) * w_.scratch.m_point;
    return b_.load(f_.vector, {from_, {}, 1, point * kF32Bytes});
  }

  void whole() {
    Pixels pixels(f_, w_.conv.fused, {at_.n, at_.y, at_.x, channel_}, mask_);
    f_.lines.outputs(
        f_.m, [&](int64_t i, int64_t j) { return load(i, j); },
        [&](int64_t i, int64_t j, Value y) { pixels.store(i, j, y); });
  }

  // A tile that reaches over the result's edge: written to scratch memory, then pixel by pixel what
  // is there of it.
  void border() {
    int64_t m = f_.m, lanes = f_.lanes, result = w_.scratch.result;
    f_.lines.outputs(
        f_.m, [&](int64_t i, int64_t j) { return load(i, j); },
        [&](int64_t i, int64_t j, Value y) {
          b_.store(y, {f_.scratch(result + (i * m + j) * lanes, b_.index(0))});
        });
    Value rows = b_.min(b_.index(m), b_.sub(b_.index(shape_[1]), at_.y));
    Value columns = b_.min(b_.index(m), b_.sub(b_.index(shape_[2]), at_.x));
    b_.loop(b_.index(0), rows, 1, [&](Value i) {
      b_.loop(b_.index(0), columns, 1, [&](Value j) {
        Value pixel = b_.add(b_.mul(i, b_.index(m)), j);
        Value y = b_.load(f_.vector, {f_.scratch(result, b_.mul(pixel, b_.index(lanes)))});
        Pixels pixels(f_, w_.conv.fused, {at_.n, b_.add(at_.y, i), b_.add(at_.x, j), channel_},
                      mask_);
        pixels.store(0, 0, y);
      });
    });
  }

  const WinogradFrame& f_;
  const Winograd& w_;
  Builder& b_;
  const WinogradPlace& at_;
  Value channel_, from_, mask_;
  const Shape& shape_;
};

}  // namespace

void emit_winograd_output(const WinogradFrame& f, const Winograd& w, const WinogradPlace& at,
                          Value channel, Value from) {
  OutputEmitter(f, w, at, channel, from).emit();
}

}  // namespace burin::lower
