// The scalar combination behind reduce, reduce_window and scatter: its identity and its step, for
// doubles and for each integer dtype.
#pragma once

#include <limits>

#include "ops/evaluate.h"

namespace burin::ops {

using graph::ReduceKind;

// sum 0, prod 1, max the lowest value, min the highest.
template <class T>
T identity_of(ReduceKind kind) {
  using Limits = std::numeric_limits<T>;
  constexpr bool floating = std::is_floating_point_v<T>;
  switch (kind) {
    case ReduceKind::sum: return 0;
    case ReduceKind::prod: return 1;
    case ReduceKind::max: return floating ? -Limits::infinity() : Limits::lowest();
    case ReduceKind::min: return floating ? Limits::infinity() : Limits::max();
  }
  return 0;
}

// NaN propagates through max and min; integers wrap.
template <ReduceKind kind, class T>
T combined(T a, T b) {
  if constexpr (kind == ReduceKind::sum) return static_cast<T>(bits(a) + bits(b));
  if constexpr (kind == ReduceKind::prod) return static_cast<T>(bits(a) * bits(b));
  if constexpr (kind == ReduceKind::max) return a != a || a > b ? a : b;
  return a != a || a < b ? a : b;
}

// Calls f(std::integral_constant<ReduceKind, kind>{}), so that inner loops do not ask.
template <class F>
void visit_kind(ReduceKind kind, F&& f) {
  switch (kind) {
    case ReduceKind::sum: return f(std::integral_constant<ReduceKind, ReduceKind::sum>{});
    case ReduceKind::prod: return f(std::integral_constant<ReduceKind, ReduceKind::prod>{});
    case ReduceKind::max: return f(std::integral_constant<ReduceKind, ReduceKind::max>{});
    case ReduceKind::min: return f(std::integral_constant<ReduceKind, ReduceKind::min>{});
  }
}

}  // namespace burin::ops
