// TopK and CumSum, and the triangles of Trilu.
#include <algorithm>

#include "ops/onnx_index.h"

namespace burin::ops {

namespace {

void build_top_k(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", -1), x.rank());
  Ints count = c.opset >= 10 ? c.ints_input(1) : Ints{c.attr_int("k")};
  if (count.size() != 1 || count[0] < 0 || count[0] > x.dim(axis)) {
    refuse("K is outside the axis of size " + std::to_string(x.dim(axis)));
  }
  bool descending = c.attr_int("largest", 1) != 0;
  Value order = x.wrap(c.b.argsort(x, axis, descending)).slice(axis, 0, count[0]);
  set(c, 0, take_along(x, order, axis));
  set(c, 1, order);
}
BURIN_ONNX_OP(TopK, 1, build_top_k);

// Prefix sums by doubling: after step k each element holds the sum of the 2^k before and with it.
void build_cum_sum(OpContext& c) {
  Value x = input(c, 0);
  Ints given = c.ints_input(1);
  if (given.size() != 1) refuse("axis must be a scalar");
  int64_t axis = OpContext::axis(given[0], x.rank()), size = x.dim(axis);
  bool reverse = c.attr_int("reverse", 0) != 0;
  // Moved by n places along the sum's direction, zeros coming in.
  auto moved = [&](Value v, int64_t n) {
    return reverse ? v.slice(axis, n, size).pad(axis, 0, n)
                   : v.slice(axis, 0, size - n).pad(axis, n, 0);
  };
  Value sum = c.attr_int("exclusive", 0) && size > 0 ? moved(x, 1) : x;
  for (int64_t n = 1; n < size; n *= 2) sum = sum + moved(sum, n);
  c.set_output(0, sum);
}
BURIN_ONNX_OP(CumSum, 11, build_cum_sum);

// The upper (column >= row + k) or lower (column <= row + k) triangle, else zero.
void build_trilu(OpContext& c) {
  Value x = input(c, 0);
  if (x.rank() < 2) refuse("Trilu needs a matrix, not " + x.type().text());
  double k = std::clamp(known_scalar(c, 1).value_or(0), -0x1p30, 0x1p30);
  auto last = static_cast<int64_t>(x.rank()) - 1;
  Value row = x.iota(last - 1, DType::i32) + k, column = x.iota(last, DType::i32);
  c.set_output(0, select(c.attr_int("upper", 1) ? column >= row : column <= row, x, 0.0));
}
BURIN_ONNX_OP(Trilu, 14, build_trilu);

}  // namespace

}  // namespace burin::ops
