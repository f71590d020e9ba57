// The elementwise primitives of three operands, select and clamp, and convert.
#include <algorithm>

#include "ops/evaluate.h"

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

Array eval_select(const EvalArgs& args) {
  const Array &pred = *args.operands[0], &x = *args.operands[1], &y = *args.operands[2];
  Array out = make_array(args.node.type);
  for (size_t n = 0; n < out.f.size(); ++n) out.f[n] = pred.i[n] ? x.f[n] : y.f[n];
  for (size_t n = 0; n < out.i.size(); ++n) out.i[n] = pred.i[n] ? x.i[n] : y.i[n];
  return out;
}

// NaN in any of the three gives NaN.
template <class T>
T clamped(T low, T x, T high) {
  if (low != low) return low;
  if (x != x || high != high) return x != x ? x : high;
  return std::min(std::max(x, low), high);
}

Array eval_clamp(const EvalArgs& args) {
  const Array &low = *args.operands[0], &x = *args.operands[1], &high = *args.operands[2];
  Array out = make_array(args.node.type);
  visit_evaluated(out.type.dtype, [&](auto t) {
    using T = decltype(t);
    auto& to = out.values<T>();
    for (size_t n = 0; n < to.size(); ++n) {
      to[n] = clamped<T>(static_cast<T>(low.values<T>()[n]), static_cast<T>(x.values<T>()[n]),
                         static_cast<T>(high.values<T>()[n]));
    }
  });
  return out;
}

// Rounds to a float dtype, truncates and saturates to an integer, wraps from integer to integer;
// to pred, what is not zero is true.
Array eval_convert(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  DType to = args.node.type.dtype;
  Array out = make_array(args.node.type);
  visit_evaluated(x.type.dtype, [&](auto t) {
    using T = decltype(t);
    const auto& from = x.values<T>();
    for (size_t n = 0; n < from.size(); ++n) {
      T value = static_cast<T>(from[n]);
      if (is_float(to))
        out.f[n] = graph::round_to(to, static_cast<double>(value));
      else if (to == DType::pred)
        out.i[n] = value != 0;
      else if constexpr (std::is_floating_point_v<T>)
        out.i[n] = graph::saturate_to(to, value);
      else
        out.i[n] = graph::wrap_to(to, static_cast<int64_t>(value));
    }
  });
  return out;
}

const RegisterOp register_select(Op::select,
                                 {.arity = 3, .infer = infer_select, .eval = eval_select});
const RegisterOp register_clamp(Op::clamp, {.arity = 3, .infer = infer_clamp, .eval = eval_clamp});
const RegisterOp register_convert(Op::convert,
                                  {.arity = 1, .infer = infer_convert, .eval = eval_convert});

}  // namespace

}  // namespace burin::ops
