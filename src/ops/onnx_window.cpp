// Resolves the attributes of sliding windows.
#include "ops/onnx_window.h"

#include <algorithm>

#include "base/checked.h"

namespace burin::ops {

namespace {

constexpr int64_t kMaxStep = int64_t{1} << 24;

void check_steps(const Dims& values, const char* name) {
  for (int64_t v : values) {
    if (v < 1 || v >= kMaxStep) refuse(std::string(name) + " has the entry " + std::to_string(v));
  }
}

// out = ceil(in / stride); the padding that makes it so, its odd element at the end or the start
void pad_same(Window& w, const Dims& spatial, bool upper) {
  for (size_t a = 0; a < w.rank(); ++a) {
    w.out[a] = ceil_div(spatial[a], w.stride[a]);
    int64_t total = (w.out[a] - 1) * w.stride[a] + w.extent(a) - spatial[a];
    total = std::max<int64_t>(total, 0);
    w.low[a] = upper ? total / 2 : total - total / 2;
    w.high[a] = w.declared_high[a] = total - w.low[a];
  }
}

void pad_explicit(OpContext& c, Window& w, const Dims& spatial, bool use_pads) {
  Ints pads = use_pads ? attr_per_axis(c, "pads", 2 * w.rank(), 0) : Ints(2 * w.rank(), 0);
  bool ceil_mode = c.attr_int("ceil_mode", 0) != 0;
  for (size_t a = 0; a < w.rank(); ++a) {
    w.low[a] = pads[a], w.high[a] = w.declared_high[a] = pads[a + w.rank()];
    if (w.low[a] < 0 || w.high[a] < 0 || w.low[a] >= kMaxStep || w.high[a] >= kMaxStep) {
      refuse("pads has an entry that is negative or too large");
    }
    int64_t room = spatial[a] + w.low[a] + w.high[a] - w.extent(a);
    if (room < 0) refuse("the window is larger than the padded input along an axis");
    w.out[a] = (ceil_mode ? ceil_div(room, w.stride[a]) : room / w.stride[a]) + 1;
    // A window that would start in the end padding is dropped.
    if (ceil_mode && (w.out[a] - 1) * w.stride[a] >= spatial[a] + w.low[a]) --w.out[a];
    int64_t reach = (w.out[a] - 1) * w.stride[a] + w.extent(a) - spatial[a] - w.low[a];
    w.high[a] = std::max(w.high[a], reach);
  }
}

}  // namespace

Window read_window_steps(OpContext& c, Dims kernel) {
  size_t rank = kernel.size();
  Window w{.kernel = std::move(kernel)};
  w.stride = attr_per_axis(c, "strides", rank, 1);
  w.dilation = attr_per_axis(c, "dilations", rank, 1);
  check_steps(w.kernel, "the window");
  check_steps(w.stride, "strides");
  check_steps(w.dilation, "dilations");
  for (size_t a = 0; a < rank; ++a) {
    if (product(w.kernel[a], w.dilation[a]) >= kMaxStep) refuse("the window is too large");
  }
  w.low = w.high = w.declared_high = w.out = Dims(rank, 0);
  return w;
}

Window read_window(OpContext& c, const Dims& spatial, Dims kernel) {
  if (kernel.size() != spatial.size()) refuse("the window's rank is not the image's");
  Window w = read_window_steps(c, std::move(kernel));
  std::string auto_pad = c.attr_string("auto_pad", "NOTSET");
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    pad_same(w, spatial, auto_pad == "SAME_UPPER");
  } else if (auto_pad == "NOTSET" || auto_pad == "VALID" || auto_pad.empty()) {
    pad_explicit(c, w, spatial, auto_pad != "VALID");
  } else {
    refuse("auto_pad is '" + auto_pad + "'");
  }
  return w;
}

Dims spatial_dims(const Shape& shape) {
  if (shape.rank() < 3)
    refuse("an input with batch, channels and space is needed, not " + shape.text());
  return Dims(shape.dims().begin() + 2, shape.dims().end());
}

}  // namespace burin::ops
