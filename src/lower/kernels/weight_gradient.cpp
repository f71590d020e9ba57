// Which convolutions are gradients of weights, and how the kernels of outer products are put
// together.
#include "lower/kernels/weight_gradient.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/nest.h"
#include "lower/kernels/parts.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

int64_t WeightGradient::padded_out() const { return round_up(out, int64_t{lanes}); }

int64_t WeightGradient::part_elements() const { return in * taps[0] * taps[1] * padded_out(); }

bool is_weight_gradient(const graph::Graph& graph, graph::NodeId id) {
  const graph::Node& node = graph[id];
  if (node.op != graph::Op::convolution || node.type.shape.rank() != 4) return false;
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  if (attr.groups != 1 || !all_are(attr.x_dilation, 1)) return false;
  for (graph::NodeId operand : node.operands) {
    if (resolve_weights(graph, operand)) return false;
  }
  const Dims &window = graph.type(node.operands[1]).shape.dims(), &out = node.type.shape.dims();
  return window[0] * window[1] > out[1] * out[2];
}

WeightGradient weight_gradient_of(const DenseJob& job) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Dims &x = operand_shape(job, 0).dims(), &dy = operand_shape(job, 1).dims();
  const Dims& result = result_shape(job).dims();
  WeightGradient w;
  w.x = job.operands[0].view;
  w.dy = job.operands[1].view;
  w.in = x[0], w.images = x[3], w.out = dy[3];
  w.input = {x[1], x[2]};
  w.pixels = {dy[0], dy[1]};
  w.taps = {result[1], result[2]};
  w.step = attr.w_dilation, w.dilation = attr.stride, w.low = attr.low;
  w.lanes = job.machine->lanes(loop::Elem::f32);
  w.splits_indexed = job.machine->splits_indexed;
  return w;
}

double weight_gradient_flops(const WeightGradient& w) {
  return 2.0 * static_cast<double>(w.in * w.out * w.images) *
         static_cast<double>(w.pixels[0] * w.pixels[1] * w.taps[0] * w.taps[1]);
}

std::optional<std::string> refuse_weight_gradient(const DenseJob& job) {
  if (!is_weight_gradient(*job.graph, job.node)) return "";
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  if (result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0) return "empty";
  if (job.operands[0].view.strides[2] < 1) return "the input's columns are one and the same";
  if (job.operands[1].view.strides.back() != 1) return "the result's channels are not contiguous";
  return std::nullopt;
}

DenseStage make_weight_gradient_sum(const DenseJob& job, const Epilogue& follows,
                                    const WeightGradient& w, const DenseKernels& kernels) {
  Parts parts{w.parts_pointer, w.plan.parts, w.part_elements()};
  auto emit_tile = [&](Builder& b, const EmitRow& emit_row) {  // a channel of the input
    for_range(b, b.index(0), b.index(w.taps[0]), [&](Value kh) {
      for_range(b, b.index(0), b.index(w.taps[1]), [&](Value kw) {
        Value tap = b.add(b.mul(kh, b.index(w.taps[1])), kw);
        Value row = b.add(b.mul(b.tile(), b.index(w.taps[0] * w.taps[1])), tap);
        emit_row({b.tile(), kh, kw, {}}, b.mul(row, b.index(w.padded_out())));
      });
    });
  };
  return make_sum_of_parts(job, follows, kernels, "weight_gradient_sum", parts, w.in, emit_tile);
}

DenseKernels make_weight_gradient(const DenseJob& job) {
  return make_outer_products(job, weight_gradient_of(job), epilogue_of(job));
}

DenseKernels make_outer_products(const DenseJob& job, WeightGradient w, const Epilogue& follows) {
  DenseKernels kernels;
  w.plan = plan_weight_gradient(w, *job.machine);
  w.parts_pointer = job.pointers;
  kernels.extras.push_back({w.plan.parts * w.part_elements() * kF32Bytes, {}});

  Builder products("weight_gradient", job.pointers + 1);
  emit_weight_gradient_tile(products, w);
  DenseStage stage;
  stage.function = products.finish();
  stage.tiles = w.plan.parts * w.plan.groups;
  stage.flops = weight_gradient_flops(w);
  bind_all(job, kernels, stage);
  stage.writes.assign(stage.writes.size(), false);
  stage.writes.back() = true;
  kernels.stages.push_back(std::move(stage));
  kernels.stages.push_back(make_weight_gradient_sum(job, follows, w, kernels));

  kernels.cycles = w.plan.cycles;
  kernels.algorithm = fmt::format(
      "outer products of {} x {} vectors{} over {} rows of an image, {} parts of the batch",
      w.plan.rows, w.plan.vectors, w.plan.pixels > 1 ? ", two pixels at a time," : "", w.plan.block,
      w.plan.parts);
  return kernels;
}

}  // namespace burin::lower
