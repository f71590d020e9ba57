// Gradients of convolution: both are convolutions again, but for two kinds of weights. With s the
// stride, d and e the dilations of x and w, k the taps and n the results along an axis:
//   y[o] = sum over t of x[(o*s + t*e - low) / d] * w[t], where the quotient is whole
#include "ops/grad.h"

namespace burin::ops {

namespace {

using graph::ConvAttr;

struct Convolution {
  Builder& b;
  NodeId x, w, g;
  ConvAttr attr;

  size_t spatial() const { return attr.stride.size(); }
  int64_t size(size_t axis) const { return b.shape(x)[axis + 1]; }
  int64_t taps(size_t axis) const { return b.shape(w)[axis]; }
  int64_t results(size_t axis) const { return b.shape(g)[axis + 1]; }
  // What must follow x, so that every result has all its taps and no more.
  int64_t high(size_t axis) const {
    int64_t spread = (size(axis) - 1) * attr.x_dilation[axis] + 1;
    int64_t reach = (taps(axis) - 1) * attr.w_dilation[axis];
    return (results(axis) - 1) * attr.stride[axis] + reach + 1 - spread - attr.low[axis];
  }
};

// [spatial..., left, groups, right] for axes that follow `first`; the axes in another order.
Dims moved_axes(Dims front, size_t first, size_t spatial, Dims back) {
  for (int64_t axis : axis_range(first, spatial)) front.push_back(axis);
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// w[spatial, C/groups, groups * O'] => [spatial, O', groups * C/groups], taps in reverse
NodeId turned_weights(const Convolution& c) {
  Builder& b = c.b;
  auto spatial = static_cast<int64_t>(c.spatial());
  Dims dims = b.shape(c.w).dims();
  int64_t outputs = dims.back() / c.attr.groups, inputs = dims[c.spatial()];
  NodeId w = b.reverse(c.w, axis_range(0, c.spatial()));
  Dims split(dims.begin(), dims.end() - 1);
  split.push_back(c.attr.groups), split.push_back(outputs);
  w = b.reshape(w, Shape(split));
  w = b.transpose(w, moved_axes({}, 0, c.spatial(), {spatial + 2, spatial + 1, spatial}));
  dims[c.spatial()] = outputs, dims.back() = c.attr.groups * inputs;
  return b.reshape(w, Shape(dims));
}

// i*d = o*s + t*e - low => o*s = i*d + t'*e - low', with t' = k-1-t and low' = (k-1)*e - low:
// g, dilated by s, under w turned round, in steps of d.
NodeId of_input(const Convolution& c) {
  ConvAttr attr = c.attr;
  attr.stride = c.attr.x_dilation;
  attr.x_dilation = c.attr.stride;
  for (size_t i = 0; i < c.spatial(); ++i) {
    int64_t reach = (c.taps(i) - 1) * attr.w_dilation[i];
    int64_t spread = (c.results(i) - 1) * attr.x_dilation[i] + 1;
    attr.low[i] = reach - c.attr.low[i];
    attr.high[i] = (c.size(i) - 1) * attr.stride[i] + reach + 1 - spread - attr.low[i];
  }
  return c.b.convolution(c.g, turned_weights(c), std::move(attr));
}

// x[N, spatial, groups * C'] => [C', spatial, groups * N]: images become channels
NodeId images_as_channels(const Convolution& c) {
  Builder& b = c.b;
  Dims dims = b.shape(c.x).dims();
  int64_t inputs = dims.back() / c.attr.groups, images = dims[0];
  auto groups = static_cast<int64_t>(dims.size()) - 1;
  Dims split(dims.begin(), dims.end() - 1);
  split.push_back(c.attr.groups), split.push_back(inputs);
  NodeId x = b.reshape(c.x, Shape(split));
  x = b.transpose(x, moved_axes({groups + 1}, 1, c.spatial(), {groups, 0}));
  dims[0] = inputs, dims.back() = c.attr.groups * images;
  return b.reshape(x, Shape(dims));
}

// dw[t] = sum over o of x[(t*e + o*s - low) / d] * g[o]: x under g, whose taps are s apart, in
// steps of e; images are what is summed as channels are in y, and channels stand as images.
NodeId by_convolution(const Convolution& c) {
  Builder& b = c.b;
  ConvAttr attr = c.attr;
  attr.stride = c.attr.w_dilation;
  attr.w_dilation = c.attr.stride;
  for (size_t i = 0; i < c.spatial(); ++i) attr.high[i] = c.high(i);
  auto outputs = static_cast<int64_t>(c.spatial()) + 1;
  NodeId window = b.transpose(c.g, moved_axes({}, 1, c.spatial(), {0, outputs}));
  NodeId sums = b.convolution(images_as_channels(c), window, std::move(attr));
  return b.transpose(sums, moved_axes({}, 1, c.spatial(), {0, outputs}));
}

// Whether each result reads the one pixel at its own place, in all channels.
bool is_pointwise(const Convolution& c) {
  bool one = c.attr.groups == 1;
  for (size_t i = 0; i < c.spatial(); ++i) {
    one = one && c.taps(i) == 1 && c.attr.stride[i] == 1 && c.attr.x_dilation[i] == 1 &&
          c.attr.low[i] == 0 && c.results(i) == c.size(i);
  }
  return one;
}

// dw = sum over images and pixels of x * g: a product of matrices
NodeId by_product(const Convolution& c) {
  Dims pixels = axis_range(0, c.spatial() + 1);
  NodeId sums = c.b.dot_general(c.x, c.g, {{}, {}, pixels, pixels});
  return c.b.reshape(sums, c.b.shape(c.w));
}

// One filter for each channel.
bool is_depthwise(const Convolution& c) {
  const Dims& w = c.b.shape(c.w).dims();
  return w[c.spatial()] == 1 && w.back() == c.attr.groups;
}

// dw[t] = sum over images n and o of x[n, (t*e + o*s - low) / d] * g[n, o], channel by channel: the
// images are one more axis of the window.
NodeId over_images(const Convolution& c) {
  Builder& b = c.b;
  Dims x = b.shape(c.x).dims(), window = b.shape(c.g).dims(), result = b.shape(c.w).dims();
  x.insert(x.begin(), 1);
  window.insert(window.end() - 1, 1);
  ConvAttr attr = c.attr;
  attr.stride = c.attr.w_dilation;
  attr.w_dilation = c.attr.stride;
  for (size_t i = 0; i < c.spatial(); ++i) attr.high[i] = c.high(i);
  for (Dims* steps : {&attr.stride, &attr.w_dilation, &attr.x_dilation}) {
    steps->insert(steps->begin(), 1);
  }
  for (Dims* margin : {&attr.low, &attr.high}) margin->insert(margin->begin(), 0);
  NodeId sums = b.convolution(b.reshape(c.x, Shape(std::move(x))),
                              b.reshape(c.g, Shape(std::move(window))), std::move(attr));
  return b.reshape(sums, Shape(std::move(result)));
}

// Pixels of images with two axes are summed as they come (lower/kernels/weight_gradient.h).
bool is_product(const Convolution& c) {
  return is_pointwise(c) && (c.spatial() != 2 || c.results(0) * c.results(1) == 1);
}

NodeId of_weights(const Convolution& c) {
  if (is_product(c)) return by_product(c);
  // A convolution has three spatial axes at most, and images would be one more.
  return is_depthwise(c) && c.spatial() < 3 ? over_images(c) : by_convolution(c);
}

std::vector<NodeId> grad_convolution(const GradArgs& args) {
  Builder& b = args.b;
  Convolution c{b, args.operand(0), args.operand(1), args.cotangent, args.attr<ConvAttr>()};
  bool empty = b.shape(c.g).elements() == 0 || b.shape(c.x).elements() == 0;
  std::vector<NodeId> out(2);
  if (args.wanted[0]) out[0] = empty ? zeros_like(b, c.x) : of_input(c);
  if (args.wanted[1]) out[1] = empty ? zeros_like(b, c.w) : of_weights(c);
  return out;
}

const RegisterGrad register_convolution(Op::convolution, grad_convolution);

}  // namespace

}  // namespace burin::ops
