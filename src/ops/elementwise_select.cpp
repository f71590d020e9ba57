// The elementwise primitives of three operands, select and clamp, and convert.
#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_select(const InferArgs& args) {
  const TensorType &pred = args.operands[0], &a = args.operands[1], &b = args.operands[2];
  if (pred.dtype != DType::pred) refuse(args.op, "selects by " + pred.text() + ", not by pred");
  if (a != b) refuse(args.op, fmt::format("cases {} and {} differ", a.text(), b.text()));
  if (pred.shape != a.shape) {
    refuse(args.op, fmt::format("selects {} by {}", a.text(), pred.text()));
  }
  return a;
}

// clamp(low, x, high) = min(max(x, low), high)
TensorType infer_clamp(const InferArgs& args) {
  const TensorType &low = args.operands[0], &x = args.operands[1], &high = args.operands[2];
  if (low != x || high != x) {
    refuse(args.op, fmt::format("{} is clamped by {} and {}", x.text(), low.text(), high.text()));
  }
  check_numeric(args.op, x);
  return x;
}

TensorType infer_convert(const InferArgs& args) {
  if (args.wanted.shape != args.operands[0].shape) {
    refuse(args.op, fmt::format("turns {} into {}", args.operands[0].text(), args.wanted.text()));
  }
  return args.wanted;
}

const RegisterOp register_select(Op::select, {.arity = 3, .infer = infer_select});
const RegisterOp register_clamp(Op::clamp, {.arity = 3, .infer = infer_clamp});
const RegisterOp register_convert(Op::convert, {.arity = 1, .infer = infer_convert});

}  // namespace

}  // namespace burin::ops
