// Takes a convolution with a dilated input apart into plain ones, one per phase of the output.
#include <numeric>

#include "base/checked.h"
#include "lower/kernels/conv.h"

namespace burin::lower {

namespace {

Conv whole(const DenseJob& job, DenseKernels& kernels) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Dims &x = operand_shape(job, 0).dims(), &w = operand_shape(job, 1).dims();
  Conv c;
  c.fused = epilogue_of(job);
  c.input.assign(x.begin() + 1, x.end() - 1);
  c.window.assign(w.begin(), w.end() - 2);
  c.stride = attr.stride;
  c.dilation = attr.w_dilation;
  c.low = attr.low;
  c.groups = attr.groups;
  c.in = w.end()[-2];
  c.out = w.back() / attr.groups;
  c.x = plain_operand(job, 0, kernels);
  c.weights = job.operands[1].weights;
  c.w = job.operands[1].view;
  return c;
}

// Every `step`-th tap from `first` on along spatial axis `i`; `count` of them.
void take_taps(Conv& c, size_t i, int64_t first, int64_t step, int64_t count) {
  c.window[i] = count;
  if (!c.weights) {
    c.w.offset += first * c.w.strides[i];
    c.w.strides[i] *= step;
    return;
  }
  WeightView& w = *c.weights;
  w.offset += first * w.strides[i];
  w.strides[i] *= step;
  Dims dims = w.type.shape.dims();
  dims[i] = count;
  w.type.shape = Shape(std::move(dims));
  if (!w.scale.valid()) return;
  w.scale_offset += first * w.scale_strides[i];
  w.scale_strides[i] *= step;
}

// Positions `start`, start + step, ... of the result along axis `axis`.
void take_positions(Conv& c, size_t axis, int64_t start, int64_t step) {
  Dims dims = c.fused.shape.dims();
  std::vector<AxisSource> axes;
  for (size_t i = 0; i < dims.size(); ++i) axes.push_back({static_cast<int>(i), 1, 0});
  axes[axis].multiplier = step;
  axes[axis].start = start;
  dims[axis] = ceil_div(dims[axis] - start, step);
  c.fused.shape = Shape(std::move(dims));
  c.fused.expr = remap(c.fused.expr, axes);
  for (View& view : c.fused.outputs) view = remap(view, axes);
  for (View& view : c.fused.sums) view = remap(view, axes);
}

// The phase of positions p, p + period, ... along spatial axis i:
//   input = (o * stride + t * dilation - low) / d   with o = q * period + p, t = first + j * step
Conv phase_of(const Conv& all, size_t i, int64_t d, int64_t period, int64_t p) {
  Conv c = all;
  int64_t step = d / std::gcd(d, all.dilation[i]), first = 0;
  auto reach = [&](int64_t t) { return p * all.stride[i] + t * all.dilation[i] - all.low[i]; };
  while (first < step && reach(first) % d != 0) ++first;
  bool met = first < std::min(step, all.window[i]);
  if (!met) first = 0;  // no tap of this phase meets an input
  take_taps(c, i, first, step, met ? ceil_div(all.window[i] - first, step) : 0);
  take_positions(c, i + 1, p, period);
  c.stride[i] = period * all.stride[i] / d;
  c.dilation[i] = step * all.dilation[i] / d;
  c.low[i] = met ? -(reach(first) / d) : 0;
  return c;
}

}  // namespace

std::vector<Conv> phases_of(const DenseJob& job, DenseKernels& kernels) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  std::vector<Conv> phases = {whole(job, kernels)};
  for (size_t i = 0; i < attr.x_dilation.size(); ++i) {
    int64_t d = attr.x_dilation[i];
    if (d == 1) continue;
    int64_t period = d / std::gcd(d, attr.stride[i]);
    std::vector<Conv> next;
    for (const Conv& c : phases) {
      int64_t positions = std::min(period, c.fused.shape[i + 1]);
      for (int64_t p = 0; p < positions; ++p) next.push_back(phase_of(c, i, d, period, p));
    }
    phases = std::move(next);
  }
  return phases;
}

}  // namespace burin::lower
