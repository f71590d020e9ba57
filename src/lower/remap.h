// Views and expressions under another division of the iteration space: adjacent axes made one, or
// one axis split, so that kernels see only the axes they care about.
#pragma once

#include <span>

#include "lower/expr.h"

namespace burin::lower {

// Where an axis of the new space comes from: its index counts `multiplier` steps of the old `axis`,
// from `start` on. A split axis appears twice, a merged one as the innermost of those it stands
// for.
struct AxisSource {
  int axis = 0;  // kNoAxis: of size 1, from nowhere
  int64_t multiplier = 1;
  int64_t start = 0;
};
inline constexpr int kNoAxis = -1;

View remap(const View& view, std::span<const AxisSource> axes);
// Iota leaves become sums over the new axes of theirs.
Expr remap(const Expr& expr, std::span<const AxisSource> axes);

}  // namespace burin::lower
