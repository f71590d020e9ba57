// Tensor comparison for tests and the conformance runner.
#include "tests/support/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace burin::test {

namespace {

bool close(double actual, double expected, Tolerance t) {
  if (std::isnan(actual) || std::isnan(expected)) return std::isnan(actual) && std::isnan(expected);
  if (std::isinf(actual) || std::isinf(expected)) return actual == expected;
  return std::abs(actual - expected) <= t.absolute + t.relative * std::abs(expected);
}

}  // namespace

std::string difference_within(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  if (actual.type() != expected.type()) {
    return fmt::format("is {} where {} is expected", actual.type().text(), expected.type().text());
  }
  bool floats = is_float(expected.dtype());
  if (expected.dtype() == DType::bf16) tolerance.relative = std::max(tolerance.relative, 0x1p-7);
  int64_t wrong = 0, first = 0;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    bool same = floats ? close(actual.as_double(i), expected.as_double(i), tolerance)
                       : actual.as_int(i) == expected.as_int(i);
    if (!same && wrong++ == 0) first = i;
  }
  if (wrong == 0) return {};
  return fmt::format("{} of {} elements differ, the first at {}: {} where {} is expected", wrong,
                     expected.elements(), first, actual.as_double(first),
                     expected.as_double(first));
}

}  // namespace burin::test
