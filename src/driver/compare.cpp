// Element by element, in double.
#include "driver/compare.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace burin::driver {

namespace {

template <class Wanted>
Difference compare_with(const Tensor& got, int64_t elements, Wanted wanted) {
  BURIN_CHECK(got.elements() == elements, "compared tensors of different sizes");
  Difference d;
  d.elements = elements;
  for (int64_t i = 0; i < elements; ++i) {
    double g = got.as_double(i), w = wanted(i);
    if (std::isfinite(w)) d.max_wanted = std::max(d.max_wanted, std::abs(w));
    if (!std::isfinite(g) || !std::isfinite(w)) {
      bool same = (std::isnan(g) && std::isnan(w)) || g == w;
      if (!same && d.mismatches++ == 0) d.worst = i;
      continue;
    }
    double error = std::abs(g - w);
    if (error > d.max_absolute) {
      d.max_absolute = error;
      if (d.mismatches == 0) d.worst = i;
    }
  }
  return d;
}

}  // namespace

double Difference::relative() const {
  if (mismatches > 0) return INFINITY;
  if (max_absolute == 0) return 0;
  return max_wanted > 0 ? max_absolute / max_wanted : max_absolute;
}

Difference compare(const Tensor& got, const Tensor& want) {
  return compare_with(got, want.elements(), [&](int64_t i) { return want.as_double(i); });
}

Difference compare(const Tensor& got, const graph::Array& want) {
  return compare_with(got, want.type.shape.elements(), [&](int64_t i) {
    auto k = static_cast<size_t>(i);
    return is_float(want.type.dtype) ? want.f[k] : static_cast<double>(want.i[k]);
  });
}

}  // namespace burin::driver
