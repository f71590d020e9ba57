// MaxPool, AveragePool, LpPool and the global poolings: windows over channels-last tensors.
#include <algorithm>
#include "base/checked.h"
#include "ops/onnx_window.h"

namespace burin::ops {

namespace {

Window pool_window(OpContext& c, const Value& x) {
  Dims spatial = spatial_dims(x.shape());
  Window w = read_window(c, spatial, attr_per_axis(c, "kernel_shape", spatial.size(), 1));
  for (size_t a = 0; a < w.rank(); ++a) {
    if (w.low[a] >= w.extent(a) || w.declared_high[a] >= w.extent(a)) {
      refuse("the padding is as large as the window");
    }
  }
  return w;
}

// One entry per axis of the N, spatial, C operand.
Dims around_spatial(const Dims& spatial, int64_t outer) {
  Dims out = {outer};
  out.insert(out.end(), spatial.begin(), spatial.end());
  out.push_back(outer);
  return out;
}

// Reduces each window of an NC<spatial> tensor; the result is channels last.
Value pool(Value x, const Window& w, ReduceKind kind) {
  graph::WindowAttr attr{.kind = kind,
                         .window = around_spatial(w.kernel, 1),
                         .stride = around_spatial(w.stride, 1),
                         .dilation = around_spatial(w.dilation, 1),
                         .low = around_spatial(w.low, 0),
                         .high = around_spatial(w.high, 0)};
  Value last = to_channels_last(x);
  return last.wrap(x.builder().reduce_window(last, std::move(attr)));
}

void build_max_pool(OpContext& c) {
  Value x = input(c, 0);
  refuse_output(c, 1, "the positions of the maxima are not supported");
  c.set_output(0, to_channels_first(pool(x, pool_window(c, x), ReduceKind::max)));
}
BURIN_ONNX_OP(MaxPool, 1, build_max_pool);

// How many of the window's elements at each output of one axis lie in [begin, end).
std::vector<double> window_counts(const Window& w, size_t a, int64_t begin, int64_t end) {
  std::vector<double> counts;
  for (int64_t o = 0; o < w.out[a]; ++o) {
    int64_t first = o * w.stride[a] - w.low[a];
    auto taps_before = [&](int64_t position) {
      return std::clamp<int64_t>(ceil_div(position - first, w.dilation[a]), 0, w.kernel[a]);
    };
    counts.push_back(static_cast<double>(taps_before(end) - taps_before(begin)));
  }
  return counts;
}

// sum / (elements of the window inside the image, or inside the declared padding)
void build_average_pool(OpContext& c) {
  Value x = input(c, 0);
  Window w = pool_window(c, x);
  Value y = pool(x, w, ReduceKind::sum);
  bool padding_counts = c.attr_int("count_include_pad", 0) != 0;
  double everywhere = 1;
  for (size_t a = 0; a < w.rank(); ++a) {
    if (w.out[a] == 0) continue;  // the result has no elements
    int64_t size = x.shape()[a + 2];
    int64_t begin = padding_counts ? -w.low[a] : 0;
    int64_t end = size + (padding_counts ? w.declared_high[a] : 0);
    std::vector<double> counts = window_counts(w, a, begin, end);
    if (std::count(counts.begin(), counts.end(), counts[0]) == w.out[a]) {
      everywhere *= counts[0];
    } else {
      Value n = doubles_constant(c, y.dtype(), {w.out[a]}, counts);
      y = y / n.broadcast(y.shape(), {static_cast<int64_t>(a) + 1});
    }
  }
  c.set_output(0, to_channels_first(everywhere == 1 ? y : y / everywhere));
}
BURIN_ONNX_OP(AveragePool, 1, build_average_pool);

double norm_order(OpContext& c) {
  double p = static_cast<double>(c.attr_int("p", 2));
  if (p < 1) refuse("attribute p must be at least 1");
  return p;
}

// |x|^p, and its inverse on positive values
Value to_power(Value x, double p) { return p == 2 ? x * x : p == 1 ? abs(x) : pow(abs(x), p); }
Value from_power(Value x, double p) { return p == 2 ? sqrt(x) : p == 1 ? x : pow(x, 1 / p); }

void build_lp_pool(OpContext& c) {
  Value x = input(c, 0);
  double p = norm_order(c);
  Value y = pool(to_power(x, p), pool_window(c, x), ReduceKind::sum);
  c.set_output(0, to_channels_first(from_power(y, p)));
}
BURIN_ONNX_OP(LpPool, 2, build_lp_pool);

Ints global_axes(const Value& x) {
  spatial_dims(x.shape());
  return range(2, static_cast<int64_t>(x.rank()));
}

void build_global_average_pool(OpContext& c) {
  Value x = input(c, 0);
  c.set_output(0, x.mean(global_axes(x)));
}
BURIN_ONNX_OP(GlobalAveragePool, 1, build_global_average_pool);

void build_global_max_pool(OpContext& c) {
  Value x = input(c, 0);
  c.set_output(0, x.max(global_axes(x)));
}
BURIN_ONNX_OP(GlobalMaxPool, 1, build_global_max_pool);

void build_global_lp_pool(OpContext& c) {
  Value x = input(c, 0);
  double p = norm_order(c);
  c.set_output(0, from_power(to_power(x, p).sum(global_axes(x)), p));
}
BURIN_ONNX_OP(GlobalLpPool, 2, build_global_lp_pool);

}  // namespace

}  // namespace burin::ops
