// Chooses the axis to cut: the outermost at which a whole step is small enough.
#include "lower/kernels/tiles.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"

namespace burin::lower {

using loop::Builder;
using loop::Value;

int64_t share_evenly(int64_t size, int64_t chunk, int64_t step, int64_t before) {
  auto tiles = [&](int64_t c) { return before * ceil_div(size, c); };
  if (tiles(chunk) == 1 || tiles(chunk) >= 2 * kEnoughTiles) return chunk;
  for (int64_t c = chunk; 2 * c >= chunk && c > 0; c -= step) {
    if (tiles(c) % 2 == 0) return c;
  }
  return chunk;
}

TilePlan plan_tiles(const Dims& sizes, double work, double least, int vector_axis, int64_t vector) {
  TilePlan plan{.sizes = sizes};
  if (sizes.empty()) return plan;
  // Work behind one step of each axis.
  std::vector<double> inner(sizes.size(), work);
  for (size_t a = sizes.size() - 1; a-- > 0;) {
    inner[a] = inner[a + 1] * static_cast<double>(sizes[a + 1]);
  }
  least = std::max(least, inner[0] * static_cast<double>(sizes[0]) / kMostMapTiles);
  while (plan.axis + 1 < sizes.size() && inner[plan.axis] > least) ++plan.axis;
  int64_t size = sizes[plan.axis];
  double steps = std::ceil(least / std::max(inner[plan.axis], 1.0));
  plan.chunk = std::clamp<int64_t>(static_cast<int64_t>(std::min(steps, 1e18)), 1, size);
  if (static_cast<int>(plan.axis) == vector_axis) plan.chunk = round_up(plan.chunk, vector);
  int64_t before = 1;
  for (size_t a = 0; a < plan.axis; ++a) before *= sizes[a];
  int64_t step = static_cast<int>(plan.axis) == vector_axis ? vector : 1;
  plan.chunk = share_evenly(size, plan.chunk, step, before);
  plan.tiles = before * ceil_div(size, plan.chunk);
  return plan;
}

std::vector<Range> TilePlan::emit(Builder& b) const {
  std::vector<Range> ranges;
  if (sizes.empty()) return ranges;
  int64_t chunks = ceil_div(sizes[axis], chunk);
  Value rest = b.tile(), one = b.index(1);
  Value lo = b.index(0), hi = b.index(sizes[axis]);
  if (chunks > 1) {
    lo = b.mul(axis == 0 ? rest : b.rem(rest, b.index(chunks)), b.index(chunk));
    hi = b.add(lo, b.index(chunk));
    if (sizes[axis] % chunk != 0) hi = b.min(hi, b.index(sizes[axis]));
    rest = b.div(rest, b.index(chunks));
  }
  ranges.resize(sizes.size());
  ranges[axis] = {lo, hi};
  for (size_t a = axis; a-- > 0;) {
    Value at = sizes[a] == 1 ? b.index(0) : a == 0 ? rest : b.rem(rest, b.index(sizes[a]));
    rest = b.div(rest, b.index(sizes[a]));
    ranges[a] = {at, b.add(at, one), true};
  }
  for (size_t a = axis + 1; a < sizes.size(); ++a) ranges[a] = {b.index(0), b.index(sizes[a])};
  return ranges;
}

}  // namespace burin::lower
