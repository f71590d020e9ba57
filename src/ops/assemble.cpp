// Primitives that put tensors together: pad and concatenate.
#include "ops/rules.h"

namespace burin::ops {

namespace {

// out.dim = low + d + (d-1)*interior + high, without the middle term for d = 0
TensorType infer_pad(const InferArgs& args) {
  const auto& [low, high, interior] = attr_of<graph::PadAttr>(args);
  const TensorType &x = args.operands[0], &value = args.operands[1];
  check_same_dtype(args.op, x, value);
  if (value.shape.rank() != 0) {
    refuse(args.op, fmt::format("the padding is {}, not a scalar", value.text()));
  }
  check_count(args.op, "low", low, x.shape.rank());
  check_count(args.op, "high", high, x.shape.rank());
  check_count(args.op, "interior", interior, x.shape.rank());
  check_least(args.op, "low", low, 0);
  check_least(args.op, "high", high, 0);
  check_least(args.op, "interior", interior, 0);
  Dims out(x.shape.rank());
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t gaps = x.shape[i] > 0 ? size_mul(args.op, x.shape[i] - 1, interior[i]) : 0;
    int64_t spread = size_add(args.op, x.shape[i], gaps);
    out[i] = size_add(args.op, size_add(args.op, low[i], high[i]), spread);
  }
  return {x.dtype, Shape(std::move(out))};
}

TensorType infer_concatenate(const InferArgs& args) {
  const TensorType& first = args.operands[0];
  int64_t axis = attr_of<graph::AxisAttr>(args).axis;
  check_axis(args.op, axis, first.shape.rank());
  Dims out = first.shape.dims();
  for (const TensorType& x : args.operands.subspan(1)) {
    check_same_dtype(args.op, first, x);
    bool same = x.shape.rank() == first.shape.rank();
    for (size_t i = 0; same && i < out.size(); ++i) {
      same = static_cast<int64_t>(i) == axis || x.shape[i] == out[i];
    }
    if (!same) {
      refuse(args.op,
             fmt::format("{} and {} do not join along axis {}", first.text(), x.text(), axis));
    }
    int64_t& joined = out[static_cast<size_t>(axis)];
    joined = size_add(args.op, joined, x.shape[static_cast<size_t>(axis)]);
  }
  return {first.dtype, Shape(std::move(out))};
}

const RegisterOp register_pad(Op::pad, {.arity = 2, .infer = infer_pad});
const RegisterOp register_concatenate(Op::concatenate, {.arity = -1, .infer = infer_concatenate});

}  // namespace

}  // namespace burin::ops
