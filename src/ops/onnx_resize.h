// Resampling of one axis: which input elements make an output element, with which weights.
#pragma once

#include "ops/onnx_util.h"

namespace burin::ops {

struct ResizeAxis {
  int64_t in = 1, out = 1;
  double scale = 1;         // out / in, as the model states it
  std::string mode;         // nearest, linear, cubic
  std::string coordinates;  // ONNX's coordinate_transformation_mode
  std::string nearest;      // ONNX's nearest_mode
  double cubic_a = -0.75;
  bool exclude_outside = false, antialias = false;
  double begin = 0, end = 1;  // tf_crop_and_resize: the region, as a share of the input
  double extrapolation = 0;   // the value outside the input
};

// out[o] = sum over k of weight[k][o] * in[index[k][o]]; outside[o] marks extrapolated elements.
struct ResizeTaps {
  std::vector<Ints> index;
  std::vector<std::vector<double>> weight;
  Ints outside;
};

ResizeTaps resize_taps(const ResizeAxis& axis);
Value resize_axis(OpContext& c, Value x, int64_t axis, const ResizeAxis& r);

}  // namespace burin::ops
