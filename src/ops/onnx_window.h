// The sliding window that convolutions and poolings share: its attributes with the automatic
// paddings resolved, and the output sizes.
#pragma once

#include "ops/onnx_util.h"

namespace burin::ops {

// One entry per spatial axis.
struct Window {
  Dims kernel, stride, dilation, low, high, out;
  // Padding that belongs to the input; high may exceed it in ceil_mode.
  Dims declared_high;

  size_t rank() const { return kernel.size(); }
  int64_t extent(size_t a) const { return (kernel[a] - 1) * dilation[a] + 1; }
};

// Reads strides, dilations, pads, auto_pad and ceil_mode; `kernel` is the window's size. Throws if
// they make no sense or the window does not fit.
Window read_window(OpContext& c, const Dims& spatial, Dims kernel);

// Strides, dilations and kernel checked, nothing resolved: for transposed convolutions too.
Window read_window_steps(OpContext& c, Dims kernel);

// The spatial dimensions of an NC<spatial> shape; throws if there are none.
Dims spatial_dims(const Shape& shape);

}  // namespace burin::ops
