// Conv, ConvTranspose and ConvInteger over the channels-last convolution primitive: transposes
// around it, which the layout pass cancels. A transposed convolution is one over an input with
// zeros between its elements (x_dilation), with the weights mirrored.
#include "ops/onnx_conv.h"

#include <algorithm>

namespace burin::ops {

Value convolve(OpContext& c, Value x, Value w) {
  if (w.rank() != x.rank()) refuse("input and weights differ in rank");
  int64_t groups = c.attr_int("group", 1);
  if (groups < 1 || x.dim(1) != product(w.dim(1), groups) || w.dim(0) % groups != 0) {
    refuse("the channels " + std::to_string(x.dim(1)) + " do not match the weights " +
           w.shape().text() + " in " + std::to_string(groups) + " groups");
  }
  Dims kernel = spatial_dims(w.shape());
  if (c.has_attr("kernel_shape") && c.attr_ints("kernel_shape") != kernel) {
    refuse("kernel_shape is not the shape of the weights");
  }
  Window window = read_window(c, spatial_dims(x.shape()), kernel);
  graph::ConvAttr attr{.stride = window.stride,
                       .low = window.low,
                       .high = window.high,
                       .x_dilation = Dims(kernel.size(), 1),
                       .w_dilation = window.dilation,
                       .groups = groups};
  // O, I, spatial -> spatial, I, O
  Ints perm = range(2, static_cast<int64_t>(w.rank()));
  perm.push_back(1), perm.push_back(0);
  return x.wrap(c.b.convolution(to_channels_last(x), w.transpose(perm), std::move(attr)));
}

namespace {

// y[..., O] + bias[O], back to channels first
Value finish(OpContext& c, Value y) {
  if (c.has_input(2)) {
    Value bias = input(c, 2);
    if (bias.rank() != 1 || bias.dim(0) != y.dim(static_cast<int64_t>(y.rank()) - 1)) {
      refuse("the bias " + bias.type().text() + " does not match the output channels");
    }
    y = y + bias;
  }
  return to_channels_first(y);
}

void build_conv(OpContext& c) { c.set_output(0, finish(c, convolve(c, input(c, 0), input(c, 1)))); }
BURIN_ONNX_OP(Conv, 1, build_conv);

// I, O/groups, spatial -> mirrored spatial, I/groups, O
Value transposed_weights(Value w, int64_t groups, const Dims& kernel) {
  auto rank = static_cast<int64_t>(w.rank());
  int64_t in = w.dim(0) / groups, out = w.dim(1);
  Dims grouped = {groups, in, out};
  grouped.insert(grouped.end(), kernel.begin(), kernel.end());
  Ints perm = range(3, rank + 1);
  perm.insert(perm.end(), {1, 0, 2});
  Dims dims = kernel;
  dims.push_back(in), dims.push_back(out * groups);
  return w.reshape(grouped).transpose(perm).reshape(dims).reverse(range(0, rank - 2));
}

// The padding and, through `extra`, the part of the output that no window covers.
void resolve_transposed(OpContext& c, Window& w, const Dims& spatial, const Ints& extra) {
  Ints pads = attr_per_axis(c, "pads", 2 * w.rank(), 0), wanted = c.attr_ints("output_shape");
  std::string auto_pad = c.attr_string("auto_pad", "NOTSET");
  bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (wanted.size() == w.rank() + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty() && wanted.size() != w.rank()) refuse("output_shape has a wrong rank");
  for (size_t a = 0; a < w.rank(); ++a) {
    int64_t full = product(w.stride[a], spatial[a] - 1) + extra[a] + w.extent(a);
    if (!wanted.empty() || same) {
      int64_t total = full - (wanted.empty() ? product(spatial[a], w.stride[a]) : wanted[a]);
      int64_t padding = std::max<int64_t>(total, 0);
      w.low[a] = auto_pad == "SAME_UPPER" ? padding / 2 : padding - padding / 2;
      w.high[a] = total - w.low[a];
    } else if (auto_pad != "VALID") {
      w.low[a] = pads[a], w.high[a] = pads[a + w.rank()];
    }
    w.out[a] = full - w.low[a] - w.high[a];
    if (w.out[a] < 1) refuse("the padding leaves no output");
  }
}

void build_conv_transpose(OpContext& c) {
  Value x = input(c, 0), w = input(c, 1);
  Dims spatial = spatial_dims(x.shape()), kernel = spatial_dims(w.shape());
  int64_t groups = c.attr_int("group", 1);
  if (w.rank() != x.rank() || groups < 1 || x.dim(1) != w.dim(0) || w.dim(0) % groups != 0) {
    refuse("the input " + x.type().text() + " does not match the weights " + w.shape().text());
  }
  Window window = read_window_steps(c, kernel);
  Ints extra = attr_per_axis(c, "output_padding", kernel.size(), 0);
  resolve_transposed(c, window, spatial, extra);
  graph::ConvAttr attr{.stride = Dims(kernel.size(), 1),
                       .low = Dims(kernel.size()),
                       .high = Dims(kernel.size()),
                       .x_dilation = window.stride,
                       .w_dilation = window.dilation,
                       .groups = groups};
  for (size_t a = 0; a < kernel.size(); ++a) {
    attr.low[a] = window.extent(a) - 1 - window.low[a];
    attr.high[a] = window.extent(a) - 1 - window.high[a] + extra[a];
  }
  Value mirrored = transposed_weights(w, groups, kernel);
  c.set_output(0, finish(c, x.wrap(c.b.convolution(to_channels_last(x), mirrored, attr))));
}
BURIN_ONNX_OP(ConvTranspose, 1, build_conv_transpose);

}  // namespace

}  // namespace burin::ops
