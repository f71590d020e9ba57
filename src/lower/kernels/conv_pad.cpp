// Rows copied with their padding written out, for windows so wide that skipping the taps outside
// would need too many variants of the register tile.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/conv.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

using loop::Builder;
using loop::Type;
using loop::Value;

namespace {

// One row of the input, [width, channels], into one of `padded` positions from -low on.
class RowCopy {
 public:
  RowCopy(Builder& b, const View& x, const Shape& shape, int64_t low, int64_t padded,
          uint16_t lanes)
      : b_(b), x_(x), channels_(shape[shape.rank() - 1]), lanes_(lanes) {
    int64_t width = shape[shape.rank() - 2];
    first_ = std::clamp<int64_t>(low, 0, padded);
    last_ = std::clamp<int64_t>(width + low, first_, padded);
    skipped_ = std::max<int64_t>(0, -low);
    padded_ = padded;
  }

  // `index` of the axes before the row; `to` is the element where it begins.
  void emit(std::vector<Value> index, Value to) {
    to_ = b_.offset({b_.pointer(1), to, kF32Bytes, 0});
    zeros(0, first_ * channels_);
    zeros(last_ * channels_, padded_ * channels_);
    index.resize(index.size() + 2);
    size_t axes = index.size();
    b_.loop(b_.index(first_), b_.index(last_), 1, [&](Value w) {
      index[axes - 2] = b_.add(w, b_.index(skipped_ - first_));
      each(0, channels_, x_.strides.back() == 1, [&](Value c, uint16_t lanes) {
        index[axes - 1] = c;
        Point point;
        point.index = index;
        point.lanes = lanes;
        point.lane_axis = lanes == 1 ? -1 : static_cast<int>(axes) - 1;
        Value at = b_.add(b_.mul(w, b_.index(channels_)), c);
        b_.store(emit_view_load(b_, x_, point, {}), {to_, at, kF32Bytes, 0});
      });
    });
  }

 private:
  // Calls `body` for [lo, hi), by vectors as far as they go.
  void each(int64_t lo, int64_t hi, bool vectors,
            const std::function<void(Value, uint16_t)>& body) {
    int64_t mid = vectors ? lo + (hi - lo) / lanes_ * lanes_ : lo;
    if (lo < mid) b_.loop(b_.index(lo), b_.index(mid), lanes_, [&](Value i) { body(i, lanes_); });
    if (mid < hi) b_.loop(b_.index(mid), b_.index(hi), 1, [&](Value i) { body(i, 1); });
  }

  void zeros(int64_t lo, int64_t hi) {
    each(lo, hi, true, [&](Value i, uint16_t lanes) {
      Type type{register_elem(x_.dtype), lanes};
      b_.store(b_.bits(type, 0), {to_, i, kF32Bytes, 0});
    });
  }

  Builder& b_;
  const View& x_;
  int64_t channels_, first_ = 0, last_ = 0, skipped_ = 0, padded_ = 0;
  uint16_t lanes_;
  Value to_;
};

}  // namespace

void write_out_padding(const DenseJob& job, Conv& c, DenseKernels& kernels) {
  size_t last = c.window.size() - 1;
  int64_t padded =
      (c.fused.shape[last + 1] - 1) * c.stride[last] + (c.window[last] - 1) * c.dilation[last] + 1;
  Dims dims = {c.fused.shape[0]};
  dims.insert(dims.end(), c.input.begin(), c.input.end());
  dims.push_back(operand_shape(job, 0)[dims.size()]);
  Shape shape(dims);
  int64_t rows = shape.elements(0, last + 1), block = ceil_div(rows, kMostCopyTiles);
  int64_t row_elements = padded * dims.back();

  Builder b("pad", 2);
  View from = c.x;
  from.pointer = 0;
  RowCopy copy(b, from, shape, c.low[last], padded, job.machine->lanes(loop::Elem::f32));
  Value first = b.mul(b.tile(), b.index(block));
  b.loop(first, b.min(b.add(first, b.index(block)), b.index(rows)), 1, [&](Value row) {
    std::vector<Value> index(last + 1);
    Value rest = row;
    for (size_t i = last + 1; i-- > 0;) {
      index[i] = b.rem(rest, b.index(dims[i]));
      rest = b.div(rest, b.index(dims[i]));
    }
    copy.emit(std::move(index), b.mul(row, b.index(row_elements)));
  });
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = ceil_div(rows, block);
  int scratch = job.pointers + static_cast<int>(kernels.extras.size());
  stage.uses = {c.x.pointer, scratch};
  stage.writes = {false, true};
  kernels.extras.push_back({rows * row_elements * kF32Bytes, {}});
  kernels.stages.push_back(std::move(stage));

  dims[last + 1] = padded;
  c.x = {scratch, c.x.dtype, 0, Shape(dims).strides()};
  c.input[last] = padded;
  c.low[last] = 0;
}

}  // namespace burin::lower
