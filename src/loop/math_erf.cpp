// The error function.
#include "loop/math.h"
#include "loop/math_parts.h"

namespace burin::loop {

namespace {

// erf(x) / x in t = x^2 on [0, 0.81]
constexpr double kSmall32[] = {1.12837911f,    -0.376125216f,  0.112821333f,
                               -0.0267786123f, 0.00501149893f, -0.000608784205f};
// -log(erfc(x)) / x on [0.9, 4]
constexpr double kLarge32[] = {1.12851691f,    0.635710359f,   0.10527169f,
                               -0.0228958838f, 0.00321668806f, -0.000214182553f};
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

// An odd polynomial near zero, else 1 - erfc(x): e^(-x p(x)) for f32, e^(-x^2) p(v) for f64. The
// clamps keep NaN.
Real erf(Real x) {
  Real t = x * x, a = abs(x);
  if (!format_of(x).wide()) {
    Real y = min(4.0, a);
    Real far = 1.0 - exp_within(-y * polynomial(y, kLarge32), nullptr, 0);
    return select(a < 0.9, x * polynomial(t, kSmall32), copysign(far, x));
  }
  Real y = min(6.0, a);
  Real far = 1.0 - exp_within(-(y * y), nullptr, 0) * polynomial((y - 2.0) / (y + 2.0), kLarge64);
  return select(a < 1.0, x * polynomial(t, kSmall64), copysign(far, x));
}

}  // namespace burin::loop
