// How a Winograd convolution is cut, by an estimate of its cycles on one core.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

namespace {

constexpr double kOpsPerCycle = 1.4;        // of the transforms, sustained
constexpr double kBytesPerCycleL3 = 10;     // weights read again
constexpr double kBytesPerCycleMemory = 5;  // weights read for the first time
constexpr double kCyclesPerPixel = 2;       // of the result: the epilogue's, per vector
constexpr double kCyclesPerTile = 40;       // addresses, loops
constexpr int64_t kBlocks[] = {6, 8, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 84, 112};
constexpr int64_t kEnoughTiles = 8;     // of the plan, where they cost little
constexpr double kMostRepeated = 0.04;  // share of work that more tiles may add

struct Costs {
  const Conv& conv;
  const loop::Machine& machine;
  WinogradPoints points;
  double lanes, alpha, m, k;  // k: pairs of points

  Costs(const Conv& c, int64_t outputs, const loop::Machine& mach)
      : conv(c), machine(mach), points(winograd_points(outputs)) {
    lanes = mach.lanes(loop::Elem::f32);
    alpha = static_cast<double>(points.count());
    m = static_cast<double>(outputs);
    k = static_cast<double>(points.pairs.size());
  }

  double vectors(int64_t channels) const {
    return static_cast<double>(ceil_div(channels, static_cast<int64_t>(lanes)));
  }
  // Of one Winograd tile: all its input channels, all its output channels.
  double input() const {
    double ops = 2 * alpha * (2 * k + 2 * k * k);
    return kCyclesPerTile + vectors(conv.in) * ops / kOpsPerCycle;
  }
  double output() const {
    double ops = (alpha + m) * (2 * k + m * k);
    return kCyclesPerTile + vectors(conv.out) * (ops / kOpsPerCycle + kCyclesPerPixel * m * m);
  }
  double weight_bytes() const {
    return 4 * alpha * alpha * static_cast<double>(conv.in) * vectors(conv.out) * lanes;
  }
};

void choose_groups(WinogradPlan& plan, const Costs& costs, double products) {
  plan.panel_block = plan.panels;
  if (plan.blocks >= kEnoughTiles) return;
  double input = costs.input() * static_cast<double>(plan.tiles);
  auto most = 1 + static_cast<int64_t>(kMostRepeated * products / input);
  int64_t groups = std::min({most, ceil_div(kEnoughTiles, plan.blocks), plan.panels});
  plan.panel_block = ceil_div(plan.panels, groups);
}

void estimate(WinogradPlan& plan, const Costs& costs) {
  const Conv& conv = costs.conv;
  auto lanes = static_cast<uint16_t>(costs.lanes);
  TileChoice tile = choose_tile(winograd_products(conv, plan.block, lanes), costs.machine);
  plan.rows = tile.rows;
  plan.vectors = tile.vectors;
  plan.panels = split_panels(conv.out, tile.vectors * lanes).count();
  double points = costs.alpha * costs.alpha, blocks = static_cast<double>(plan.blocks);
  double products = tile.cycles * static_cast<double>(conv.in) * points * blocks;
  choose_groups(plan, costs, products);
  double tiles = static_cast<double>(plan.tiles);
  double input = costs.input() * tiles * static_cast<double>(plan.groups());
  // Products wait for weights and transformed inputs that do not stay in the second-level cache.
  double v = 4 * points * static_cast<double>(plan.block * conv.in), u = costs.weight_bytes();
  auto cache = 0.8 * static_cast<double>(costs.machine.l2_bytes);
  double again = u + v > cache ? u * blocks + v * blocks * static_cast<double>(plan.panels) : 0;
  products = std::max({products + 0.2 * again / kBytesPerCycleL3, again / kBytesPerCycleL3,
                       u / kBytesPerCycleMemory});
  plan.cycles = input + products + costs.output() * tiles;
}

}  // namespace

Contraction winograd_products(const Conv& conv, int64_t block, uint16_t lanes) {
  Contraction c;
  c.nest.lanes = lanes;
  c.nest.m = block;
  c.nest.n = conv.out;
  c.k = conv.in;
  return c;
}

WinogradPlan cut_winograd(const Conv& conv, int64_t m, int64_t block) {
  const Shape& result = conv.fused.shape;
  WinogradPlan plan;
  plan.points = winograd_points(m);
  plan.tiles_h = ceil_div(result[1], m);
  plan.tiles_w = ceil_div(result[2], m);
  plan.tiles = result[0] * plan.tiles_h * plan.tiles_w;
  plan.blocks = ceil_div(plan.tiles, block);
  plan.block = ceil_div(plan.tiles, plan.blocks);
  return plan;
}

WinogradPlan plan_winograd(const Conv& conv, int64_t m, const loop::Machine& machine) {
  Costs costs(conv, m, machine);
  WinogradPlan best;
  for (int64_t target : kBlocks) {
    WinogradPlan plan = cut_winograd(conv, m, target);
    estimate(plan, costs);
    if (best.cycles == 0 || plan.cycles < best.cycles) best = plan;
    if (plan.blocks == 1) break;
  }
  return best;
}

}  // namespace burin::lower
