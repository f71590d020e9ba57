// Convolution as a contraction: m runs along the last spatial axis (along all of them where nothing
// is padded, as in 1 x 1), n along the output channels of a group, k along its input channels; the
// window's other axes are taps. Padding costs nothing: taps outside are skipped.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"

namespace burin::lower {

namespace {

// More taps than this along a padded row would make as many variants of the border tiles.
constexpr int64_t kMostPaddedTaps = 32;

struct Sizes {
  const graph::ConvAttr& attr;
  const Shape &result, &x, &w;
  size_t spatial;
  int64_t groups, in, out;  // channels per group

  explicit Sizes(const DenseJob& job)
      : attr(std::get<graph::ConvAttr>(node_of(job).attr)),
        result(result_shape(job)),
        x(operand_shape(job, 0)),
        w(operand_shape(job, 1)),
        spatial(result.rank() - 2),
        groups(attr.groups),
        in(w[spatial]),
        out(w[spatial + 1] / attr.groups) {}

  // Whether some tap lies outside the input for some position.
  bool padded(size_t i) const {
    int64_t last = (result[i + 1] - 1) * attr.stride[i] + (w[i] - 1) * attr.w_dilation[i];
    return attr.low[i] > 0 || last - attr.low[i] >= x[i + 1];
  }
  // How many groups to join so that a vector of channels is full: the others' weights are zero.
  int64_t bundle(int64_t lanes) const {
    int64_t joined = 1;
    while (joined < groups && (groups % joined != 0 || joined * out < lanes)) ++joined;
    return joined;
  }
};

Tap make_tap(const Sizes& s, size_t i, const View& x, int64_t rhs_rows, int axis) {
  Tap tap;
  tap.extent = s.w[i];
  tap.lhs_stride = s.attr.w_dilation[i] * x.strides[i + 1];
  tap.rhs_rows = rhs_rows;
  tap.axis = axis;
  tap.step = s.attr.stride[i];
  tap.dilation = s.attr.w_dilation[i];
  tap.low = s.attr.low[i];
  tap.size = s.padded(i) ? s.x[i + 1] : 0;
  return tap;
}

// Axis 0 of the nest is the (joined) group, then come the result's axes before m.
void set_result_axes(const DenseJob& job, const Sizes& s, const View& x, Contraction& c) {
  Nest& nest = c.nest;
  size_t channel = s.spatial + 1;
  std::vector<int64_t> steps = {x.strides[0]};
  for (size_t i = 0; i < s.spatial; ++i) steps.push_back(s.attr.stride[i] * x.strides[i + 1]);
  // Axes can only become one where no tap lies outside: from the last spatial axis outwards.
  size_t lowest = s.spatial;
  if (!s.padded(s.spatial - 1)) {
    while (lowest > 1 && !s.padded(lowest - 2)) --lowest;
    if (lowest == 1) lowest = 0;
  }
  size_t first = merge_down_to(job, s.spatial, lowest, steps);
  size_t m_axis = innermost_axis(s.result, first, s.spatial);

  std::vector<AxisSource> axes = {{static_cast<int>(channel), c.bundle * s.out}};
  nest.outer.push_back({s.groups / c.bundle, c.bundle * s.in * x.strides[channel], 0});
  for (size_t i = 0; i < first; ++i) {
    axes.push_back({static_cast<int>(i), 1});
    nest.outer.push_back({s.result[i], steps[i], 0});
  }
  axes.push_back({static_cast<int>(m_axis), 1});
  axes.push_back({static_cast<int>(channel), 1});
  nest.m = s.result.elements(first, s.spatial + 1);
  nest.lhs_m_stride = steps[m_axis];
  nest.n = c.bundle * s.out;
  nest.epilogue = remap(job.epilogue, axes);
  for (const View& view : job.outputs) nest.outputs.push_back(remap(view, axes));
}

// The window's axes: those over outer axes become taps, the last one the m tap.
void set_taps(const Sizes& s, const View& x, Contraction& c) {
  Nest& nest = c.nest;
  nest.lhs = x;
  int64_t rows = c.k;
  for (size_t i = s.spatial; i-- > 0;) {
    bool last = i + 1 == s.spatial;
    int axis = s.padded(i) && !last ? static_cast<int>(i) + 2 : -1;  // behind group and batch
    Tap tap = make_tap(s, i, x, rows, axis);
    rows *= tap.extent;
    nest.lhs.offset -= s.attr.low[i] * x.strides[i + 1];
    if (last) {
      nest.m_tap = tap;
    } else if (tap.extent > 1 || axis >= 0) {
      nest.taps.insert(nest.taps.begin(), tap);
    }
  }
}

// The weights over outer axes, taps, m tap, k, n.
void set_weights(const DenseJob& job, const Sizes& s, Contraction& c) {
  size_t outer = c.nest.outer.size();
  std::vector<std::vector<size_t>> groups(outer);
  groups[0] = {s.spatial + 1};
  c.rhs_sizes.assign(outer, 1);
  c.rhs_sizes[0] = s.groups;
  for (size_t i = 0; i < s.spatial; ++i) {
    bool tap = i + 1 == s.spatial || s.w[i] > 1 || s.padded(i);
    if (!tap) continue;
    groups.push_back({i});
    c.rhs_sizes.push_back(s.w[i]);
  }
  groups.push_back({s.spatial});
  groups.push_back({s.spatial + 2});
  c.rhs_sizes.push_back(s.in);
  c.rhs_sizes.push_back(s.out);

  const DenseOperand& w = job.operands[1];
  if (w.weights) {
    c.weights = merge_axes(split_axis(*w.weights, s.spatial + 1, s.out), groups);
    return;
  }
  Dims strides = w.view.strides;
  strides.insert(strides.end() - 1, strides.back() * s.out);
  c.rhs = w.view;
  c.rhs.strides.clear();
  for (const std::vector<size_t>& axes : groups) {
    c.rhs.strides.push_back(axes.empty() ? 0 : strides[axes[0]]);
  }
}

Contraction make_form(const DenseJob& job, DenseKernels& kernels) {
  Sizes s(job);
  Contraction c;
  c.nest.lanes = job.machine->lanes(loop::Elem::f32);
  c.bundle = s.bundle(c.nest.lanes);
  c.k = c.bundle * s.in;
  View x = plain_operand(job, 0, kernels);
  c.lhs_k_stride = x.strides[s.spatial + 1];
  set_result_axes(job, s, x, c);
  set_taps(s, x, c);
  set_weights(job, s, c);
  c.flops = 2.0 * static_cast<double>(s.result.elements()) * static_cast<double>(s.in);
  for (size_t i = 0; i < s.spatial; ++i) c.flops *= static_cast<double>(s.w[i]);
  return c;
}

}  // namespace

std::optional<std::string> refuse_conv(const DenseJob& job) {
  if (node_of(job).op != graph::Op::convolution) return "not a convolution";
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  Sizes s(job);
  auto spread = [](int64_t d) { return d > 1; };
  if (std::any_of(s.attr.x_dilation.begin(), s.attr.x_dilation.end(), spread)) {
    return "the input is dilated";
  }
  if (s.result.elements() == 0 || s.w.elements() == 0 || s.x.elements() == 0) return "empty";
  uint16_t lanes = job.machine->lanes(loop::Elem::f32);
  if (s.padded(s.spatial - 1) && s.w[s.spatial - 1] > kMostPaddedTaps) {
    return "too wide a window on a padded row";
  }
  if (s.bundle(lanes) > 1 && !job.operands[1].weights) {
    return "narrow groups with weights not yet known";
  }
  DenseKernels unused;
  return refuse_vectors(make_form(job, unused).nest, *job.machine);
}

DenseKernels make_conv(const DenseJob& job) {
  DenseKernels kernels;
  make_contraction(job, make_form(job, kernels), kernels);
  return kernels;
}

}  // namespace burin::lower
