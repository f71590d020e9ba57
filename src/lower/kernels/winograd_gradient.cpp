// Which gradients of weights go by Winograd's algorithm, and how the kernels are put together.
#include "lower/kernels/winograd_gradient.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"

namespace burin::lower {

using loop::Builder;

namespace {

// Operations of the products between the transforms.
double product_flops(const WeightGradient& w, const WinogradGradientPlan& plan) {
  auto alpha = static_cast<double>(plan.points.count());
  return 2 * alpha * alpha * static_cast<double>(w.in * w.out) *
         static_cast<double>(plan.parts * plan.blocks * plan.block);
}

std::string describe(const WeightGradient& w, const WinogradGradientPlan& plan) {
  return fmt::format(
      "F(3, {}): {:.2f} GFLOP of products instead of {:.2f}, {} parts of {} x {} tiles, {} groups "
      "of channels, register tiles of {} x {} vectors",
      plan.points.outputs(), product_flops(w, plan) / 1e9, weight_gradient_flops(w) / 1e9,
      plan.parts, plan.blocks, plan.block, plan.groups(), plan.rows, plan.vectors);
}

}  // namespace

std::optional<std::string> cannot_winograd_gradient(const DenseJob& job) {
  if (auto reason = refuse_weight_gradient(job)) return reason;
  if (auto reason = wants_exact_sums(job)) return reason;
  WeightGradient w = weight_gradient_of(job);
  if (!all_are(w.taps, 3)) return "the window is not 3 x 3";
  if (!all_are(w.step, 1)) return "strides";
  if (!all_are(w.dilation, 1)) return "dilated";
  if (w.x.strides[0] != 1) return "the input's channels are not contiguous";
  if (!plan_winograd_gradient(w, *job.machine)) return "its sums need too much memory";
  return std::nullopt;
}

std::optional<std::string> refuse_winograd_gradient(const DenseJob& job) {
  if (auto reason = cannot_winograd_gradient(job)) return reason;
  WeightGradient w = weight_gradient_of(job);
  WinogradGradientPlan plan = plan_winograd_gradient(w, *job.machine).value();
  double direct = plan_weight_gradient(w, *job.machine).cycles;
  if (plan.cycles < kWorthwhile * direct) return std::nullopt;
  return fmt::format("{} would take {:.2f} million cycles, outer products {:.2f}",
                     describe(w, plan), plan.cycles / 1e6, direct / 1e6);
}

DenseKernels make_winograd_gradient(const DenseJob& job) {
  WeightGradient w = weight_gradient_of(job);
  std::optional<WinogradGradientPlan> wanted;
  if (job.parameters) wanted = winograd_gradient_plan_from(*job.parameters, w, *job.machine);
  return make_winograd_gradient(job,
                                wanted ? *wanted : plan_winograd_gradient(w, *job.machine).value());
}

DenseKernels make_winograd_gradient(const DenseJob& job, const WinogradGradientPlan& plan) {
  DenseKernels kernels;
  WinogradGradient w;
  w.base = weight_gradient_of(job);
  w.base.plan.parts = plan.parts;
  w.base.parts_pointer = job.pointers;
  w.plan = plan;
  w.scratch = winograd_gradient_scratch(w.base, plan);
  kernels.extras.push_back({plan.parts * w.base.part_elements() * kF32Bytes, {}});
  DenseStage sum = make_weight_gradient_sum(job, epilogue_of(job), w.base, kernels);
  w.scratch_pointer = job.pointers + 1;
  kernels.extras.push_back({w.scratch.elements * kF32Bytes, {}, true});

  Builder b("winograd_gradient", job.pointers + 2);
  emit_winograd_gradient_tile(b, w);
  DenseStage stage;
  stage.function = b.finish();
  stage.tiles = plan.parts * plan.groups();
  stage.flops = weight_gradient_flops(w.base);
  stage.performed = product_flops(w.base, plan);
  bind_all(job, kernels, stage);
  stage.writes.assign(stage.writes.size(), false);
  stage.writes[static_cast<size_t>(w.base.parts_pointer)] = true;
  stage.writes[static_cast<size_t>(w.scratch_pointer)] = true;
  kernels.stages.push_back(std::move(stage));
  kernels.stages.push_back(std::move(sum));
  kernels.algorithm = describe(w.base, plan);
  kernels.cycles = plan.cycles;
  kernels.choice.parameters = parameters_of(plan);
  return kernels;
}

}  // namespace burin::lower
