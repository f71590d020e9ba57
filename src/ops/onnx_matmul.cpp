// MatMul, Gemm and com.microsoft's FusedMatMul over dot_general.
#include <numeric>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

Value scaled(Value x, float by) { return by == 1.0f ? x : x * static_cast<double>(by); }

void build_matmul(OpContext& c) { c.set_output(0, matmul(input(c, 0), input(c, 1))); }
BURIN_ONNX_OP(MatMul, 1, build_matmul);

// alpha * A' * B' + beta * C; beta falls on the smaller operand, alpha on the product
void build_gemm(OpContext& c) {
  Value a = input(c, 0), b = input(c, 1);
  if (a.rank() != 2 || b.rank() != 2) refuse("Gemm needs two matrices");
  graph::DotAttr attr;
  attr.lhs_contract = {c.attr_int("transA", 0) ? 0 : 1};
  attr.rhs_contract = {c.attr_int("transB", 0) ? 1 : 0};
  Value y = scaled(a.wrap(c.b.dot_general(a, b, std::move(attr))), c.attr_float("alpha", 1));
  if (c.has_input(2)) {
    Value bias = scaled(input(c, 2), c.attr_float("beta", 1)).broadcast_to(y.shape());
    y = y + bias;
  }
  c.set_output(0, y);
}
BURIN_ONNX_OP(Gemm, 1, build_gemm);

Value swap_last_two(Value x) {
  if (x.rank() < 2) return x;
  Ints perm = range(0, static_cast<int64_t>(x.rank()));
  std::swap(perm[x.rank() - 1], perm[x.rank() - 2]);
  return x.transpose(perm);
}

void build_fused_matmul(OpContext& c) {
  Value a = input(c, 0), b = input(c, 1);
  if (c.attr_int("transBatchA", 0) || c.attr_int("transBatchB", 0)) {
    refuse("transBatchA and transBatchB are not supported");
  }
  if (c.attr_int("transA", 0)) a = swap_last_two(a);
  if (c.attr_int("transB", 0)) b = swap_last_two(b);
  c.set_output(0, scaled(matmul(a, b), c.attr_float("alpha", 1)));
}
BURIN_ONNX_OP_IN("com.microsoft", FusedMatMul, 1, build_fused_matmul);

}  // namespace

}  // namespace burin::ops
