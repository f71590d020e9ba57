// The Reduce ops (axes as attribute before opset 13 or 18, as input since), ArgMax and ArgMin:
// one row each.
#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// nullopt: noop_with_empty_axes holds and there are no axes.
std::optional<Ints> reduce_axes(OpContext& c, const Value& x) {
  Ints axes = ints_at(c, "axes", 1).value_or(Ints{});
  if (!axes.empty()) return normal_axes(axes, x.rank());
  if (c.attr_int("noop_with_empty_axes", 0)) return std::nullopt;
  return range(0, static_cast<int64_t>(x.rank()));
}

Value all_true_or_any(Value x, const Ints& axes, ReduceKind kind) {
  if (x.dtype() != DType::pred) return x.reduce_keep(kind, axes);
  return ne(x.to(DType::u8).reduce_keep(kind, axes), 0.0);
}

// m + log(sum(exp(x - m))), m the maximum, where it is finite
Value log_sum_exp(Value x, const Ints& axes) {
  Value peak = x.max(axes);
  Value m = select(is_inf(peak), 0.0, peak);
  return log(exp(x - m).sum(axes)) + m;
}

}  // namespace

// type, formula in x and the axes, which are kept with size 1
#define BURIN_ONNX_REDUCE_OPS(X)                          \
  X(ReduceL1, abs(x).sum(axes))                           \
  X(ReduceL2, sqrt(mul(x, x).sum(axes)))                  \
  X(ReduceLogSum, log(x.sum(axes)))                       \
  X(ReduceLogSumExp, log_sum_exp(x, axes))                \
  X(ReduceMax, all_true_or_any(x, axes, ReduceKind::max)) \
  X(ReduceMean, x.mean(axes))                             \
  X(ReduceMin, all_true_or_any(x, axes, ReduceKind::min)) \
  X(ReduceProd, x.reduce_keep(ReduceKind::prod, axes))    \
  X(ReduceSum, x.sum(axes))                               \
  X(ReduceSumSquare, mul(x, x).sum(axes))

#define X(type, formula)                                                          \
  static void build_##type(OpContext& c) {                                        \
    Value x = input(c, 0);                                                        \
    std::optional<Ints> given = reduce_axes(c, x);                                \
    if (!given) return c.set_output(0, x);                                        \
    const Ints& axes = *given;                                                    \
    Value kept = formula;                                                         \
    c.set_output(0, c.attr_int("keepdims", 1) ? kept : without_axes(kept, axes)); \
  }                                                                               \
  BURIN_ONNX_OP(type, 1, build_##type);
BURIN_ONNX_REDUCE_OPS(X)
#undef X

namespace {

// The first (or last) position of the extreme value; a NaN counts as the extreme.
void build_arg_extreme(OpContext& c, ReduceKind kind) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", 0), x.rank()), size = x.dim(axis);
  if (size == 0) refuse("the axis has no elements");
  bool last = c.attr_int("select_last_index", 0) != 0;
  Value hit = eq(x, x.reduce_keep(kind, {axis}));
  if (is_float(x.dtype())) hit = hit | is_nan(x);
  Value at = x.iota(axis, DType::i32);
  Value found =
      last ? select(hit, at, -1.0).reduce_keep(ReduceKind::max, {axis})
           : select(hit, at, static_cast<double>(size)).reduce_keep(ReduceKind::min, {axis});
  found = found.to(DType::i64);
  c.set_output(0, c.attr_int("keepdims", 1) ? found : without_axes(found, {axis}));
}
void build_arg_max(OpContext& c) { build_arg_extreme(c, ReduceKind::max); }
void build_arg_min(OpContext& c) { build_arg_extreme(c, ReduceKind::min); }
BURIN_ONNX_OP(ArgMax, 1, build_arg_max);
BURIN_ONNX_OP(ArgMin, 1, build_arg_min);

}  // namespace

}  // namespace burin::ops
