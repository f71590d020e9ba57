// Convolution as a contraction: m runs along the last spatial axis (along all of them where nothing
// is padded, as in 1 x 1), n along the output channels of a group, k along its input channels; the
// window's other axes are taps. Padding costs nothing: taps outside are skipped. With a dilated
// input (a transposed convolution) each phase of the output is a convolution of its own.
#include "lower/kernels/conv.h"

#include <algorithm>
#include <utility>

#include "base/checked.h"

namespace burin::lower {

namespace {

// More taps than this along a padded row would make as many variants of the border tiles: the
// padding is written out instead.
constexpr int64_t kMostPaddedTaps = 32;
constexpr size_t kMostPhases = 64;

Tap make_tap(const Conv& s, size_t i, int64_t rhs_rows, int axis) {
  Tap tap;
  tap.extent = s.window[i];
  tap.lhs_stride = s.dilation[i] * s.x.strides[i + 1];
  tap.rhs_rows = rhs_rows;
  tap.axis = axis;
  tap.step = s.stride[i];
  tap.dilation = s.dilation[i];
  tap.low = s.low[i];
  tap.size = s.padded(i) ? s.input[i] : 0;
  return tap;
}

// Axis 0 of the nest is the (joined) group, then come the result's axes before m.
void set_result_axes(const Conv& s, Contraction& c) {
  Nest& nest = c.nest;
  size_t spatial = s.window.size(), channel = spatial + 1;
  const Shape& result = s.fused.shape;
  std::vector<int64_t> steps = {s.x.strides[0]};
  for (size_t i = 0; i < spatial; ++i) steps.push_back(s.stride[i] * s.x.strides[i + 1]);
  // Axes can only become one where no tap lies outside: from the last spatial axis outwards.
  size_t lowest = spatial;
  if (!s.padded(spatial - 1)) {
    while (lowest > 1 && !s.padded(lowest - 2)) --lowest;
    if (lowest == 1) lowest = 0;
  }
  size_t first = merge_down_to(s.fused, spatial, lowest, steps);
  size_t m_axis = innermost_axis(result, first, spatial);

  std::vector<AxisSource> axes = {{static_cast<int>(channel), c.bundle * s.out}};
  nest.outer.push_back({s.groups / c.bundle, c.bundle * s.in * s.x.strides[channel], 0});
  for (size_t i = 0; i < first; ++i) {
    axes.push_back({static_cast<int>(i), 1});
    nest.outer.push_back({result[i], steps[i], 0});
  }
  axes.push_back({static_cast<int>(m_axis), 1});
  axes.push_back({static_cast<int>(channel), 1});
  nest.m = result.elements(first, spatial + 1);
  nest.lhs_m_stride = steps[m_axis];
  nest.n = c.bundle * s.out;
  nest.epilogue = remap(s.fused.expr, axes);
  for (const View& view : s.fused.outputs) nest.outputs.push_back(remap(view, axes));
  for (const View& view : s.fused.sums) nest.sums.push_back(remap(view, axes));
}

// The window's axes: those over outer axes become taps, the last one the m tap. The weights have
// the axes outer, taps, m tap, k, n; `groups` says which of their own axes each stands for.
void set_taps(const Conv& s, Contraction& c, std::vector<std::vector<size_t>>& groups) {
  Nest& nest = c.nest;
  nest.lhs = s.x;
  size_t spatial = s.window.size();
  int64_t rows = c.k;
  for (size_t i = spatial; i-- > 0;) {
    bool last = i + 1 == spatial;
    int axis = s.padded(i) && !last ? static_cast<int>(i) + 2 : -1;  // behind group and batch
    Tap tap = make_tap(s, i, rows, axis);
    rows *= tap.extent;
    nest.lhs.offset -= s.low[i] * s.x.strides[i + 1];
    if (last) {
      nest.m_tap = tap;
    } else if (tap.extent != 1 || axis >= 0) {
      nest.taps.insert(nest.taps.begin(), tap);
    } else {
      continue;
    }
    groups.insert(groups.begin(), {i});
    c.rhs_sizes.insert(c.rhs_sizes.begin(), tap.extent);
  }
  groups.push_back({spatial});
  groups.push_back({spatial + 2});
  c.rhs_sizes.push_back(s.in);
  c.rhs_sizes.push_back(s.out);
  groups.insert(groups.begin(), nest.outer.size(), {});
  groups[0] = {spatial + 1};
  c.rhs_sizes.insert(c.rhs_sizes.begin(), nest.outer.size(), 1);
  c.rhs_sizes[0] = s.groups;
}

Contraction make_form(const Conv& s, uint16_t lanes) {
  Contraction c;
  c.elem = *contraction_elem(s.x.dtype);
  c.nest.lanes = lanes;
  c.bundle = s.bundle(lanes);
  c.k = c.bundle * s.in;
  c.lhs_k_stride = s.x.strides.back();
  set_result_axes(s, c);
  std::vector<std::vector<size_t>> groups;
  set_taps(s, c, groups);
  size_t channel = s.window.size() + 1;
  if (s.weights) {
    c.weights = merge_axes(split_axis(*s.weights, channel, s.out), groups);
  } else {
    std::vector<int64_t> strides = s.w.strides;
    strides.insert(strides.end() - 1, strides.back() * s.out);
    c.rhs = s.w;
    c.rhs.strides.clear();
    for (const std::vector<size_t>& axes : groups) {
      c.rhs.strides.push_back(axes.empty() ? 0 : strides[axes[0]]);
    }
  }
  c.flops = 2.0 * static_cast<double>(s.fused.shape.elements()) * static_cast<double>(s.in);
  for (int64_t taps : s.window) c.flops *= static_cast<double>(taps);
  return c;
}

// With the stage before it where the padding must be written out.
Contraction contraction_of(const DenseJob& job, Conv& conv, DenseKernels& kernels) {
  size_t last = conv.window.size() - 1;
  if (conv.padded(last) && conv.window[last] > kMostPaddedTaps) {
    write_out_padding(job, conv, kernels);
  }
  return make_form(conv, job.machine->lanes(loop::Elem::f32));
}

}  // namespace

bool Conv::padded(size_t i) const {
  if (window[i] == 0) return false;
  int64_t last = (fused.shape[i + 1] - 1) * stride[i] + (window[i] - 1) * dilation[i];
  return low[i] > 0 || last - low[i] >= input[i];
}

int64_t Conv::bundle(int64_t lanes) const {
  int64_t joined = 1;
  while (joined < groups && (groups % joined != 0 || joined * out < lanes)) ++joined;
  return joined;
}

std::optional<std::string> refuse_conv(const DenseJob& job) {
  std::optional<loop::Elem> elem = contraction_elem(node_of(job).type.dtype);
  if (!elem) return "neither of f32 nor of i32";
  bool empty = result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0 ||
               operand_shape(job, 1).elements() == 0;
  if (empty) return "empty";
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  size_t phases = 1;
  for (int64_t d : attr.x_dilation) {
    if (d > static_cast<int64_t>(kMostPhases)) return "the input is widely dilated";
    phases *= static_cast<size_t>(d);
  }
  if (phases > kMostPhases) return "the input is widely dilated";
  DenseKernels unused;
  for (const Conv& conv : phases_of(job, unused)) {
    uint16_t lanes = job.machine->lanes(loop::Elem::f32);
    if (conv.bundle(lanes) > 1 && !conv.weights) return "narrow groups with weights not yet known";
    if (auto reason = refuse_vectors(make_form(conv, lanes).nest, *job.machine)) return reason;
  }
  return std::nullopt;
}

std::optional<Contraction> conv_form(const DenseJob& job, DenseKernels& kernels) {
  std::vector<Conv> phases = phases_of(job, kernels);
  size_t last = phases[0].window.size() - 1;
  bool wide = phases[0].padded(last) && phases[0].window[last] > kMostPaddedTaps;
  if (phases.size() != 1 || wide) return std::nullopt;
  return make_form(phases[0], job.machine->lanes(loop::Elem::f32));
}

DenseKernels make_conv(const DenseJob& job) {
  DenseKernels kernels;
  bool first = job.begins_sums;
  for (Conv& conv : phases_of(job, kernels)) {
    Contraction c = contraction_of(job, conv, kernels);
    c.nest.begins_sums = std::exchange(first, false);
    make_contraction(job, std::move(c), kernels);
  }
  return kernels;
}

std::vector<Parameters> conv_alternatives(const DenseJob& job, const Parameters& around) {
  DenseKernels unused;
  Conv first = phases_of(job, unused)[0];
  return contraction_alternatives(contraction_of(job, first, unused), around, *job.machine);
}

}  // namespace burin::lower
