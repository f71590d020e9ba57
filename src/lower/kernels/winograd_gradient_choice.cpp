// Plans of gradients by Winograd's algorithm as parameters: written, read back with every value
// checked, and varied.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/winograd_gradient.h"

namespace burin::lower {

namespace {

constexpr int64_t kMostGradientBlock = 512,
                  kMostGradientParts = 64;  // scratch memory and parts grow with them
constexpr int64_t kMostBytes = 64 << 20;    // of either

}  // namespace

Parameters parameters_of(const WinogradGradientPlan& plan) {
  return {{"m", plan.points.outputs()}, {"parts", plan.parts},
          {"block", plan.block},        {"rows", plan.rows},
          {"vectors", plan.vectors},    {"panel_block", plan.panel_block}};
}

std::optional<WinogradGradientPlan> winograd_gradient_plan_from(const Parameters& parameters,
                                                                const WeightGradient& w,
                                                                const loop::Machine& machine) {
  auto read = [&](std::string_view name, int64_t most) -> int64_t {
    int64_t value = find_parameter(parameters, name).value_or(0);
    return value >= 1 && value <= most ? value : 0;
  };
  int64_t m = find_parameter(parameters, "m").value_or(0);
  int64_t parts = read("parts", kMostGradientParts), block = read("block", kMostGradientBlock);
  if (!is_winograd_size(m) || parts == 0 || block == 0) return std::nullopt;
  WinogradGradientPlan plan = cut_winograd_gradient(w, m, parts, block);
  plan.rows = read("rows", std::min(w.in, kMostRows));
  plan.vectors = read("vectors", std::min(ceil_div(w.out, int64_t{w.lanes}), kMostVectors));
  if (plan.parts != parts || plan.block != block || plan.rows == 0 || plan.vectors == 0) {
    return std::nullopt;
  }
  Contraction c = winograd_gradient_products(w, block, w.out);
  if (!estimate_tile(c, plan.rows, plan.vectors, machine)) return std::nullopt;
  plan.panels = split_panels(w.out, plan.vectors * w.lanes).count();
  plan.panel_block = read("panel_block", plan.panels);
  if (plan.panel_block == 0) return std::nullopt;
  int64_t scratch = winograd_gradient_scratch(w, plan).elements;
  if (std::max(scratch, parts * w.part_elements()) * kF32Bytes > kMostBytes) return std::nullopt;
  return plan;
}

std::vector<Parameters> winograd_gradient_alternatives(const DenseJob& job,
                                                       const Parameters& around) {
  const loop::Machine& machine = *job.machine;
  WeightGradient w = weight_gradient_of(job);
  std::optional<WinogradGradientPlan> now = winograd_gradient_plan_from(around, w, machine);
  std::vector<Parameters> found;
  if (!now) return found;
  auto add = [&](const WinogradGradientPlan& plan) {
    Parameters p = parameters_of(plan);
    if (p == around || std::find(found.begin(), found.end(), p) != found.end()) return;
    if (winograd_gradient_plan_from(p, w, machine)) found.push_back(std::move(p));
  };
  auto vary = [&](int64_t m, int64_t parts, int64_t block) {
    WinogradGradientPlan plan = cut_winograd_gradient(w, m, parts, block);
    plan.rows = now->rows, plan.vectors = now->vectors;
    plan.panel_block = now->panel_block;
    add(plan);
  };
  int64_t m = now->points.outputs();
  for (auto [numerator, denominator] : {std::pair{1, 2}, {2, 3}, {3, 2}, {2, 1}}) {
    vary(m, now->parts, std::max<int64_t>(1, now->block * numerator / denominator));
  }
  for (int64_t other : kWinogradSizes) vary(other, now->parts, now->block);
  for (int64_t groups : {1, 2, 4, 8}) {
    WinogradGradientPlan plan = *now;
    plan.panel_block = ceil_div(plan.panels, groups);
    add(plan);
  }
  return found;
}

}  // namespace burin::lower
