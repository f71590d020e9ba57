// Primitives that put tensors together: pad and concatenate.
#include "ops/evaluate.h"

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
  check_range(args.op, "low", low, 0);
  check_range(args.op, "high", high, 0);
  check_range(args.op, "interior", interior, 0);
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

// Writes x into `out`, its element d at offset + sum(d[i] * strides[i]).
void place(const Array& x, Array& out, int64_t offset, const Dims& strides) {
  int64_t length = row_length(x.type.shape), stride = row_stride(strides);
  auto copy = [&](const auto& from, auto& to) {
    auto next = from.begin();
    for_each_row<1>(x.type.shape, {offset}, {strides}, [&](std::array<int64_t, 1> at) {
      for (int64_t n = 0; n < length; ++n) to[static_cast<size_t>(at[0] + n * stride)] = *next++;
    });
  };
  if (is_float(x.type.dtype))
    copy(x.f, out.f);
  else
    copy(x.i, out.i);
}

Array eval_pad(const EvalArgs& args) {
  const Array &x = *args.operands[0], &value = *args.operands[1];
  const auto& attr = std::get<graph::PadAttr>(args.node.attr);
  Array out = make_array(args.node.type);
  if (is_float(x.type.dtype))
    out.f.assign(out.f.size(), value.f[0]);
  else
    out.i.assign(out.i.size(), value.i[0]);
  if (x.type.shape.elements() == 0) return out;
  Dims strides = out.type.shape.strides();
  int64_t offset = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    offset += attr.low[i] * strides[i];
    strides[i] = x.type.shape[i] > 1 ? strides[i] * (attr.interior[i] + 1) : 0;
  }
  place(x, out, offset, strides);
  return out;
}

Array eval_concatenate(const EvalArgs& args) {
  auto axis = static_cast<size_t>(std::get<graph::AxisAttr>(args.node.attr).axis);
  Array out = make_array(args.node.type);
  Dims strides = out.type.shape.strides();
  int64_t offset = 0;
  for (const Array* x : args.operands) {
    place(*x, out, offset, strides);
    offset += x->type.shape[axis] * strides[axis];
  }
  return out;
}

const RegisterOp register_pad(Op::pad, {.arity = 2, .infer = infer_pad, .eval = eval_pad});
const RegisterOp register_concatenate(Op::concatenate, {.arity = -1,
                                                        .infer = infer_concatenate,
                                                        .eval = eval_concatenate});

}  // namespace

}  // namespace burin::ops
