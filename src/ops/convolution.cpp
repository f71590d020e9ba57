// convolution: channels last, any of 1 to 3 spatial axes, groups, strides, dilations of both
// sides, and padding that may crop.
#include "ops/rules.h"

namespace burin::ops {

namespace {

void check_conv_attr(Op op, const graph::ConvAttr& attr, size_t spatial) {
  const std::pair<const char*, const Dims*> fields[] = {
      {"stride", &attr.stride}, {"x_dilation", &attr.x_dilation}, {"w_dilation", &attr.w_dilation}};
  for (const auto& [name, entries] : fields) {
    check_count(op, name, *entries, spatial);
    check_least(op, name, *entries, 1);
  }
  check_count(op, "low", attr.low, spatial);
  check_count(op, "high", attr.high, spatial);
  if (attr.groups < 1) refuse(op, fmt::format("has {} groups", attr.groups));
}

void check_channels(Op op, const TensorType& x, const TensorType& w, int64_t groups) {
  size_t rank = x.shape.rank();
  int64_t channels = x.shape[rank - 1];
  int64_t per_group = w.shape[rank - 2];
  if (size_mul(op, per_group, groups) != channels) {
    refuse(op, fmt::format("{} has {} channels, but the weights {} read {} in each of {} groups",
                           x.text(), channels, w.text(), per_group, groups));
  }
  if (w.shape[rank - 1] % groups != 0) {
    refuse(op, fmt::format("{} output channels do not divide into {} groups", w.shape[rank - 1],
                           groups));
  }
}

// x[N, spatial..., C] * w[spatial..., C/groups, O] -> [N, spatial..., O], where the result's
// spatial sizes are those of a window over x spread by x_dilation and padded by low and high.
TensorType infer_convolution(const InferArgs& args) {
  const auto& attr = attr_of<graph::ConvAttr>(args);
  const TensorType &x = args.operands[0], &w = args.operands[1];
  size_t rank = x.shape.rank();
  check_same_dtype(args.op, x, w);
  check_numeric(args.op, x);
  if (rank < 3 || rank > 5 || w.shape.rank() != rank) {
    refuse(args.op, fmt::format("of {} and {}: wants x[N,spatial,C] and w[spatial,C/groups,O] "
                                "with 1 to 3 spatial axes",
                                x.text(), w.text()));
  }
  size_t spatial = rank - 2;
  check_conv_attr(args.op, attr, spatial);
  check_channels(args.op, x, w, attr.groups);
  Dims out(rank);
  out[0] = x.shape[0];
  out[rank - 1] = w.shape[rank - 1];
  for (size_t i = 0; i < spatial; ++i) {
    int64_t size = x.shape[i + 1];
    if (w.shape[i] < 1) refuse(args.op, fmt::format("the weights {} are empty", w.text()));
    int64_t spread = 0;
    if (size > 0) spread = size_add(args.op, size_mul(args.op, size - 1, attr.x_dilation[i]), 1);
    int64_t padded = size_add(args.op, size_add(args.op, spread, attr.low[i]), attr.high[i]);
    out[i + 1] =
        window_positions(args.op, size, padded, w.shape[i], attr.w_dilation[i], attr.stride[i]);
  }
  return {x.dtype, Shape(std::move(out))};
}

const RegisterOp register_convolution(Op::convolution, {.arity = 2, .infer = infer_convolution});

}  // namespace

}  // namespace burin::ops
