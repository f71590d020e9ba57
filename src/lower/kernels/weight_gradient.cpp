// Which convolutions are gradients of weights, and how the kernels are put together.
#include "lower/kernels/weight_gradient.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/nest.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

namespace {

constexpr int64_t kBytes = 4;

bool all_ones(const Dims& dims) {
  return std::all_of(dims.begin(), dims.end(), [](int64_t d) { return d == 1; });
}

WeightGradient form_of(const DenseJob& job) {
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
  return w;
}

// The kernel that adds the parts, in order, and evaluates what follows. A tile is a channel of the
// input.
class SumEmitter {
 public:
  SumEmitter(Builder& b, const DenseJob& job, const WeightGradient& w)
      : b_(b), job_(job), w_(w), lanes_(lanes_for(job.epilogue, job.outputs, 3, *job.machine)) {}

  void emit() {
    for_range(b_, b_.index(0), b_.index(w_.taps[0]), [&](Value kh) {
      for_range(b_, b_.index(0), b_.index(w_.taps[1]), [&](Value kw) { emit_row(kh, kw); });
    });
  }

 private:
  void emit_row(Value kh, Value kw) {
    Value tap = b_.add(b_.mul(kh, b_.index(w_.taps[1])), kw);
    Value row = b_.add(b_.mul(b_.tile(), b_.index(w_.taps[0] * w_.taps[1])), tap);
    int64_t whole = w_.out / lanes_ * lanes_;
    Value from = b_.mul(row, b_.index(w_.padded_out()));
    b_.loop(b_.index(0), b_.index(whole), lanes_, [&](Value o) {
      emit_vector({b_.tile(), kh, kw, o}, from, lanes_);
    });
    b_.loop(b_.index(whole), b_.index(w_.out), 1, [&](Value o) {
      emit_vector({b_.tile(), kh, kw, o}, from, 1);
    });
  }

  void emit_vector(const std::vector<Value>& index, Value from, uint16_t lanes) {
    loop::Type type{loop::Elem::f32, lanes};
    Value at = b_.add(from, index[3]), sum;
    for (int64_t p = 0; p < w_.plan.parts; ++p) {
      int64_t part = p * w_.part_elements() * kBytes;
      Value next = b_.load(type, {b_.pointer(w_.parts_pointer), at, kBytes, part});
      sum = sum.valid() ? b_.add(sum, next) : next;
    }
    Point point;
    point.index = index;
    point.extra.assign(4, 0);
    point.lane_axis = 3;
    point.lanes = lanes;
    std::vector<Value> results = emit_expr(b_, job_.epilogue, point, std::span(&sum, 1));
    for (size_t r = 0; r < results.size(); ++r) {
      emit_store(b_, job_.outputs[r], point, {}, results[r]);
    }
  }

  Builder& b_;
  const DenseJob& job_;
  const WeightGradient& w_;
  uint16_t lanes_;
};

}  // namespace

int64_t WeightGradient::padded_out() const { return round_up(out, int64_t{lanes}); }

int64_t WeightGradient::part_elements() const { return in * taps[0] * taps[1] * padded_out(); }

bool is_weight_gradient(const graph::Graph& graph, graph::NodeId id) {
  const graph::Node& node = graph[id];
  if (node.op != graph::Op::convolution || node.type.shape.rank() != 4) return false;
  const auto& attr = std::get<graph::ConvAttr>(node.attr);
  if (attr.groups != 1 || !all_ones(attr.x_dilation)) return false;
  for (graph::NodeId operand : node.operands) {
    if (resolve_weights(graph, operand)) return false;
  }
  const Dims &window = graph.type(node.operands[1]).shape.dims(), &out = node.type.shape.dims();
  return window[0] * window[1] > out[1] * out[2];
}

std::optional<std::string> refuse_weight_gradient(const DenseJob& job) {
  if (!is_weight_gradient(*job.graph, job.node)) return "not the gradient of weights";
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  if (result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0) return "empty";
  if (job.operands[0].view.strides[2] < 1) return "the input's columns are one and the same";
  if (job.operands[1].view.strides.back() != 1) return "the result's channels are not contiguous";
  return std::nullopt;
}

DenseKernels make_weight_gradient(const DenseJob& job) {
  DenseKernels kernels;
  WeightGradient w = form_of(job);
  w.plan = plan_weight_gradient(w, *job.machine);
  w.parts_pointer = job.pointers;
  kernels.extras.push_back({w.plan.parts * w.part_elements() * kBytes, {}});

  Builder products("weight_gradient", job.pointers + 1);
  emit_weight_gradient_tile(products, w);
  DenseStage stage;
  stage.function = products.finish();
  stage.tiles = w.plan.parts * w.plan.groups;
  stage.flops = 2.0 * static_cast<double>(w.in * w.out * w.images) *
                static_cast<double>(w.pixels[0] * w.pixels[1] * w.taps[0] * w.taps[1]);
  bind_all(job, kernels, stage);
  stage.writes.assign(stage.writes.size(), false);
  stage.writes.back() = true;
  kernels.stages.push_back(std::move(stage));

  Builder sum("weight_gradient_sum", job.pointers + 1);
  SumEmitter(sum, job, w).emit();
  DenseStage last;
  last.function = sum.finish();
  last.tiles = w.in;
  last.bytes = static_cast<double>((w.plan.parts + 1) * w.part_elements() * kBytes);
  bind_all(job, kernels, last);
  kernels.stages.push_back(std::move(last));

  kernels.cycles = w.plan.cycles;
  kernels.algorithm = fmt::format(
      "outer products of {} x {} vectors over {} rows of an image, {} parts of the batch",
      w.plan.rows, w.plan.vectors, w.plan.block, w.plan.parts);
  return kernels;
}

}  // namespace burin::lower
