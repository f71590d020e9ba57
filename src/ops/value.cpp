// The forms of Value that take more than one line.
#include "ops/value.h"

#include <algorithm>
#include <numeric>

namespace burin::ops {

Value Value::transpose(Dims perm) const {
  if (std::is_sorted(perm.begin(), perm.end())) return *this;
  return wrap(b_->transpose(id, std::move(perm)));
}

Value Value::slice(int64_t axis, int64_t begin, int64_t end, int64_t step) const {
  if (begin == 0 && end == dim(axis) && step == 1) return *this;
  Dims start(rank(), 0), limit = shape().dims(), stride(rank(), 1);
  auto a = static_cast<size_t>(axis);
  start[a] = begin, limit[a] = end, stride[a] = step;
  return wrap(b_->slice(id, std::move(start), std::move(limit), std::move(stride)));
}

Value Value::pad(int64_t axis, int64_t low, int64_t high, double value) const {
  if (low == 0 && high == 0) return *this;
  Dims lows(rank(), 0), highs(rank(), 0), interior(rank(), 0);
  lows[static_cast<size_t>(axis)] = low;
  highs[static_cast<size_t>(axis)] = high;
  return wrap(b_->pad(id, scalar(value), std::move(lows), std::move(highs), std::move(interior)));
}

Value Value::mean(const Dims& axes) const {
  int64_t count = 1;
  for (int64_t a : axes) count *= dim(a);
  return sum(axes) / static_cast<double>(count);
}

Value select(Value pred, Value on_true, Value on_false) {
  Shape common = graph::Builder::broadcast_shapes(on_true.shape(), on_false.shape());
  common = graph::Builder::broadcast_shapes(pred.shape(), common);
  NodeId p = pred.broadcast_to(common), t = on_true.broadcast_to(common);
  return pred.wrap(pred.builder().select(p, t, on_false.broadcast_to(common)));
}

namespace {

// x[..., m, n] broadcast to leading dims `batch`, which are then its first axes.
Value with_batch(Value x, const Shape& batch) {
  Dims dims = batch.dims();
  dims.push_back(x.shape()[x.rank() - 2]);
  dims.push_back(x.shape()[x.rank() - 1]);
  return x.broadcast_to(Shape(std::move(dims)));
}

Shape leading(const Value& x) { return Shape(x.dims(0, x.rank() - 2)); }

}  // namespace

Value matmul(Value a, Value b) {
  if (a.rank() == 0 || b.rank() == 0) throw graph::BuildError("matmul of a scalar");
  bool drop_row = a.rank() == 1, drop_column = b.rank() == 1;
  if (drop_row) a = a.reshape({1, a.dim(0)});
  if (drop_column) b = b.reshape({b.dim(0), 1});
  graph::DotAttr attr;
  if (b.rank() > 2) {
    Shape batch = graph::Builder::broadcast_shapes(leading(a), leading(b));
    a = with_batch(a, batch), b = with_batch(b, batch);
    attr.lhs_batch.resize(batch.rank());
    std::iota(attr.lhs_batch.begin(), attr.lhs_batch.end(), 0);
    attr.rhs_batch = attr.lhs_batch;
  }
  attr.lhs_contract = {static_cast<int64_t>(a.rank()) - 1};
  attr.rhs_contract = {static_cast<int64_t>(b.rank()) - 2};
  Value y = a.wrap(a.builder().dot_general(a, b, std::move(attr)));
  if (!drop_row && !drop_column) return y;
  Dims dims = y.dims();
  if (drop_column) dims.pop_back();
  if (drop_row) dims.erase(dims.end() - (drop_column ? 1 : 2));
  return y.reshape(std::move(dims));
}

}  // namespace burin::ops
