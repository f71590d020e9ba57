// The maths library through the interpreter against the C library in higher precision.
#include "loop/math.h"

#include <gtest/gtest.h>
#include <xmmintrin.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/rng.h"
#include "tests/support/engrave_support.h"
#include "tests/support/math_sweep.h"

namespace burin::loop {

namespace {

constexpr double kMaxUlp = 4;
constexpr double kMaxUlpErf32 = 6;

//  name, reference in T (double for f32, long double for f64)
// clang-format off
#define BURIN_MATH_CASES(X)                                                                \
  X(exp, std::exp(x)) X(expm1, std::expm1(x)) X(log, std::log(x)) X(log1p, std::log1p(x))  \
  X(sin, std::sin(x)) X(cos, std::cos(x)) X(tan, std::tan(x)) X(asin, std::asin(x))        \
  X(acos, std::acos(x)) X(atan, std::atan(x)) X(sinh, std::sinh(x)) X(cosh, std::cosh(x))  \
  X(tanh, std::tanh(x)) X(asinh, std::asinh(x)) X(acosh, std::acosh(x))                    \
  X(atanh, std::atanh(x)) X(logistic, 1 / (1 + std::exp(-x))) X(erf, std::erf(x))          \
  X(rsqrt, 1 / std::sqrt(x)) X(sign, std::isnan(x) || x == 0 ? x : std::copysign(T{1}, x))
// clang-format on

struct MathCase {
  const char* name;
  Real (*function)(Real);
  double (*reference)(double);
  long double (*wide_reference)(long double);
};

const MathCase kCases[] = {
#define X(name, expression)             \
  {#name, name,                         \
   [](double x) -> double {             \
     using T = double;                  \
     return static_cast<T>(expression); \
   },                                   \
   [](long double x) -> long double {   \
     using T = long double;             \
     return static_cast<T>(expression); \
   }},
    BURIN_MATH_CASES(X)
#undef X
};

template <class T, class Reference>
void expect_close(const MathCase& c, const std::vector<T>& x, uint16_t lanes, Reference reference,
                  const RunKernel& run = interpreted()) {
  auto got = map_math<T>([&](Real u, Real) { return c.function(u); }, x, {}, lanes, run);
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double error = ulp_error<T>(got[i], reference(x[i]));
    if (error > worst) worst = error, at = i;
  }
  bool wider = std::string_view(c.name) == "erf" && sizeof(T) == 4;
  EXPECT_LE(worst, wider ? kMaxUlpErf32 : kMaxUlp)
      << c.name << "(" << std::hexfloat << x[at] << ") gives " << got[at] << " instead of "
      << static_cast<T>(reference(x[at]));
  ::testing::Test::RecordProperty(c.name, std::to_string(worst));
}

template <class T>
void expect_same_bits(const char* name, const std::vector<T>& wanted, const std::vector<T>& got) {
  size_t differing = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    bool same = std::memcmp(&wanted[i], &got[i], sizeof(T)) == 0;
    differing += !same && !(std::isnan(wanted[i]) && std::isnan(got[i]));
  }
  EXPECT_EQ(differing, 0u) << name << " of " << 8 * sizeof(T) << " bits";
}

class MathSweep : public ::testing::TestWithParam<MathCase> {};

std::string name_of_case(const ::testing::TestParamInfo<MathCase>& info) { return info.param.name; }

}  // namespace

TEST_P(MathSweep, F32) {
  expect_close<float>(GetParam(), sweep_f32(16411), 8, GetParam().reference);
}

TEST_P(MathSweep, F64) {
  expect_close<double>(GetParam(), sample_f64(1, 50000), 4, GetParam().wide_reference);
}

// All 2^32 arguments, in pieces.
TEST_P(MathSweep, DISABLED_EveryF32) {
  for (uint32_t start = 0; start < 256; ++start) {
    std::vector<float> x;
    for (uint64_t bits = start; bits < uint64_t{1} << 32; bits += 256) {
      auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
      if (std::isnormal(value)) x.push_back(value);
    }
    expect_close<float>(GetParam(), x, 16, GetParam().reference);
  }
}

INSTANTIATE_TEST_SUITE_P(Math, MathSweep, ::testing::ValuesIn(kCases), name_of_case);

// As the runtime executes kernels: denormal operands and results are zero.
TEST(Math, StaysCloseWhenDenormalsAreFlushed) {
  isa::Target target = isa::target_named("avx2");
  if (!isa::can_run(target)) GTEST_SKIP() << "no AVX2 here";
  RunKernel flushed = [&](const Function& f, std::span<void* const> buffers) {
    isa::Code code = isa::engrave_or_fail(f, target);
    unsigned saved = _mm_getcsr();
    _mm_setcsr(saved | _MM_FLUSH_ZERO_ON | 0x40 /* denormals are zero */);
    isa::run_code(code, {buffers.begin(), buffers.end()});
    _mm_setcsr(saved);
  };
  for (const MathCase& c : kCases) {
    expect_close<float>(c, sweep_f32(100003), 8, c.reference, flushed);
    expect_close<double>(c, sample_f64(6, 4000), 4, c.wide_reference, flushed);
  }
}

// Without that mode the bits are the interpreter's.
TEST(Math, EngravedCodeGivesTheBitsOfTheInterpreter) {
  std::vector<float> x = sweep_f32(1 << 21);
  std::vector<double> u = sample_f64(2, 4000);
  for (const char* name : {"avx2", "avx512"}) {
    isa::Target target = isa::target_named(name);
    if (!isa::can_run(target)) continue;
    RunKernel engraved = [&](const Function& f, std::span<void* const> buffers) {
      isa::run_code(isa::engrave_or_fail(f, target), {buffers.begin(), buffers.end()});
    };
    for (const MathCase& c : kCases) {
      MathFunction f = [&](Real v, Real) { return c.function(v); };
      uint16_t lanes = target.machine.lanes(Elem::f32);
      expect_same_bits(c.name, map_math<float>(f, x, {}, lanes, interpreted()),
                       map_math<float>(f, x, {}, lanes, engraved));
      lanes /= 2;
      expect_same_bits(c.name, map_math<double>(f, u, {}, lanes, interpreted()),
                       map_math<double>(f, u, {}, lanes, engraved));
    }
  }
}

TEST(Math, EveryLaneCountGivesTheSameBits) {
  std::vector<float> x = sweep_f32(1 << 22);
  for (const MathCase& c : kCases) {
    MathFunction f = [&](Real u, Real) { return c.function(u); };
    auto wide = map_math<float>(f, x, {}, 16, interpreted());
    auto one = map_math<float>(f, x, {}, 1, interpreted());
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(std::bit_cast<uint32_t>(wide[i]), std::bit_cast<uint32_t>(one[i])) << c.name;
    }
  }
}

namespace {

template <class T>
void expect_pow(const std::vector<T>& x, const std::vector<T>& y) {
  auto got = map_math<T>([](Real u, Real v) { return pow(u, v); }, x, y, 8, interpreted());
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    long double wanted = std::pow(static_cast<long double>(x[i]), static_cast<long double>(y[i]));
    double error = ulp_error<T>(got[i], wanted);
    if (error > worst) worst = error, at = i;
  }
  EXPECT_LE(worst, kMaxUlp) << "pow(" << std::hexfloat << x[at] << ", " << y[at] << ") gives "
                            << got[at];
}

template <class T>
void expect_fmod(const std::vector<T>& x, const std::vector<T>& y) {
  auto got = map_math<T>([](Real u, Real v) { return fmod(u, v); }, x, y, 4, interpreted());
  for (size_t i = 0; i < x.size(); ++i) {
    T wanted = std::fmod(x[i], y[i]);
    if (std::fabs(wanted) < std::numeric_limits<T>::min() && wanted != 0) continue;
    EXPECT_EQ(ulp_error<T>(got[i], wanted), 0)
        << "fmod(" << std::hexfloat << x[i] << ", " << y[i] << ") gives " << got[i];
  }
}

// All pairs of numbers that are special to powers and remainders.
template <class T>
void edge_pairs(std::vector<T>* x, std::vector<T>* y) {
  T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> edges = {0,
                          1,
                          2,
                          3,
                          T(0.5),
                          T(1.5),
                          T(-0.5),
                          inf,
                          nan,
                          T(1e10),
                          T(1e30),
                          T(0.999),
                          T(16777215),
                          T(4503599627370497),
                          std::numeric_limits<T>::min(),
                          std::numeric_limits<T>::max()};
  for (size_t i = edges.size(); i-- > 0;) edges.push_back(-edges[i]);
  for (T u : edges) {
    for (T v : edges) x->push_back(u), y->push_back(v);
  }
}

}  // namespace

TEST(Math, PowF32) {
  std::vector<float> x, y;
  edge_pairs(&x, &y);
  Rng rng(7);
  std::vector<float> base = sweep_f32(40009);
  for (float v : base) {
    float a = rng.below(3) ? std::fabs(v) : v, scale = std::log2(std::fabs(v));
    x.push_back(a);  // so that the results cover all magnitudes
    y.push_back(static_cast<float>(rng.uniform(-130, 130)) / (scale == 0 ? 1 : scale));
    x.push_back(static_cast<float>(rng.uniform(0.5, 1.5)));
    y.push_back(static_cast<float>(rng.uniform(-300, 300)));
    x.push_back(v);
    y.push_back(static_cast<float>(rng.below(9) - 4));
  }
  expect_pow(x, y);
}

TEST(Math, PowF64) {
  std::vector<double> x, y;
  edge_pairs(&x, &y);
  Rng rng(8);
  for (int i = 0; i < 20000; ++i) {
    double a = std::ldexp(rng.uniform(1, 2), static_cast<int>(rng.below(2000)) - 1000);
    x.push_back(a);
    y.push_back(rng.uniform(-1060, 1060) / std::log2(a));
    x.push_back(rng.uniform(0.5, 1.5));
    y.push_back(rng.uniform(-2000, 2000));
  }
  expect_pow(x, y);
}

TEST(Math, FmodIsExact) {
  std::vector<float> x, y;
  edge_pairs(&x, &y);
  Rng rng(9);
  for (int i = 0; i < 20000; ++i) {
    auto bits = [&] { return std::bit_cast<float>(static_cast<uint32_t>(rng.next())); };
    float a = bits(), c = bits();
    if (!std::isnormal(a) || !std::isnormal(c)) continue;
    x.push_back(a), y.push_back(c);
    x.push_back(static_cast<float>(rng.uniform(-100, 100)));
    y.push_back(static_cast<float>(rng.uniform(-9, 9)));
  }
  expect_fmod(x, y);
  std::vector<double> u, v;
  edge_pairs(&u, &v);
  std::vector<double> more = sample_f64(3, 4000), other = sample_f64(4, 4000);
  u.insert(u.end(), more.begin(), more.end());
  v.insert(v.end(), other.begin(), other.end());
  expect_fmod(u, v);
}

}  // namespace burin::loop
