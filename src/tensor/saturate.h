// Float to integer conversion that saturates instead of overflowing; NaN becomes 0.
#pragma once

#include <limits>

namespace burin {

template <class To>
To saturate(double v) {
  using Limits = std::numeric_limits<To>;
  if (v != v) return 0;
  if (v <= static_cast<double>(Limits::min())) return Limits::min();
  if (v >= static_cast<double>(Limits::max())) return Limits::max();
  return static_cast<To>(v);
}

}  // namespace burin
