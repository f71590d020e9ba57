// The points and the one-dimensional transforms of Winograd convolution. With Q_i(z) the product of
// (z - q^2) over all pairs q but the i-th, and Q(z) over all:
//   B^T d:  point 0: Q's coefficients on d0 d2 ...; infinity: the same on d1 d3 ...;
//           +-p: E +- p F with Q_i's coefficients on d2 d4 ... (E) and on d1 d3 ... (F)
//   A^T m:  y_r = [r = 0] m_0 + sum over pairs of p^r (m_+p + (-1)^r m_-p) + [last r] m_infinity
#include <cmath>

#include "base/check.h"
#include "lower/kernels/winograd.h"

namespace burin::lower {

using loop::Value;

namespace {

// Coefficients, lowest first, of the product of (z - q^2) over the pairs but `skipped`.
std::vector<double> coefficients(const WinogradPoints& points, size_t skipped) {
  std::vector<double> c = {1};
  for (size_t i = 0; i < points.pairs.size(); ++i) {
    if (i == skipped) continue;
    double root = points.pairs[i] * points.pairs[i];
    c.insert(c.begin(), 0);
    for (size_t k = 0; k + 1 < c.size(); ++k) c[k] -= root * c[k + 1];
  }
  return c;
}

}  // namespace

WinogradPoints winograd_points(int64_t m) {
  switch (m) {
    case 2: return {{1}};
    case 4: return {{0.625, 1.5}};
    case 6: return {{0.5, 1, 2}};
    default: break;
  }
  BURIN_CHECK(false, "no Winograd transform for this size of tile");
}

// The coefficients, of which the last is 1, on elements first, first + 2, ...
Value WinogradLines::dot(std::span<const double> c, int64_t first, const Load& load) const {
  auto last = static_cast<int64_t>(c.size()) - 1;
  Value sum = load(first + 2 * last);
  for (int64_t k = last; k-- > 0;) {
    sum = b_.fma(load(first + 2 * k), real(c[static_cast<size_t>(k)]), sum);
  }
  return sum;
}

std::vector<Value> WinogradLines::inputs(int64_t group, const Load& load) const {
  size_t pairs = points_.pairs.size();
  auto pair = static_cast<size_t>(group) - 1;  // for group 0: none
  std::vector<double> c = coefficients(points_, pair);
  if (group == 0 || pair == pairs) return {dot(c, group == 0 ? 0 : 1, load)};
  Value even = dot(c, 2, load), odd = dot(c, 1, load);
  double p = points_.pairs[pair];
  if (p == 1) return {b_.add(even, odd), b_.sub(even, odd)};
  return {b_.fma(odd, real(p), even), b_.fma(odd, real(-p), even)};
}

std::vector<Value> WinogradLines::outputs(int64_t parity, const Load& load) const {
  std::vector<Value> pairs;
  for (int64_t i = 0; i < static_cast<int64_t>(points_.pairs.size()); ++i) {
    Value plus = load(1 + 2 * i), minus = load(2 + 2 * i);
    pairs.push_back(parity == 0 ? b_.add(plus, minus) : b_.sub(plus, minus));
  }
  int64_t m = points_.outputs();
  std::vector<Value> rows;
  for (int64_t r = parity; r < m; r += 2) {
    Value sum;
    if (r == 0) sum = load(0);
    if (r == m - 1) sum = load(m + 1);
    for (size_t i = 0; i < pairs.size(); ++i) {
      double power = std::pow(points_.pairs[i], static_cast<double>(r));
      if (power == 1) {
        sum = sum.valid() ? b_.add(sum, pairs[i]) : pairs[i];
      } else {
        sum = sum.valid() ? b_.fma(pairs[i], real(power), sum) : b_.mul(pairs[i], real(power));
      }
    }
    rows.push_back(sum);
  }
  return rows;
}

}  // namespace burin::lower
