// Winograd plans as parameters: written, read back with every value checked, and varied.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr int64_t kMostBlock = 128;  // Winograd tiles: scratch memory grows with them

Conv conv_of(const DenseJob& job) {
  DenseKernels unused;
  return phases_of(job, unused)[0];
}

// The register tiles that the model likes best for blocks of this size.
std::vector<std::pair<int64_t, int64_t>> best_tiles(const Conv& conv, int64_t block,
                                                    const loop::Machine& machine) {
  constexpr size_t kCount = 3;
  Contraction c = winograd_products(conv, block, machine.lanes(loop::Elem::f32));
  std::vector<std::pair<double, std::pair<int64_t, int64_t>>> tiles;
  for (int64_t vectors = 1; vectors <= kMostVectors; ++vectors) {
    if ((vectors - 1) * c.nest.lanes >= c.nest.n) break;
    for (int64_t count = 1; count <= block; ++count) {
      int64_t rows = ceil_div(block, count);
      if (rows > kMostRows) continue;
      auto cycles = estimate_tile(c, rows, vectors, machine);
      if (cycles) tiles.push_back({*cycles, {rows, vectors}});
    }
  }
  std::sort(tiles.begin(), tiles.end());
  tiles.erase(std::unique(tiles.begin(), tiles.end()), tiles.end());
  std::vector<std::pair<int64_t, int64_t>> best;
  for (size_t i = 0; i < std::min(tiles.size(), kCount); ++i) best.push_back(tiles[i].second);
  return best;
}

}  // namespace

Parameters parameters_of(const WinogradPlan& plan) {
  return {{"m", plan.points.outputs()},
          {"block", plan.block},
          {"rows", plan.rows},
          {"vectors", plan.vectors},
          {"panel_block", plan.panel_block},
          {"chunk", plan.chunk}};
}

std::optional<WinogradPlan> winograd_plan_from(const Parameters& parameters, const Conv& conv,
                                               const loop::Machine& machine) {
  auto read = [&](std::string_view name, int64_t most) -> int64_t {
    int64_t value = find_parameter(parameters, name).value_or(0);
    return value >= 1 && value <= most ? value : 0;
  };
  int64_t m = find_parameter(parameters, "m").value_or(0), block = read("block", kMostBlock);
  if (!is_winograd_size(m) || block == 0) return std::nullopt;
  WinogradPlan plan = cut_winograd(conv, m, block);
  plan.rows = read("rows", std::min(plan.block, kMostRows));
  int64_t lanes = machine.lanes(loop::Elem::f32);
  plan.vectors = read("vectors", std::min(ceil_div(conv.out, lanes), kMostVectors));
  if (plan.block != block || plan.rows == 0 || plan.vectors == 0) return std::nullopt;
  Contraction c = winograd_products(conv, block, static_cast<uint16_t>(lanes));
  if (!estimate_tile(c, plan.rows, plan.vectors, machine)) return std::nullopt;
  plan.panels = split_panels(conv.out, plan.vectors * lanes).count();
  plan.panel_block = read("panel_block", plan.panels);
  plan.chunk = find_parameter(parameters, "chunk").value_or(0);
  bool divides = plan.chunk == 0 || (plan.chunk > 0 && conv.weights && conv.in % plan.chunk == 0);
  if (plan.panel_block == 0 || !divides) return std::nullopt;
  return plan;
}

std::vector<Parameters> winograd_alternatives(const DenseJob& job, const Parameters& around) {
  const loop::Machine& machine = *job.machine;
  Conv conv = conv_of(job);
  std::optional<WinogradPlan> now = winograd_plan_from(around, conv, machine);
  std::vector<Parameters> found;
  if (!now) return found;
  auto add = [&](const WinogradPlan& plan) {
    Parameters p = parameters_of(plan);
    if (p == around || std::find(found.begin(), found.end(), p) != found.end()) return;
    int64_t tiles = plan.blocks * plan.groups(), tiles_now = now->blocks * now->groups();
    if (tiles < std::min(tiles_now, kEnoughTiles)) return;
    if (winograd_plan_from(p, conv, machine)) found.push_back(std::move(p));
  };
  for (int64_t m : kWinogradSizes) add(plan_winograd(conv, m, machine));
  for (auto [numerator, denominator] : {std::pair{1, 2}, {2, 3}, {3, 2}, {2, 1}}) {
    WinogradPlan plan = cut_winograd(conv, now->points.outputs(),
                                     std::max<int64_t>(1, now->block * numerator / denominator));
    auto tiles = best_tiles(conv, plan.block, machine);
    if (tiles.empty()) continue;
    plan.chunk = now->chunk;
    std::tie(plan.rows, plan.vectors) = tiles[0];
    plan.panels = split_panels(conv.out, plan.vectors * machine.lanes(loop::Elem::f32)).count();
    plan.panel_block = ceil_div(plan.panels, now->groups());
    add(plan);
  }
  for (auto [rows, vectors] : best_tiles(conv, now->block, machine)) {
    WinogradPlan plan = *now;
    plan.rows = rows, plan.vectors = vectors;
    plan.panels = split_panels(conv.out, vectors * machine.lanes(loop::Elem::f32)).count();
    plan.panel_block = ceil_div(plan.panels, now->groups());
    add(plan);
  }
  for (int64_t chunk : {int64_t{0}, int64_t{64}, conv.in}) {
    WinogradPlan plan = *now;
    plan.chunk = chunk;
    add(plan);
  }
  for (int64_t panels : {now->panels, ceil_div(now->panel_block, int64_t{2}), int64_t{1}}) {
    WinogradPlan plan = *now;
    plan.panel_block = panels;
    add(plan);
  }
  return found;
}

}  // namespace burin::lower
