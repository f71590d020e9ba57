// Softmax, LogSoftmax, Hardmax. Before opset 13 they see a matrix: all axes from `axis` on are
// one.
#include "ops/onnx_softmax.h"
#include "ops/onnx_util.h"

namespace burin::ops {

// exp(x - max) / sum(exp(x - max))
Value softmax(Value x, int64_t axis) {
  Value e = exp(x - x.max({axis}));
  return e / e.sum({axis});
}

// x - max - log(sum(exp(x - max)))
Value log_softmax(Value x, int64_t axis) {
  Value shifted = x - x.max({axis});
  return shifted - log(exp(shifted).sum({axis}));
}

namespace {

// 1 at the first maximum, else 0
Value hardmax(Value x, int64_t axis) {
  auto size = static_cast<double>(x.dim(axis));
  Value at = x.iota(axis, DType::i32);
  Value hit = select(eq(x, x.max({axis})), at, size);
  return eq(at, hit.reduce_keep(ReduceKind::min, {axis})).to(x.dtype());
}

template <Value (*along)(Value, int64_t)>
void build_along_axis(OpContext& c) {
  Value x = input(c, 0);
  if (c.opset >= 13) {
    int64_t axis = c.attr_int("axis", -1);
    c.set_output(0, along(x, OpContext::axis(axis, x.rank())));
    return;
  }
  auto split = static_cast<size_t>(OpContext::axis(c.attr_int("axis", 1), x.rank()));
  Dims dims = x.dims();
  bool single = split + 1 == x.rank();
  Value matrix =
      single ? x : x.reshape({x.shape().elements(0, split), x.shape().elements(split, x.rank())});
  Value y = along(matrix, single ? static_cast<int64_t>(split) : 1);
  c.set_output(0, y.reshape(std::move(dims)));
}
BURIN_ONNX_OP(Softmax, 1, build_along_axis<softmax>);
BURIN_ONNX_OP(LogSoftmax, 1, build_along_axis<log_softmax>);
BURIN_ONNX_OP(Hardmax, 1, build_along_axis<hardmax>);

}  // namespace

}  // namespace burin::ops
