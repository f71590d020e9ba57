// convolution: channels last, any of 1 to 3 spatial axes, groups, strides, dilations of both
// sides, and padding that may crop.
#include "ops/evaluate.h"

namespace burin::ops {

namespace {

void check_conv_attr(Op op, const graph::ConvAttr& attr, size_t spatial) {
  const std::pair<const char*, const Dims*> fields[] = {
      {"stride", &attr.stride}, {"x_dilation", &attr.x_dilation}, {"w_dilation", &attr.w_dilation}};
  for (const auto& [name, entries] : fields) {
    check_count(op, name, *entries, spatial);
    check_range(op, name, *entries, 1);
  }
  check_count(op, "low", attr.low, spatial);
  check_count(op, "high", attr.high, spatial);
  check_range(op, "low", attr.low, -kMaxElements);
  check_range(op, "high", attr.high, -kMaxElements);
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

// The convolution as sums of matrix products: for each tap of the window and each run of result
// pixels along the innermost spatial axis, pixels x channels times channels x output channels.
template <class T>
class Convolution {
 public:
  Convolution(const EvalArgs& args, const T* x, const T* w, T* out)
      : attr_(std::get<graph::ConvAttr>(args.node.attr)),
        x_shape_(args.operands[0]->type.shape),
        w_shape_(args.operands[1]->type.shape),
        out_shape_(args.node.type.shape),
        spatial_(x_shape_.rank() - 2),
        x_(x),
        w_(w),
        out_(out) {}

  void run() {
    for (int64_t image = 0; image < x_shape_[0]; ++image) at_axis(0, image, 0, image);
  }

 private:
  // The operand's position under tap `tap` of result position `o`; -1 where there is none: in the
  // padding, outside a crop, or between the elements that x_dilation spreads.
  int64_t position(size_t axis, int64_t o, int64_t tap) const {
    int64_t p = o * attr_.stride[axis] + tap * attr_.w_dilation[axis] - attr_.low[axis];
    if (p < 0 || p % attr_.x_dilation[axis] != 0) return -1;
    p /= attr_.x_dilation[axis];
    return p < x_shape_[axis + 1] ? p : -1;
  }

  // Goes through the result positions and taps of the outer spatial axes; the arguments are the
  // row-major indices of the pixels, and of the taps, down to `axis`.
  void at_axis(size_t axis, int64_t x_pixel, int64_t tap_index, int64_t out_pixel) {
    int64_t count = out_shape_[axis + 1], taps = w_shape_[axis];
    if (axis + 1 == spatial_) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        add_tap(tap, x_pixel * x_shape_[axis + 1], tap_index * taps + tap, out_pixel * count);
      }
      return;
    }
    for (int64_t o = 0; o < count; ++o) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t p = position(axis, o, tap);
        if (p < 0) continue;
        at_axis(axis + 1, x_pixel * x_shape_[axis + 1] + p, tap_index * taps + tap,
                out_pixel * count + o);
      }
    }
  }

  // Adds one tap's share to a row of result pixels, run by run of pixels that all have an operand.
  void add_tap(int64_t tap, int64_t x_row, int64_t tap_index, int64_t out_row) {
    size_t axis = spatial_ - 1;
    int64_t count = out_shape_[axis + 1];
    int64_t run_limit = attr_.x_dilation[axis] == 1 ? count : 1;
    for (int64_t o = 0; o < count; ++o) {
      int64_t p = position(axis, o, tap);
      if (p < 0) continue;
      int64_t length = 1;
      while (length < run_limit && o + length < count && position(axis, o + length, tap) >= 0) {
        ++length;
      }
      add_run(x_row + p, tap_index, out_row + o, length);
      o += length - 1;
    }
  }

  void add_run(int64_t x_pixel, int64_t tap_index, int64_t out_pixel, int64_t length) {
    int64_t channels = x_shape_.dims().back(), per_group = w_shape_[spatial_];
    int64_t outputs = out_shape_.dims().back(), group_outputs = outputs / attr_.groups;
    for (int64_t group = 0; group < attr_.groups; ++group) {
      multiply_add({.a = x_ + x_pixel * channels + group * per_group,
                    .a_row = length > 1 ? attr_.stride[spatial_ - 1] * channels : 0,
                    .a_column = 1,
                    .b = w_ + tap_index * per_group * outputs + group * group_outputs,
                    .b_row = outputs,
                    .c = out_ + out_pixel * outputs + group * group_outputs,
                    .c_row = outputs,
                    .m = length,
                    .n = group_outputs,
                    .k = per_group});
    }
  }

  const graph::ConvAttr& attr_;
  const Shape &x_shape_, &w_shape_, &out_shape_;
  size_t spatial_;
  const T *x_, *w_;
  T* out_;
};

Array eval_convolution(const EvalArgs& args) {
  const Array &x = *args.operands[0], &w = *args.operands[1];
  Array out = make_array(args.node.type);
  if (out.type.shape.elements() == 0) return out;
  if (is_float(x.type.dtype)) {
    Convolution<double>(args, x.f.data(), w.f.data(), out.f.data()).run();
    return out;
  }
  Convolution<uint64_t>(args, unsigned_data(x), unsigned_data(w), unsigned_data(out)).run();
  wrap_values(out);
  return out;
}

const RegisterOp register_convolution(Op::convolution, {.arity = 2,
                                                        .infer = infer_convolution,
                                                        .eval = eval_convolution});

}  // namespace

}  // namespace burin::ops
