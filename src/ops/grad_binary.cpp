// Gradients of the binary elementwise primitives: y is the result, g the cotangent.
#include "ops/grad.h"

namespace burin::ops {

namespace {

struct Terms {
  Builder& b;
  NodeId left, right, y, g;
};

using BinaryRule = NodeId (*)(const Terms&);

// The cotangents by a rule for each operand.
template <BinaryRule left, BinaryRule right>
std::vector<NodeId> binary(const GradArgs& args) {
  Terms t{args.b, args.operand(0), args.operand(1), args.node, args.cotangent};
  NodeId none;
  NodeId of_left = args.wanted[0] ? left(t) : none;
  return {of_left, args.wanted[1] ? right(t) : none};
}

NodeId pass(const Terms& t) { return t.g; }

// a - b: -g to b
NodeId negated(const Terms& t) { return t.b.neg(t.g); }

// a * b: g * b to a, g * a to b
NodeId times_right(const Terms& t) { return t.b.mul(t.g, t.right); }
NodeId times_left(const Terms& t) { return t.b.mul(t.g, t.left); }

// y = a / b: g / b to a, -(g / b) * y to b
NodeId over_right(const Terms& t) { return t.b.div(t.g, t.right); }
NodeId of_divisor(const Terms& t) { return t.b.neg(t.b.mul(over_right(t), t.y)); }

// y = a - q * b with a whole q: g to a, -g * q to b, where q = round((a - y) / b)
NodeId of_modulus(const Terms& t) {
  NodeId q = t.b.round_nearest_even(t.b.div(t.b.sub(t.left, t.y), t.right));
  return t.b.neg(t.b.mul(t.g, q));
}

// y = max(a, b) or min(a, b): to the one that was taken; at a tie to b. So max(x, 0) is flat at 0.
// a > b exactly where y > b, and y is what others read: a need not be kept.
template <Op comparison>
NodeId to_left(const Terms& t) {
  return where(t.b, t.b.add(comparison, {t.y, t.right}), t.g);
}
template <Op comparison>
NodeId to_right(const Terms& t) {
  NodeId taken = t.b.add(comparison, {t.y, t.right});
  return t.b.select(taken, zeros_like(t.b, t.g), t.g);
}

// y = a^b: g * b * a^(b-1) to a, where a^0 is flat at a = 0 too
NodeId of_base(const Terms& t) {
  Builder& b = t.b;
  NodeId slope = b.mul(t.right, b.pow(t.left, b.with_scalar(Op::sub, t.right, 1)));
  NodeId flat = b.eq(t.right, zeros_like(b, t.right));
  return b.select(flat, zeros_like(b, t.g), b.mul(t.g, slope));
}

// y = a^b: g * y * log(a) to b, and 0 where 0^b stays 0
NodeId of_exponent(const Terms& t) {
  Builder& b = t.b;
  NodeId zero = zeros_like(b, t.left);
  NodeId flat = b.bit_and(b.eq(t.left, zero), b.ge(t.right, zero));
  return b.select(flat, zero, b.mul(t.g, b.mul(t.y, b.log(t.left))));
}

const RegisterGrad register_add(Op::add, binary<pass, pass>);
const RegisterGrad register_sub(Op::sub, binary<pass, negated>);
const RegisterGrad register_mul(Op::mul, binary<times_right, times_left>);
const RegisterGrad register_div(Op::div, binary<over_right, of_divisor>);
const RegisterGrad register_rem(Op::rem, binary<pass, of_modulus>);
const RegisterGrad register_max(Op::max, binary<to_left<Op::gt>, to_right<Op::gt>>);
const RegisterGrad register_min(Op::min, binary<to_left<Op::lt>, to_right<Op::lt>>);
const RegisterGrad register_pow(Op::pow, binary<of_base, of_exponent>);

#define X(name) const RegisterGrad register_##name(Op::name, no_gradient);
X(bit_and)
X(bit_or)
X(bit_xor)
X(shift_left)
X(shift_right)
X(eq)
X(ne)
X(lt)
X(le)
X(gt)
X(ge)
#undef X

}  // namespace

}  // namespace burin::ops
