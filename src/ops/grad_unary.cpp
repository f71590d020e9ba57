// Gradients of the unary elementwise primitives: x is the operand, y the result, g the cotangent.
// Where y says it, the rule reads y, so that nothing is computed twice.
#include "ops/grad.h"

namespace burin::ops {

namespace {

// A value and the operators that rules are written with; numbers take part as scalars.
struct Term {
  Builder& b;
  NodeId id;
};
Term apply(Op op, Term x) { return {x.b, x.b.add(op, {x.id})}; }
Term apply(Op op, Term x, Term y) { return {x.b, x.b.add(op, {x.id, y.id})}; }
Term apply(Op op, Term x, double y) { return {x.b, x.b.with_scalar(op, x.id, y)}; }
Term apply(Op op, double x, Term y) {
  return {y.b, y.b.add(op, {y.b.full(y.b.type(y.id), x), y.id})};
}
Term operator-(Term x) { return apply(Op::neg, x); }
Term operator*(Term x, Term y) { return apply(Op::mul, x, y); }
Term operator/(Term x, Term y) { return apply(Op::div, x, y); }
Term operator*(Term x, double y) { return apply(Op::mul, x, y); }
Term operator+(Term x, double y) { return apply(Op::add, x, y); }
Term operator-(Term x, double y) { return apply(Op::sub, x, y); }
Term operator-(double x, Term y) { return apply(Op::sub, x, y); }

constexpr double kTwoOverRootPi = 1.1283791670955126;

using UnaryRule = Term (*)(Term x, Term y, Term g);

template <UnaryRule rule>
std::vector<NodeId> unary(const GradArgs& args) {
  if (!args.wanted[0]) return no_gradient(args);
  Builder& b = args.b;
  return {rule({b, args.operand(0)}, {b, args.node}, {b, args.cotangent}).id};
}

// clang-format off
#define X(name, expression)                                                                   \
  const RegisterGrad register_##name(                                                         \
      Op::name, unary<+[]([[maybe_unused]] Term x, [[maybe_unused]] Term y, Term g) -> Term { \
        return expression;                                                                    \
      }>);
X(neg, -g)
X(abs, g * apply(Op::sign, x))
X(exp, g * y)
X(expm1, g * (y + 1))
X(log, g / x)
X(log1p, g / (x + 1))
X(sin, g * apply(Op::cos, x))
X(cos, -(g * apply(Op::sin, x)))
X(tan, g * (y * y + 1))
X(asin, g * apply(Op::rsqrt, (1 - x) * (x + 1)))
X(acos, -(g * apply(Op::rsqrt, (1 - x) * (x + 1))))
X(atan, g / (x * x + 1))
X(sinh, g * apply(Op::cosh, x))
X(cosh, g * apply(Op::sinh, x))
X(asinh, g * apply(Op::rsqrt, x * x + 1))
X(acosh, g * apply(Op::rsqrt, (x - 1) * (x + 1)))
X(atanh, g / ((1 - x) * (x + 1)))
X(tanh, g * (1 - y * y))
X(logistic, g * (y * (1 - y)))
X(erf, g * (apply(Op::exp, -(x * x)) * kTwoOverRootPi))
X(sqrt, g / (y * 2))
X(rsqrt, g * (y * y * y * -0.5))
#undef X
// clang-format on

#define X(name) const RegisterGrad register_##name(Op::name, no_gradient);
X(sign)
X(floor)
X(ceil)
X(round_nearest_even)
X(logical_not)
X(is_nan)
X(is_inf)
#undef X

}  // namespace

}  // namespace burin::ops
