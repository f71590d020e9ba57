// The error function.
#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// erf(x) / x as a quotient in t = x^2, |x| <= 3.93
constexpr double kNum32[] = {1.12837923f,    0.185710788f,    0.0544965602f,   0.00388729922f,
                             0.00038499161f, 4.80349308e-06f, -1.38043674e-08f};
constexpr double kDen32[] = {1.0,           0.497915238f,   0.114267863f,
                             0.0155531168f, 0.00132290227f, 6.42916202e-05f};
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

}  // namespace

// f64: 1 - e^(-x^2) p(v) beyond 1.
Real erf(Real x) {
  if (!format_of(x).wide()) {
    Real y = max(-3.93, min(3.93, x)), t = y * y;
    return y * polynomial(t, kNum32) / polynomial(t, kDen32);
  }
  Real t = x * x, a = min(6.0, abs(x));
  Real far = 1.0 - exp(-(a * a)) * polynomial((a - 2.0) / (a + 2.0), kLarge64);
  return select(abs(x) < 1.0, x * polynomial(t, kSmall64), copysign(far, x));
}

}  // namespace burin::loop
