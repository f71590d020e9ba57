// The error function.
#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// erf(x) / x = P(t) / Q(t) in t = x^2 on [0, 3.92^2], from where on erf rounds to 1
constexpr double kNumerator32[] = {1.12837911f,    0.190407112f,    0.0527488180f,
                                   0.00376564718f, 0.000284883863f, 2.05008794e-06f};
constexpr double kDenominator32[] = {1,           0.502076626f,   0.114109389f,
                                     0.01496928f, 0.00116254366f, 3.80917801e-05f};
// erf(x) / x in t = x^2 on [0, 1]
constexpr double kSmall64[] = {
    1.1283791670955126,      -0.37612638903183754,    0.11283791670955119,
    -0.026866170645129712,   0.0052239776254218292,   -0.00085483270218351471,
    0.00012055332898546537,  -1.4925647440784377e-05, 1.6462042910065495e-06,
    -1.6364607452505763e-07, 1.4792080037918158e-08,  -1.2162642979295901e-09,
    8.7023818383510265e-11,  -4.2207009303777493e-12};
// e^(x^2) erfc(x) in v = (x - 2) / (x + 2), x on [1, 6]
constexpr double kLarge64[] = {
    0.25539567631050575,     -0.42718584741395826,    0.24165819424245807,
    -0.078978581015875238,   0.0037328924051928504,   0.0069974617636634493,
    -0.00084714319734038477, -0.00098197813793453499, 4.354937295414251e-05,
    0.00017436971587664473,  2.766687155541587e-05,   -2.7314462470691662e-05,
    -1.4607280182662423e-05, -1.6292069000410699e-06};

// The polynomial of six coefficients by pairs, which round less than Horner's long chain.
Real by_pairs(Real t, Real t2, const double (&c)[6]) {
  Real low = fma(t, c[1], c[0]), middle = fma(t, c[3], c[2]), high = fma(t, c[5], c[4]);
  return fma(fma(high, t2, middle), t2, low);
}

Real erf32(Real x) {
  Real y = max(-3.92, min(3.92, x));
  Real t = y * y, t2 = t * t;
  Real ratio = y * by_pairs(t, t2, kNumerator32) / by_pairs(t, t2, kDenominator32);
  return max(-1.0, min(1.0, ratio));
}

}  // namespace

// A rational function for f32. For f64 an odd polynomial near zero, else 1 - e^(-x^2) p(v). The
// clamps keep NaN.
Real erf(Real x) {
  if (!format_of(x).wide()) return erf32(x);
  Real t = x * x, a = abs(x), y = min(6.0, a);
  Real far = 1.0 - exp_within(-(y * y), nullptr, 0) * polynomial((y - 2.0) / (y + 2.0), kLarge64);
  return select(a < 1.0, x * polynomial(t, kSmall64), copysign(far, x));
}

}  // namespace burin::loop
