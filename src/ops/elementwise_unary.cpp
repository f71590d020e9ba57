// The unary elementwise primitives.
#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_numeric(const InferArgs& args) {
  check_numeric(args.op, args.operands[0]);
  return args.operands[0];
}

TensorType infer_float(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  if (!is_float(x.dtype)) refuse(args.op, fmt::format("is defined for floats, not {}", x.text()));
  return x;
}

TensorType infer_bits(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  if (is_float(x.dtype)) refuse(args.op, fmt::format("is not defined for {}", x.text()));
  return x;
}

TensorType infer_test(const InferArgs& args) { return {DType::pred, infer_float(args).shape}; }

#define X(name) const RegisterOp register_##name(Op::name, {.arity = 1, .infer = infer_numeric});
X(neg)
X(abs) X(sign)
#undef X

#define X(name) const RegisterOp register_##name(Op::name, {.arity = 1, .infer = infer_float});
    X(exp) X(expm1) X(log) X(log1p) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh)
        X(asinh) X(acosh) X(atanh) X(tanh) X(logistic) X(erf) X(sqrt) X(rsqrt) X(floor) X(ceil)
            X(round_nearest_even)
#undef X

                const RegisterOp register_not(Op::logical_not, {.arity = 1, .infer = infer_bits});
const RegisterOp register_is_nan(Op::is_nan, {.arity = 1, .infer = infer_test});
const RegisterOp register_is_inf(Op::is_inf, {.arity = 1, .infer = infer_test});

}  // namespace

}  // namespace burin::ops
