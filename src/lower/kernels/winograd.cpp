// Which convolutions go by Winograd's algorithm, and how the kernel is put together.
#include "lower/kernels/winograd.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;

namespace {

constexpr double kDirectShare = 0.97;  // of peak, of register tiles
constexpr double kLargeTiles = 1.1;    // F(6, 3) must be better by this: its errors are larger

std::optional<std::string> refuse_shape(const DenseJob& job) {
  const auto& attr = std::get<graph::ConvAttr>(node_of(job).attr);
  const Shape& w = operand_shape(job, 1);
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  if (w.rank() != 4 || w[0] != 3 || w[1] != 3) return "the window is not 3 x 3";
  if (!all_are(attr.stride, 1)) return "strides";
  if (!all_are(attr.w_dilation, 1) || !all_are(attr.x_dilation, 1)) return "dilated";
  if (attr.groups != 1) return "groups";
  if (result_shape(job).elements() == 0 || operand_shape(job, 0).elements() == 0) return "empty";
  if (!job.operands[0].weights && job.operands[0].view.strides.back() != 1) {
    return "the channels are not contiguous";
  }
  return std::nullopt;
}

// Cycles of the direct way.
double direct_cycles(const Conv& conv, const loop::Machine& machine) {
  double weights = 9.0 * static_cast<double>(conv.in * conv.out);
  double pixels = static_cast<double>(conv.fused.shape.elements()) / static_cast<double>(conv.out);
  int64_t lanes = machine.lanes(loop::Elem::f32);
  double padded = static_cast<double>(round_up(conv.out, lanes)) / static_cast<double>(conv.out);
  double sums = weights * padded * pixels / static_cast<double>(2 * lanes) / kDirectShare;
  return std::max(sums, weights * kF32Bytes / kMemoryBytesPerCycle);
}

struct Verdict {
  WinogradPlan plan;
  double direct = 0;  // cycles
  bool pays() const { return plan.cycles < kWorthwhile * direct; }
};

Verdict weigh(const DenseJob& job) {
  DenseKernels unused;
  Conv conv = phases_of(job, unused)[0];
  Verdict verdict;
  verdict.direct = direct_cycles(conv, *job.machine);
  for (int64_t m : kWinogradSizes) {
    WinogradPlan plan = plan_winograd(conv, m, *job.machine);
    if (m == 6) plan.cycles *= kLargeTiles;
    if (verdict.plan.cycles == 0 || plan.cycles < verdict.plan.cycles) verdict.plan = plan;
  }
  return verdict;
}

WinogradScratch layout(const Winograd& w) {
  WinogradScratch s;
  const WinogradPlan& p = w.plan;
  int64_t points = p.points.count() * p.points.count(), m = p.points.outputs();
  int64_t row = p.vectors * w.lanes, at = 0;
  auto take = [&](int64_t elements) {
    int64_t from = at;
    at += round_up(elements, kLineFloats);
    return from;
  };
  s.v_row = round_up(w.conv.in, std::max<int64_t>(w.lanes, kLineFloats));
  s.v_point = odd_lines(s.v_row * p.block);
  take(s.v_point * points);
  s.patch_pixel = s.v_row;
  s.patch = take(points * s.patch_pixel);
  s.u_point = odd_lines(p.chunk * row);
  s.u = take(p.chunk > 0 ? s.u_point * points : 0);
  s.m_row = round_up(row, kLineFloats);
  s.m_point = odd_lines(s.m_row * p.block);
  s.m = take(s.m_point * points);
  s.result = take(m * m * w.lanes);
  s.elements = at;
  return s;
}

// Pairs of channels.
double channels_of(const DenseJob& job) {
  return static_cast<double>(operand_shape(job, 1).elements() / 9);
}

// Operations of the products between the transforms.
double product_flops(const DenseJob& job, const WinogradPlan& plan) {
  double alpha = static_cast<double>(plan.points.count());
  return 2 * alpha * alpha * channels_of(job) * static_cast<double>(plan.blocks * plan.block);
}

std::string describe(const DenseJob& job, const WinogradPlan& plan) {
  const Shape& result = result_shape(job);
  double alpha = static_cast<double>(plan.points.count());
  double channels = channels_of(job), products = product_flops(job, plan);
  double direct = 18 * channels * static_cast<double>(result[0] * result[1] * result[2]);
  std::string weights =
      plan.chunk > 0
          ? fmt::format("transformed {} channels at a time", plan.chunk)
          : fmt::format("transformed to {:.1f} MB", alpha * alpha * channels * kF32Bytes / 1e6);
  return fmt::format(
      "F({}, 3): {:.2f} GFLOP of products instead of {:.2f}, {} x {} tiles, register tiles of {} x "
      "{} vectors, weights {}",
      plan.points.outputs(), products / 1e9, direct / 1e9, plan.blocks, plan.block, plan.rows,
      plan.vectors, weights);
}

}  // namespace

bool is_winograd_size(int64_t m) {
  return std::find(std::begin(kWinogradSizes), std::end(kWinogradSizes), m) !=
         std::end(kWinogradSizes);
}

int64_t odd_lines(int64_t elements) { return (ceil_div(elements, kLineFloats) | 1) * kLineFloats; }

std::optional<std::string> wants_exact_sums(const DenseJob& job) {
  if (job.exact) return "exact sums were asked for";
  for (const graph::Node& user : job.graph->nodes) {
    if (user.op == graph::Op::convert && user.operands[0] == job.node &&
        is_integer(user.type.dtype)) {
      return "the sums are used as integers";
    }
  }
  return std::nullopt;
}

std::optional<std::string> cannot_winograd(const DenseJob& job) {
  if (auto reason = wants_exact_sums(job)) return reason;
  if (auto reason = refuse_shape(job)) return reason;
  DenseKernels unused;
  Conv conv = phases_of(job, unused)[0];
  Nest nest;
  nest.outer.resize(2);
  nest.epilogue = conv.fused.expr;
  nest.outputs = conv.fused.outputs;
  nest.n = conv.out;
  nest.lanes = job.machine->lanes(loop::Elem::f32);
  return refuse_vectors(nest, *job.machine);
}

std::optional<std::string> refuse_winograd(const DenseJob& job) {
  if (auto reason = cannot_winograd(job)) return reason;
  Verdict verdict = weigh(job);
  if (verdict.pays()) return std::nullopt;
  return fmt::format("{} would take {:.2f} million cycles, the direct way {:.2f}",
                     describe(job, verdict.plan), verdict.plan.cycles / 1e6, verdict.direct / 1e6);
}

DenseKernels make_winograd(const DenseJob& job) {
  std::optional<WinogradPlan> wanted;
  if (job.parameters) {
    DenseKernels unused;
    wanted = winograd_plan_from(*job.parameters, phases_of(job, unused)[0], *job.machine);
  }
  return make_winograd(job, wanted ? *wanted : weigh(job).plan);
}

DenseKernels make_winograd(const DenseJob& job, const WinogradPlan& plan) {
  DenseKernels kernels;
  Winograd w;
  w.conv = phases_of(job, kernels)[0];
  w.lanes = job.machine->lanes(loop::Elem::f32);
  w.splits_indexed = job.machine->splits_indexed;
  w.plan = plan;
  w.scratch = layout(w);
  auto add = [&](ExtraBuffer extra) {
    kernels.extras.push_back(std::move(extra));
    return job.pointers + static_cast<int>(kernels.extras.size()) - 1;
  };
  w.weights_pointer =
      add({w.weight_elements() * kF32Bytes, w.conv.weights ? winograd_packer(w) : Fill{}});
  if (!w.conv.weights) {
    DenseStage transform = make_winograd_weights(w);
    transform.uses = {w.conv.w.pointer, w.weights_pointer};
    transform.writes = {false, true};
    kernels.stages.push_back(std::move(transform));
  }
  w.scratch_pointer = add({w.scratch.elements * kF32Bytes, {}, true});

  Builder b("winograd", job.pointers + static_cast<int>(kernels.extras.size()));
  emit_winograd_tile(b, w);
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = plan.blocks * plan.groups();
  stage.flops = 18.0 * static_cast<double>(result_shape(job).elements() * w.conv.in);
  stage.performed = product_flops(job, plan);
  bind_all(job, kernels, stage);
  stage.writes[static_cast<size_t>(w.scratch_pointer)] = true;
  kernels.stages.push_back(std::move(stage));
  kernels.algorithm = describe(job, plan);
  kernels.cycles = plan.cycles;
  kernels.choice.parameters = parameters_of(plan);
  return kernels;
}

}  // namespace burin::lower
