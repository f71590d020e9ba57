// Which convolutions are gradients of depthwise weights, and how the kernels are put together.
#include "lower/kernels/depthwise_gradient.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/parts.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kMostParts = 16;  // of the batch

// Drops the first `axes` axes and, after them, the one at `drop`; puts an axis of size 1 at 1 where
// convolutions have one axis.
View over_pixels(const View& view, size_t axes, std::optional<size_t> drop) {
  View out = view;
  Dims& s = out.strides;
  if (drop) s.erase(s.begin() + static_cast<int64_t>(*drop));
  s.erase(s.begin(), s.begin() + static_cast<int64_t>(axes));
  if (s.size() == 3) s.insert(s.begin() + 1, 0);
  return out;
}

// The last two of the spatial values; `absent` stands for the first where there is one.
Dims last_two(const Dims& dims, int64_t absent) {
  return {dims.size() == 3 ? dims[1] : absent, dims.back()};
}

int64_t choose_tap_rows(const DepthwiseGradient& w, const loop::Machine& machine) {
  int64_t registers = machine.vector_registers - 2;  // for dy, and what is read of x
  int64_t row = w.made ? 2 * w.taps[1] - 1 : w.taps[1];
  return std::min(w.taps[0], registers / row);
}

int64_t choose_block(const DepthwiseGradient& w, const loop::Machine& machine) {
  int64_t row = kF32Bytes * w.vectors * w.lanes *
                (w.pixels[1] + w.step[0] * std::min(w.input[1], w.pixels[1] * w.step[1]));
  return std::clamp<int64_t>(machine.l2_bytes / 4 / std::max<int64_t>(row, 1), 1, w.pixels[0]);
}

DepthwiseGradient form_of(const DenseJob& job) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Dims &x = operand_shape(job, 0).dims(), &dy = operand_shape(job, 1).dims();
  const Dims& result = result_shape(job).dims();
  size_t spatial = attr.stride.size();
  auto sizes = [&](const Dims& dims, size_t first) {
    auto begin = dims.begin() + static_cast<int64_t>(first);
    return last_two(Dims(begin, begin + static_cast<int64_t>(spatial)), 1);
  };
  DepthwiseGradient w;
  w.x = over_pixels(job.operands[0].view, 1, std::nullopt);
  w.made = job.operands[0].made;
  w.dy = over_pixels(job.operands[1].view, 0, spatial);
  w.images = dy[0], w.channels = dy.back();
  w.input = sizes(x, 1), w.pixels = sizes(dy, 0), w.taps = sizes(result, 1);
  w.step = last_two(attr.w_dilation, 1), w.dilation = last_two(attr.stride, 1);
  w.low = last_two(attr.low, 0);
  w.lanes = job.machine->lanes(loop::Elem::f32);
  w.parts = ceil_div(w.images, ceil_div(w.images, kMostParts));
  int64_t groups = std::min(ceil_div(kEnoughTiles, w.parts), w.channel_vectors());
  w.vectors = ceil_div(w.channel_vectors(), groups);
  w.tap_rows = choose_tap_rows(w, *job.machine);
  w.block = choose_block(w, *job.machine);
  int64_t pixels = w.input[0] * w.input[1] + w.pixels[0] * w.pixels[1];
  w.fetches = w.images * w.channels * pixels * kF32Bytes > w.parts * job.machine->l2_bytes;
  w.parts_pointer = job.pointers;
  return w;
}

DenseStage sums_of_parts(const DenseJob& job, const DepthwiseGradient& w,
                         const DenseKernels& kernels) {
  Builder b("depthwise_gradient", job.pointers + 1);
  emit_depthwise_gradient_tile(b, w);
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = w.parts * w.groups();
  stage.flops = 2.0 * static_cast<double>(w.images * w.channels * w.taps[0] * w.taps[1]) *
                static_cast<double>(w.pixels[0] * w.pixels[1]);
  bind_all(job, kernels, stage);
  stage.writes.assign(stage.writes.size(), false);
  stage.writes.back() = true;
  return stage;
}

DenseStage sum_of_all(const DenseJob& job, const DepthwiseGradient& w,
                      const DenseKernels& kernels) {
  Parts parts{w.parts_pointer, w.parts, w.part_elements()};
  auto emit_tile = [&](Builder& b, const EmitRow& emit_row) {  // a tap
    std::vector<Value> index(result_shape(job).rank(), b.index(0));
    index[index.size() - 2] = b.rem(b.tile(), b.index(w.taps[1]));
    if (index.size() > 4) index[2] = b.div(b.tile(), b.index(w.taps[1]));
    emit_row(index, b.mul(b.tile(), b.index(w.padded_channels())));
  };
  int64_t taps = w.taps[0] * w.taps[1];
  return make_sum_of_parts(job, epilogue_of(job), kernels, "depthwise_gradient_sum", parts, taps,
                           emit_tile);
}

}  // namespace

bool is_depthwise_gradient(const graph::Graph& graph, const graph::Node& node) {
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  size_t spatial = attr.stride.size();
  if (spatial < 2 || spatial > 3 || attr.stride[0] != 1 || attr.w_dilation[0] != 1) return false;
  if (!all_are(attr.x_dilation, 1)) return false;
  const Dims &x = graph.type(node.operands[0]).shape.dims(), &result = node.type.shape.dims();
  const Dims& window = graph.type(node.operands[1]).shape.dims();
  bool each = window[spatial] == 1 && window.back() == attr.groups && result.back() == attr.groups;
  return each && x[0] == 1 && result[1] == 1 && attr.low[0] == 0 && x[1] == window[0];
}

std::optional<std::string> refuse_depthwise_gradient(const DenseJob& job) {
  if (!is_depthwise_gradient(*job.graph, node_of(job))) return "";
  if (job.operands[0].weights || job.operands[1].weights) return "an operand is constant";
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  if (result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0) return "empty";
  DepthwiseGradient w = form_of(job);
  if (w.pixels[0] * w.pixels[1] <= w.taps[0] * w.taps[1]) return "few pixels";
  if (w.tap_rows < 1) return "a row of taps does not fit the registers";
  bool contiguous = w.x.strides.back() == 1 && w.dy.strides.back() == 1;
  if (!contiguous) return "the channels are not contiguous";
  return std::nullopt;
}

DenseKernels make_depthwise_gradient(const DenseJob& job) {
  DenseKernels kernels;
  DepthwiseGradient w = form_of(job);
  kernels.extras.push_back({w.parts * w.part_elements() * kF32Bytes, {}});
  kernels.stages.push_back(sums_of_parts(job, w, kernels));
  kernels.stages.push_back(sum_of_all(job, w, kernels));
  kernels.algorithm = fmt::format("{} x {} taps at once over {} rows of an image, {} parts",
                                  w.tap_rows, w.taps[1], w.block, w.parts);
  return kernels;
}

}  // namespace burin::lower
