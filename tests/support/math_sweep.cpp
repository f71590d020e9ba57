// The kernel is a loop over vectors; inputs are padded to whole ones.
#include "tests/support/math_sweep.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "loop/interp.h"
#include "loop/verify.h"

namespace burin::loop {

RunKernel interpreted() {
  return [](const Function& f, std::span<void* const> buffers) {
    auto result = interpret(f, buffers, 0);
    EXPECT_TRUE(result) << result.error().text();
  };
}

template <class T>
std::vector<T> map_math(const MathFunction& f, const std::vector<T>& x, const std::vector<T>& y,
                        uint16_t lanes, const RunKernel& run) {
  size_t padded = (x.size() + lanes - 1) / lanes * lanes;
  std::vector<T> a = x, c = y.empty() ? x : y, out(padded);
  a.resize(padded, T{1});
  c.resize(padded, T{1});
  Builder b("math", 3);
  Type type{sizeof(T) == 8 ? Elem::f64 : Elem::f32, lanes};
  auto bytes = static_cast<int64_t>(padded * sizeof(T));
  b.loop(b.index(0), b.index(bytes), static_cast<int64_t>(lanes * sizeof(T)), [&](Value i) {
    Real u(b, b.load(type, {b.pointer(1), i})), v(b, b.load(type, {b.pointer(2), i}));
    b.store(f(u, v).value(), {b.pointer(0), i});
  });
  Function function = b.finish();
  auto verified = verify(function);
  EXPECT_TRUE(verified) << verified.error().text();
  std::vector<void*> buffers = {out.data(), a.data(), c.data()};
  run(function, buffers);
  out.resize(x.size());
  return out;
}

template <class T>
double ulp_error(T got, long double wanted) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(wanted)) return std::isnan(got) ? 0 : 1e30;
  if (std::isnan(got)) return 1e30;
  if (wanted == 0) return got == 0 && std::signbit(got) == std::signbit(wanted) ? 0 : 1e30;
  long double smallest = 4 * Limits::min(), overflow = std::ldexp(1.0L, Limits::max_exponent);
  if (std::fabs(wanted) < smallest && std::fabs(got) <= smallest) return 0;
  auto finite = [&](long double v) {
    return std::fabs(v) > overflow ? std::copysign(overflow, v) : v;
  };
  long double want = finite(wanted), have = finite(got);
  int exponent = 0;
  std::frexp(want, &exponent);
  exponent = std::max(exponent, Limits::min_exponent);
  long double ulp = std::ldexp(1.0L, exponent - Limits::digits);
  return static_cast<double>(std::fabs(have - want) / ulp);
}

std::vector<float> sweep_f32(uint32_t stride) {
  float inf = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0.f,
                          -0.f,
                          1.f,
                          -1.f,
                          inf,
                          -inf,
                          std::nanf(""),
                          0x1p-126f,
                          -0x1p-126f,
                          0.5f,
                          -0.5f,
                          88.722839f,
                          88.7228394f,
                          -87.3365447f,
                          0x1.fffffep127f,
                          -0x1.fffffep127f,
                          2.f,
                          3.f,
                          -2.f,
                          1.57079637f,
                          3.14159274f,
                          1e5f,
                          16777216.f,
                          0x1.000002p0f,
                          0x1.fffffep-1f};
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += stride) {
    auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if (std::isnormal(value)) x.push_back(value);
  }
  Rng rng(5);
  for (size_t n = x.size() / 2; n-- > 0;) x.push_back(static_cast<float>(rng.uniform(-10, 10)));
  return x;
}

std::vector<double> sample_f64(uint64_t seed, size_t count) {
  Rng rng(seed);
  double inf = std::numeric_limits<double>::infinity();
  std::vector<double> x = {0.0,          -0.0,      1.0,    -1.0, inf, -inf,
                           std::nan(""), 0x1p-1022, 0.5,    -0.5, 2.0, 709.782712893384,
                           -708.39,      1e300,     -1e300, 3.0,  1e9, 1e10,
                           0x1p30,       0x1p53};
  while (x.size() < count) {
    int kind = static_cast<int>(rng.below(4));
    double v = std::bit_cast<double>(rng.next());
    if (kind == 1) v = rng.uniform(-1.5, 1.5);
    if (kind == 2) v = rng.uniform(-30, 30);
    if (kind == 3) v = std::ldexp(rng.uniform(-1, 1), static_cast<int>(rng.below(60)) - 30);
    if (std::isnormal(v)) x.push_back(v);
  }
  return x;
}

template std::vector<float> map_math(const MathFunction&, const std::vector<float>&,
                                     const std::vector<float>&, uint16_t, const RunKernel&);
template std::vector<double> map_math(const MathFunction&, const std::vector<double>&,
                                      const std::vector<double>&, uint16_t, const RunKernel&);
template double ulp_error(float, long double);
template double ulp_error(double, long double);

}  // namespace burin::loop
