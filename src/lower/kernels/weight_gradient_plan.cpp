// How the gradient of weights is cut: a small cost model over what the machine holds.
#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/nest.h"
#include "lower/kernels/tiles.h"
#include "lower/kernels/weight_gradient.h"

namespace burin::lower {

namespace {

constexpr double kAroundTile = 30, kAroundVector = 2.5;  // cycles: addresses; load and store a sum
constexpr double kAboutEqualPlan = 1.02;                 // estimates no further apart do not differ
constexpr int64_t kEnoughPixels = 64;                    // that a register tile runs over, at least
constexpr int64_t kMostResultVectors = 4, kMostPixels = 2;

int64_t choose_block(const WeightGradient& w, const loop::Machine& machine) {
  int64_t row = 4 * w.pixels[1] * (w.step[0] * w.step[1] * w.in + w.out);
  int64_t fits = std::max<int64_t>(1, machine.l1_bytes / row);
  int64_t wanted = ceil_div(kEnoughPixels, std::max<int64_t>(1, w.pixels[1]));
  int64_t most = std::max<int64_t>(1, machine.l2_bytes / 2 / row);
  return std::min(std::clamp(wanted, fits, std::max(fits, most)),
                  std::max<int64_t>(1, w.pixels[0]));
}

// Cycles that one pixel takes of one tap.
double pixel_cycles(const WeightGradient& w, int64_t rows, int64_t vectors, int64_t at_a_time,
                    double pixels) {
  double latency = kFmaLatency / static_cast<double>(at_a_time);
  auto tile = [&](int64_t r, int64_t v) {
    auto products = static_cast<double>(r * v), loads = static_cast<double>(r + v);
    double cycles = std::max({products / kFmasPerCycle, loads / kLoadsPerCycle, latency});
    return cycles + (kAroundTile + kAroundVector * products) / pixels;
  };
  Panels panels = split_panels(w.padded_out() / w.lanes, vectors);
  int64_t full = w.in / rows, rest = w.in % rows;
  double total = 0;
  for (auto [count, r] : {std::pair{full, rows}, {int64_t{rest > 0}, rest}}) {
    if (count == 0) continue;
    double across = static_cast<double>(panels.full) * tile(r, vectors);
    if (panels.rest > 0) across += tile(r, panels.rest);
    total += static_cast<double>(count) * across;
  }
  return total;
}

}  // namespace

WeightGradientPlan plan_weight_gradient(const WeightGradient& w, const loop::Machine& machine) {
  WeightGradientPlan best;
  best.block = choose_block(w, machine);
  auto pixels = static_cast<double>(best.block * w.pixels[1]);
  double all = static_cast<double>(w.images * w.pixels[0] * w.pixels[1] * w.taps[0] * w.taps[1]);
  for (int64_t vectors = 1; vectors <= std::min(kMostResultVectors, w.padded_out() / w.lanes);
       ++vectors) {
    int64_t most = (machine.vector_registers - 1 - vectors) / vectors;
    for (int64_t rows = 1; rows <= std::min(most, w.in); ++rows) {
      for (int64_t n = 1; n <= kMostPixels && n * rows <= most; ++n) {
        double cycles = all * pixel_cycles(w, rows, vectors, n, pixels);
        // Of about equal ones the narrower reads fewer lines of each pixel at a time.
        bool wider = vectors > best.vectors;
        if (best.cycles > 0 && cycles * (wider ? kAboutEqualPlan : 1) >= best.cycles) continue;
        best.rows = rows, best.vectors = vectors, best.pixels = n, best.cycles = cycles;
      }
    }
  }
  int64_t part = 4 * w.part_elements();
  int64_t fits = std::max<int64_t>(1, kMostPartBytes / part);
  best.parts = std::min({w.images, kEnoughTiles, fits});
  int64_t touched = kF32Bytes * w.images * w.pixels[0] * w.pixels[1] * (w.in + w.out);
  best.fetches = w.taps[0] * w.taps[1] == 1 && touched / best.parts > machine.l2_bytes;
  int64_t blocks = ceil_div(w.in, best.rows);
  int64_t groups = std::min(blocks, ceil_div(kEnoughTiles, best.parts));
  best.groups = ceil_div(blocks, ceil_div(blocks, groups));  // none is empty
  return best;
}

}  // namespace burin::lower
