// The points and the one-dimensional transforms of Winograd convolution. With Q_i(z) the product of
// (z - q^2) over all pairs q but the i-th, and Q(z) over all:
//   B^T d:  point 0: Q's coefficients on d0 d2 ...; infinity: the same on d1 d3 ...;
//           +-p: E +- p O with Q_i's coefficients on d2 d4 ... (E) and on d1 d3 ... (O)
//   G g:    point 0: g0; infinity: g2; +-p: g0 + p^2 g2 +- p g1
//           of a gradient's four and more elements: the polynomial in p alike, the last at infinity
//   A^T m:  y_r = [r = 0] m_0 + sum over pairs of s p^r (m_+p + (-1)^r m_-p)
//                 + [r the last] s m_infinity      with each column's scale s
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

double WinogradPoints::zero_scale() const {
  double distances = 1;
  for (double p : pairs) distances *= -p * p;
  return 1 / distances;
}

double WinogradPoints::scale(size_t pair) const {
  double p = pairs[pair], distances = 2 * p * p;
  for (double q : pairs) {
    if (q != p) distances *= p * p - q * q;
  }
  return 1 / distances / zero_scale();
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

std::vector<Value> WinogradLines::both(double p, Value even, Value odd) const {
  if (p == 1) return {b_.add(even, odd), b_.sub(even, odd)};
  return {b_.fma(odd, real(p), even), b_.fma(odd, real(-p), even)};
}

std::vector<Value> WinogradLines::inputs(int64_t group, const Load& load) const {
  size_t pairs = points_.pairs.size();
  auto pair = static_cast<size_t>(group) - 1;  // for group 0: none
  std::vector<double> c = coefficients(points_, pair);
  if (group == 0 || pair == pairs) return {dot(c, group == 0 ? 0 : 1, load)};
  Value even = dot(c, 2, load), odd = dot(c, 1, load);
  return both(points_.pairs[pair], even, odd);
}

std::vector<Value> WinogradLines::powers(int64_t count, int64_t group, const Load& load) const {
  if (group == 0) return {load(0)};
  if (group + 1 == groups()) return {load(count - 1)};
  double p = points_.pairs[static_cast<size_t>(group) - 1];
  // By Horner's scheme, the last element of each parity first.
  auto sum = [&](int64_t parity) {
    int64_t last = (count - 1 - parity) / 2 * 2 + parity;
    Value value = load(last);
    for (int64_t k = last - 2; k >= 0; k -= 2) {
      value = p == 1 ? b_.add(load(k), value) : b_.fma(value, real(p * p), load(k));
    }
    return value;
  };
  Value odd = sum(1), even = sum(0);
  return both(p, even, odd);
}

void WinogradLines::square(Line line, int64_t columns, const LoadAt& load,
                           const StoreAt& store) const {
  for (int64_t g = 0; g < groups(); ++g) {
    std::vector<std::vector<Value>> down;  // [column][row of the group]
    for (int64_t j = 0; j < columns; ++j) {
      down.push_back((this->*line)(g, [&](int64_t i) { return load(i, j); }));
    }
    for (size_t r = 0; r < down[0].size(); ++r) {
      auto across = [&](int64_t j) { return down[static_cast<size_t>(j)][r]; };
      for (int64_t h = 0; h < groups(); ++h) {
        std::vector<Value> values = (this->*line)(h, across);
        for (size_t k = 0; k < values.size(); ++k) {
          store(first_row(g) + static_cast<int64_t>(r), first_row(h) + static_cast<int64_t>(k),
                values[k]);
        }
      }
    }
  }
}

std::vector<Value> WinogradLines::outputs(int64_t count, int64_t parity, const Load& load) const {
  size_t pairs = points_.pairs.size();
  std::vector<Value> joined;
  for (int64_t i = 0; i < static_cast<int64_t>(pairs); ++i) {
    Value plus = load(1 + 2 * i), minus = load(2 + 2 * i);
    joined.push_back(parity == 0 ? b_.add(plus, minus) : b_.sub(plus, minus));
  }
  std::vector<Value> rows;
  for (int64_t r = parity; r < count; r += 2) {
    Value sum;
    auto add = [&](Value x, double scale) {
      if (sum.valid()) {
        sum = scale == 1 ? b_.add(sum, x) : b_.fma(x, real(scale), sum);
      } else {
        sum = scale == 1 ? x : b_.mul(x, real(scale));
      }
    };
    if (r == 0) add(load(0), 1);
    if (r == count - 1) add(load(points_.count() - 1), points_.infinity_scale());
    for (size_t i = 0; i < pairs; ++i) {
      double power = std::pow(points_.pairs[i], static_cast<double>(r));
      add(joined[i], power * points_.scale(i));
    }
    rows.push_back(sum);
  }
  return rows;
}

void WinogradLines::outputs(int64_t rows, const LoadAt& load, const StoreAt& store) const {
  for (int64_t parity = 0; parity < 2; ++parity) {
    std::vector<std::vector<Value>> down;  // [column][row of the parity]
    for (int64_t j = 0; j < points_.count(); ++j) {
      down.push_back(outputs(rows, parity, [&](int64_t i) { return load(i, j); }));
    }
    for (size_t r = 0; r < down[0].size(); ++r) {
      auto across = [&](int64_t j) { return down[static_cast<size_t>(j)][r]; };
      for (int64_t odd = 0; odd < 2; ++odd) {
        std::vector<Value> values = outputs(rows, odd, across);
        for (size_t k = 0; k < values.size(); ++k) {
          store(2 * static_cast<int64_t>(r) + parity, 2 * static_cast<int64_t>(k) + odd, values[k]);
        }
      }
    }
  }
}

}  // namespace burin::lower
