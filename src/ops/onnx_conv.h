// Convolution for the rules that have it inside: Conv, ConvInteger, QLinearConv.
#pragma once

#include "ops/onnx_window.h"

namespace burin::ops {

// x[N, C, spatial...] by w[O, C/groups, spatial...] under the node's attributes; channels last.
Value convolve(OpContext& c, Value x, Value w);

}  // namespace burin::ops
