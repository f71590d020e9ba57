// How a gradient of weights by Winograd's algorithm is cut, by an estimate of its cycles on one
// core.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/winograd_gradient.h"

namespace burin::lower {

namespace {

constexpr double kCyclesPerPoint = 5;  // of a transform: a vector stored to a stream of its own,
constexpr double kCyclesPerSpilledPoint = 9;  // and where the second-level cache is too small
constexpr double kSumBytesPerCycle = 25;      // loaded and stored, what the products do not hide
// F(3, 6) must be better by this: its errors are larger.
constexpr double kLargeGradientTiles = 1.2;
constexpr int64_t kGradientBlocks[] = {4, 8, 12, 16, 24, 32, 48, 64, 96, 128};
constexpr int64_t kUsualBlock = 64;  // which register tile is best hardly depends on it
constexpr int64_t kParts[] = {1, 2, 4, 8};
constexpr int64_t kGroups[] = {1, 2, 4, 8};
constexpr int64_t kMostScratchBytes = 16 << 20;  // of a thread

class WinogradGradientEstimate {
 public:
  WinogradGradientEstimate(const WeightGradient& w, int64_t m, const loop::Machine& machine)
      : w_(w), m_(m), machine_(machine) {
    alpha_ = static_cast<double>(m + 2);
    pairs_ = static_cast<double>(m) / 2;
    vectors_in_ = static_cast<double>(ceil_div(w.in, int64_t{w.lanes}));
    vectors_out_ = static_cast<double>(ceil_div(w.out, int64_t{w.lanes}));
  }

  // The best of those with as many tiles of the plan as the shapes allow, up to enough; nothing if
  // every one needs too much memory.
  std::optional<WinogradGradientPlan> best() const {
    std::optional<WinogradGradientPlan> best;
    int64_t most = 0;
    for (int64_t groups : kGroups) {
      TileChoice tile = choose_tile(
          winograd_gradient_products(w_, kUsualBlock, ceil_div(w_.out, groups)), machine_);
      for (int64_t parts : kParts) {
        if (parts > 1 && parts * w_.part_elements() * kF32Bytes > kMostPartBytes) continue;
        for (int64_t block : kGradientBlocks) {
          auto plan = cut(parts, groups, block, tile);
          if (!plan) continue;
          int64_t tiles = std::min(parts * groups, kEnoughTiles);
          if (tiles < most || (tiles == most && plan->cycles >= best->cycles)) continue;
          most = tiles;
          best = plan;
        }
      }
    }
    return best;
  }

 private:
  void estimate(WinogradGradientPlan& plan) const {
    auto blocks = static_cast<double>(plan.parts * plan.blocks);
    auto groups = static_cast<double>(plan.groups()), parts = static_cast<double>(plan.parts);
    double tiles = blocks * static_cast<double>(plan.block), points = alpha_ * alpha_;
    int64_t channels = std::min(plan.panel_block * plan.vectors * w_.lanes, w_.out);
    Contraction c = winograd_gradient_products(w_, plan.block, channels);
    double step = estimate_tile(c, plan.rows, plan.vectors, machine_).value_or(0);
    double products = points * step * tiles * groups;
    double vector = points * kF32Bytes * w_.lanes;
    double sums = vector * static_cast<double>(w_.in) * vectors_out_;
    double block = vector * static_cast<double>(plan.block) * (vectors_in_ + vectors_out_ / groups);
    bool spills = block + sums / groups > static_cast<double>(machine_.l2_bytes);
    if (plan.blocks > 1) products += 2 * sums * blocks / kSumBytesPerCycle;
    double store = points * (spills ? kCyclesPerSpilledPoint : kCyclesPerPoint);
    double transforms = 2 * kCyclesPerTransform + groups * vectors_in_ * (input_cycles() + store) +
                        vectors_out_ * (dy_cycles() + store);
    plan.cycles = products + tiles * transforms + parts * taps_cycles();
  }

  std::optional<WinogradGradientPlan> cut(int64_t parts, int64_t groups, int64_t block,
                                          const TileChoice& tile) const {
    WinogradGradientPlan plan = cut_winograd_gradient(w_, m_, parts, block);
    if (plan.parts != parts) return std::nullopt;
    plan.rows = tile.rows, plan.vectors = tile.vectors;
    plan.panels = split_panels(w_.out, tile.vectors * w_.lanes).count();
    plan.panel_block = ceil_div(plan.panels, groups);
    if (plan.groups() != groups) return std::nullopt;
    if (winograd_gradient_scratch(w_, plan).elements * kF32Bytes > kMostScratchBytes) {
      return std::nullopt;
    }
    estimate(plan);
    return plan;
  }

  // Of one vector of channels of a Winograd tile, without its stores.
  double input_cycles() const {
    return 2 * alpha_ * (2 * pairs_ + 2 * pairs_ * pairs_) / kTransformOpsPerCycle;
  }
  double dy_cycles() const {
    auto m = static_cast<double>(m_);
    return (alpha_ + m) * pairs_ * m / kTransformOpsPerCycle;
  }
  // Of a part: the transform of all sums.
  double taps_cycles() const {
    double ops = (alpha_ + 3) * (2 * pairs_ + 3 * pairs_) + kWinogradTaps;
    return static_cast<double>(w_.in) * vectors_out_ * ops / kTransformOpsPerCycle;
  }

  const WeightGradient& w_;
  int64_t m_;
  const loop::Machine& machine_;
  double alpha_, pairs_, vectors_in_, vectors_out_;
};

}  // namespace

Contraction winograd_gradient_products(const WeightGradient& w, int64_t block, int64_t channels) {
  Contraction c;
  c.nest.lanes = w.lanes;
  c.nest.m = w.in;
  c.nest.n = channels;
  c.k = block;
  return c;
}

WinogradGradientPlan cut_winograd_gradient(const WeightGradient& w, int64_t m, int64_t parts,
                                           int64_t block) {
  WinogradGradientPlan plan;
  plan.points = winograd_points(m);
  plan.grid.tiles_h = ceil_div(w.pixels[0], m);
  plan.grid.tiles_w = ceil_div(w.pixels[1], m);
  plan.grid.tiles = w.images * plan.grid.tiles_h * plan.grid.tiles_w;
  plan.parts = std::min(parts, plan.grid.tiles);
  int64_t tiles = ceil_div(plan.grid.tiles, plan.parts);
  plan.blocks = ceil_div(tiles, block);
  plan.block = ceil_div(tiles, plan.blocks);
  return plan;
}

WinogradGradientScratch winograd_gradient_scratch(const WeightGradient& w,
                                                  const WinogradGradientPlan& plan) {
  WinogradGradientScratch s;
  int64_t points = plan.points.count() * plan.points.count(), at = 0;
  int64_t width = plan.vectors * w.lanes, group = plan.panel_block * width;
  auto take = [&](int64_t elements) {
    int64_t from = at;
    at += round_up(elements, kLineFloats);
    return from;
  };
  s.v_row = odd_lines(round_up(w.in, int64_t{w.lanes}));
  s.v_point = odd_lines(s.v_row * plan.block);
  take(s.v_point * points);
  s.d_row = odd_lines(group);
  s.d_point = odd_lines(s.d_row * plan.block);
  s.d = take(s.d_point * points);
  s.sums_panel = width * w.in;
  s.sums_point = odd_lines(s.sums_panel * plan.panel_block);
  s.sums = take(s.sums_point * points);
  s.patch_pixel = odd_lines(std::max(round_up(w.in, int64_t{w.lanes}), group));
  s.patch = take(points * s.patch_pixel);
  s.elements = at;
  return s;
}

std::optional<WinogradGradientPlan> plan_winograd_gradient(const WeightGradient& w,
                                                           const loop::Machine& machine) {
  std::optional<WinogradGradientPlan> best;
  for (int64_t m : kWinogradSizes) {
    auto plan = WinogradGradientEstimate(w, m, machine).best();
    if (!plan) continue;
    if (m == 6) plan->cycles *= kLargeGradientTiles;
    if (!best || plan->cycles < best->cycles) best = plan;
  }
  return best;
}

}  // namespace burin::lower
