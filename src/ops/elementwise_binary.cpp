// The binary elementwise primitives: arithmetic, bits and comparisons.
#include "ops/rules.h"

namespace burin::ops {

namespace {

const TensorType& infer_same(const InferArgs& args) {
  const TensorType& a = args.operands[0];
  const TensorType& b = args.operands[1];
  if (a != b) refuse(args.op, fmt::format("operands {} and {} differ", a.text(), b.text()));
  return a;
}

TensorType infer_arithmetic(const InferArgs& args) {
  check_numeric(args.op, infer_same(args));
  return args.operands[0];
}

TensorType infer_bits(const InferArgs& args) {
  const TensorType& a = infer_same(args);
  if (is_float(a.dtype)) refuse(args.op, fmt::format("is not defined for {}", a.text()));
  return a;
}

TensorType infer_shift(const InferArgs& args) {
  check_numeric(args.op, infer_bits(args));
  return args.operands[0];
}

TensorType infer_equality(const InferArgs& args) { return {DType::pred, infer_same(args).shape}; }

TensorType infer_order(const InferArgs& args) {
  return {DType::pred, infer_arithmetic(args).shape};
}

#define X(name, rule) const RegisterOp register_##name(Op::name, {.arity = 2, .infer = rule});
X(add, infer_arithmetic)
X(sub, infer_arithmetic)
X(mul, infer_arithmetic)
X(div, infer_arithmetic)
X(rem, infer_arithmetic)
X(max, infer_arithmetic)
X(min, infer_arithmetic)
X(pow, infer_arithmetic)
X(bit_and, infer_bits)
X(bit_or, infer_bits)
X(bit_xor, infer_bits)
X(shift_left, infer_shift)
X(shift_right, infer_shift)
X(eq, infer_equality)
X(ne, infer_equality)
X(lt, infer_order)
X(le, infer_order)
X(gt, infer_order)
X(ge, infer_order)
#undef X

}  // namespace

}  // namespace burin::ops
