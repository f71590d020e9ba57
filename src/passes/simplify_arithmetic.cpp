// Rules of elementwise arithmetic.
#include <cmath>
#include <limits>

#include "passes/dims.h"
#include "passes/simplify_rules.h"

namespace burin::passes {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// x (op) kIdentity => x
template <int identity>
NodeId drop_right(Simplifier& s, NodeId id) {
  return s.is_uniform(s.operand(id, 1), identity) ? s.operand(id, 0) : NodeId();
}

// The same with the operands in either order.
template <int identity>
NodeId drop_either(Simplifier& s, NodeId id) {
  if (s.is_uniform(s.operand(id, 1), identity)) return s.operand(id, 0);
  return s.is_uniform(s.operand(id, 0), identity) ? s.operand(id, 1) : NodeId();
}

template <int sign>
NodeId drop_infinity(Simplifier& s, NodeId id) {
  for (size_t i : {0, 1}) {
    if (s.is_uniform(s.operand(id, i), sign * kInfinity)) return s.operand(id, 1 - i);
  }
  return {};
}

// An operand that is zero everywhere makes the result zero; not for floats, where 0 * inf is not.
NodeId absorb_zero(Simplifier& s, NodeId id) {
  if (is_float(s.dtype(id))) return {};
  for (size_t i : {0, 1}) {
    if (s.is_uniform(s.operand(id, i), 0)) return s.operand(id, i);
  }
  return {};
}

NodeId negate(Simplifier& s, NodeId id) {
  return s.is_uniform(s.operand(id, 0), 0) ? s.add(Op::neg, {s.operand(id, 1)}) : NodeId();
}

// The inner operand of op(inner(x)).
template <Op inner>
NodeId through(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  return s.op(x) == inner ? s.operand(x) : NodeId();
}

NodeId abs_of_abs(Simplifier& s, NodeId id) {
  return s.op(s.operand(id)) == Op::abs ? s.operand(id) : NodeId();
}

// Not for unsigned dtypes, where neg wraps and abs does nothing.
NodeId abs_of_neg(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  return s.op(x) == Op::neg && is_signed(s.dtype(id)) ? s.add(Op::abs, {s.operand(x)}) : NodeId();
}

NodeId same_operands(Simplifier& s, NodeId id) {
  return s.operand(id, 0) == s.operand(id, 1) ? s.operand(id, 0) : NodeId();
}

bool same_value(Simplifier& s, NodeId a, NodeId b) {
  if (a == b) return true;
  auto c = s.uniform(a);
  return c && s.is_uniform(b, *c);
}

// op(op(x, y), y) => op(x, y)
NodeId repeated(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id, 0);
  if (s.op(inner) != s.op(id)) return {};
  return same_value(s, s.operand(inner, 1), s.operand(id, 1)) ? inner : NodeId();
}

NodeId square(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id, 0);
  return s.is_uniform(s.operand(id, 1), 2) ? s.add(Op::mul, {x, x}) : NodeId();
}

bool is_ordinary(double x) { return std::abs(x) > 1e-30 && std::abs(x) < 1e30; }

// One rounding less than the original; only where the product is an ordinary number.
NodeId merge_factors(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id, 0);
  if (s.op(inner) != Op::mul || s.dtype(id) != DType::f32) return {};
  auto c0 = s.uniform(s.operand(inner, 1)), c1 = s.uniform(s.operand(id, 1));
  if (!c0 || !c1) return {};
  double product = *c0 * *c1;
  if (!is_ordinary(product)) return {};
  return s.add(Op::mul, {s.operand(inner, 0), s.full(s.type(id), product)});
}

// A constant, as it is or repeated.
bool is_constant(Simplifier& s, NodeId id) {
  if (s.op(id) == Op::broadcast) id = s.operand(id);
  return s.op(id) == Op::constant;
}

NodeId constant_to_the_right(Simplifier& s, NodeId id) {
  NodeId a = s.operand(id, 0), b = s.operand(id, 1);
  if (!is_constant(s, a) || is_constant(s, b)) return {};
  return s.add(s.op(id), {b, a});
}

NodeId divide_by_power_of_two(Simplifier& s, NodeId id) {
  auto c = s.uniform(s.operand(id, 1));
  if (!c || !is_float(s.dtype(id))) return {};
  int exponent = 0;
  int most = size_of(s.dtype(id)) > 2 ? 60 : 10;
  if (std::abs(std::frexp(*c, &exponent)) != 0.5 || std::abs(exponent) > most) return {};
  return s.add(Op::mul, {s.operand(id, 0), s.full(s.type(id), 1 / *c)});
}

// A quotient by a constant as a product, of which the last place may be another; nothing if it is
// no such quotient.
NodeId as_product(Simplifier& s, NodeId quotient) {
  if (s.op(quotient) != Op::div || s.dtype(quotient) != DType::f32) return {};
  auto c = s.uniform(s.operand(quotient, 1));
  if (!c || !(std::abs(*c) > 1e-30 && std::abs(*c) < 1e30)) return {};
  NodeId factor = s.full(s.type(quotient), 1 / *c);
  return s.add(Op::mul, {s.operand(quotient, 0), factor});
}

// Only for an argument whose last place hardly moves the result.
NodeId multiply_argument(Simplifier& s, NodeId id) {
  NodeId argument = as_product(s, s.operand(id, 0));
  return argument.valid() ? s.add(Op::erf, {argument}) : NodeId{};
}

// The slope of erf(x / c) has such squares.
NodeId multiply_square(Simplifier& s, NodeId id) {
  if (s.operand(id, 0) != s.operand(id, 1)) return {};
  NodeId side = as_product(s, s.operand(id, 0));
  return side.valid() ? s.add(Op::mul, {side, side}) : NodeId{};
}

NodeId recognise_logistic(Simplifier& s, NodeId id) {
  NodeId sum = s.operand(id, 1);
  if (!s.is_uniform(s.operand(id, 0), 1) || s.op(sum) != Op::add) return {};
  for (size_t i : {0, 1}) {
    NodeId power = s.operand(sum, i);
    if (!s.is_uniform(s.operand(sum, 1 - i), 1) || s.op(power) != Op::exp) continue;
    NodeId minus = s.operand(power);
    if (s.op(minus) == Op::neg) return s.add(Op::logistic, {s.operand(minus)});
  }
  return {};
}

NodeId reciprocal_root(Simplifier& s, NodeId id) {
  NodeId root = s.operand(id, 1);
  if (!s.is_uniform(s.operand(id, 0), 1) || s.op(root) != Op::sqrt) return {};
  return s.add(Op::rsqrt, {s.operand(root)});
}

NodeId select_constant(Simplifier& s, NodeId id) {
  auto pred = s.uniform(s.operand(id, 0));
  if (!pred) return {};
  return s.operand(id, *pred != 0 ? 1 : 2);
}

NodeId select_same(Simplifier& s, NodeId id) {
  return s.operand(id, 1) == s.operand(id, 2) ? s.operand(id, 1) : NodeId();
}

NodeId select_not(Simplifier& s, NodeId id) {
  NodeId pred = s.operand(id, 0);
  if (s.op(pred) != Op::logical_not) return {};
  return s.add(Op::select, {s.operand(pred), s.operand(id, 2), s.operand(id, 1)});
}

NodeId clamp_above(Simplifier& s, NodeId id) {
  if (!s.is_uniform(s.operand(id, 2), kInfinity)) return {};
  return s.add(Op::max, {s.operand(id, 1), s.operand(id, 0)});
}

NodeId clamp_below(Simplifier& s, NodeId id) {
  if (!s.is_uniform(s.operand(id, 0), -kInfinity)) return {};
  return s.add(Op::min, {s.operand(id, 1), s.operand(id, 2)});
}

// Whether every value of `from` is a value of `to`.
bool holds(DType to, DType from) {
  if (from == to || from == DType::pred) return true;
  if (to == DType::pred) return false;
  auto digits = [](DType d) {  // bits of the integers that are exact
    if (d == DType::f64) return 53;
    if (d == DType::f32) return 24;
    if (d == DType::f16) return 11;
    if (d == DType::bf16) return 8;
    return static_cast<int>(8 * size_of(d)) - (is_signed(d) ? 1 : 0);
  };
  if (is_float(from))
    return is_float(to) && (to == DType::f64 || to == DType::f32) && size_of(to) >= size_of(from);
  if (is_signed(from) && !is_signed(to)) return false;
  if (to == DType::f16 && digits(from) > 11) return false;
  return digits(to) >= digits(from);
}

// For floats it says where the evaluator rounds (graph/array.h); what is rounded stays the same.
NodeId convert_to_own(Simplifier& s, NodeId id) {
  NodeId x = s.operand(id);
  if (s.dtype(x) != s.dtype(id)) return {};
  bool rounded = s.op(x) == Op::constant || s.op(x) == Op::parameter || s.op(x) == Op::convert ||
                 s.op(x) == Op::iota;
  return rounded || !is_float(s.dtype(x)) ? x : NodeId();
}

NodeId convert_of_convert(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::convert) return {};
  NodeId x = s.operand(inner);
  if (!holds(s.dtype(inner), s.dtype(x))) return {};
  // An integer that went through a float saturates at the end; converted at once it would wrap.
  bool saturates = is_integer(s.dtype(x)) && is_float(s.dtype(inner)) && is_integer(s.dtype(id));
  if (saturates && !holds(s.dtype(id), s.dtype(x))) return {};
  return s.add(Op::convert, {x}, graph::NoAttr{}, s.type(id));
}

// The operands are broadcasts in the same way, of a shape smaller than the result, or scalars.
NodeId before_broadcast(Simplifier& s, NodeId id) {
  NodeId model;  // the broadcast operand of the highest rank
  for (NodeId x : s.graph()[id].operands) {
    if (s.op(x) != Op::broadcast) return {};
    if (!model.valid() || s.shape(s.operand(x)).rank() > s.shape(s.operand(model)).rank())
      model = x;
  }
  Shape small = s.shape(s.operand(model));
  Dims dims = s.attr<graph::DimsAttr>(model).dims;
  if (small.elements() >= s.shape(id).elements()) return {};
  std::vector<NodeId> operands = s.operands(id);
  for (NodeId x : operands) {
    bool scalar = s.shape(s.operand(x)).rank() == 0;
    bool same = s.shape(s.operand(x)) == small && s.attr<graph::DimsAttr>(x).dims == dims;
    if (!scalar && !same) return {};
  }
  for (NodeId& x : operands) {
    x = s.operand(x);
    if (s.shape(x) != small) x = s.broadcast(x, small, {});
  }
  TensorType wanted{s.dtype(id), small};
  return s.broadcast(s.add(s.op(id), operands, graph::NoAttr{}, wanted), s.shape(id), dims);
}

// The operands are reshapes of one shape that only add or drop axes of size 1, or repeated scalars.
NodeId before_reshape(Simplifier& s, NodeId id) {
  NodeId model;  // the first reshape
  for (NodeId x : s.graph()[id].operands) {
    if (s.op(x) == Op::reshape && !model.valid()) model = x;
  }
  if (!model.valid()) return {};
  Shape from = s.shape(s.operand(model));
  if (squeezed(from.dims()) != squeezed(s.shape(id).dims())) return {};
  std::vector<NodeId> operands = s.operands(id);
  for (NodeId x : operands) {
    bool same = s.op(x) == Op::reshape && s.shape(s.operand(x)) == from;
    bool scalar = s.op(x) == Op::broadcast && s.shape(s.operand(x)).rank() == 0;
    if (!same && !scalar) return {};
  }
  for (NodeId& x : operands) {
    x = s.op(x) == Op::reshape ? s.operand(x) : s.broadcast(s.operand(x), from, {});
  }
  NodeId y = s.add(s.op(id), operands, graph::NoAttr{}, {s.dtype(id), from});
  return s.reshape(y, s.shape(id));
}

constexpr int kMostMoves = 4;  // between a factor and the product

// x without its factor, which may lie before changes of its shape; invalid if there is none.
NodeId without_factor(Simplifier& s, NodeId x, double* factor, int moves = 0) {
  if (s.op(x) == Op::mul) {
    auto c = s.uniform(s.operand(x, 1));
    *factor = c.value_or(0);
    return c ? s.operand(x, 0) : NodeId();
  }
  bool moved = s.op(x) == Op::reshape || s.op(x) == Op::transpose;
  if (!moved || moves == kMostMoves) return {};
  NodeId inner = without_factor(s, s.operand(x), factor, moves + 1);
  if (!inner.valid()) return {};
  if (s.op(x) == Op::reshape) return s.reshape(inner, s.shape(x));
  return s.add(Op::transpose, {inner}, s.attr<graph::DimsAttr>(x));
}

// Attention's scale, half of it on either side: two roundings less for one that follows a long sum.
NodeId factors_behind_product(Simplifier& s, NodeId id) {
  if (s.dtype(id) != DType::f32) return {};
  double left = 0, right = 0;
  NodeId x = without_factor(s, s.operand(id, 0), &left);
  NodeId y = x.valid() ? without_factor(s, s.operand(id, 1), &right) : NodeId();
  if (!y.valid() || !is_ordinary(left * right)) return {};
  NodeId product = s.add(Op::dot_general, {x, y}, s.attr<graph::DotAttr>(id));
  return s.add(Op::mul, {product, s.full(s.type(id), left * right)});
}

constexpr Rule kArithmeticRules[] = {
    {Op::add, "c + x => x + c", constant_to_the_right},
    {Op::mul, "c * x => x * c", constant_to_the_right},
    {Op::max, "max(c, x) => max(x, c)", constant_to_the_right},
    {Op::min, "min(c, x) => min(x, c)", constant_to_the_right},
    {Op::add, "x + 0 => x", drop_right<0>},
    {Op::sub, "x - 0 => x", drop_right<0>},
    {Op::sub, "0 - x => -x", negate},
    {Op::mul, "x * 1 => x", drop_right<1>},
    {Op::mul, "x * 0 => 0 for integers", absorb_zero},
    {Op::mul, "(x * c0) * c1 => x * (c0 * c1)", merge_factors},
    {Op::dot_general, "dot(x * c0, y * c1) => dot(x, y) * (c0 * c1)", factors_behind_product},
    {Op::div, "x / 1 => x", drop_right<1>},
    {Op::div, "x / 2^n => x * 2^-n", divide_by_power_of_two},
    {Op::erf, "erf(x / c) => erf(x * (1 / c))", multiply_argument},
    {Op::mul, "(x / c)^2 => (x * (1 / c))^2", multiply_square},
    {Op::div, "1 / (1 + exp(-x)) => logistic(x)", recognise_logistic},
    {Op::div, "1 / sqrt(x) => rsqrt(x)", reciprocal_root},
    {Op::pow, "pow(x, 1) => x", drop_right<1>},
    {Op::pow, "pow(x, 2) => x * x", square},
    {Op::max, "max(x, -inf) => x", drop_infinity<-1>},
    {Op::min, "min(x, inf) => x", drop_infinity<1>},
    {Op::max, "max(x, x) => x", same_operands},
    {Op::min, "min(x, x) => x", same_operands},
    {Op::max, "max(max(x, y), y) => max(x, y)", repeated},
    {Op::min, "min(min(x, y), y) => min(x, y)", repeated},
    {Op::bit_and, "x & x => x", same_operands},
    {Op::bit_or, "x | x => x", same_operands},
    {Op::bit_and, "x & 0 => 0", absorb_zero},
    {Op::bit_or, "x | 0 => x", drop_either<0>},
    {Op::bit_xor, "x ^ 0 => x", drop_either<0>},
    {Op::shift_left, "x << 0 => x", drop_right<0>},
    {Op::shift_right, "x >> 0 => x", drop_right<0>},
    {Op::neg, "-(-x) => x", through<Op::neg>},
    {Op::logical_not, "!(!x) => x", through<Op::logical_not>},
    {Op::abs, "abs(abs(x)) => abs(x)", abs_of_abs},
    {Op::abs, "abs(-x) => abs(x)", abs_of_neg},
    {Op::select, "select(c, x, y) => x or y", select_constant},
    {Op::select, "select(p, x, x) => x", select_same},
    {Op::select, "select(!p, x, y) => select(p, y, x)", select_not},
    {Op::clamp, "clamp(a, x, inf) => max(x, a)", clamp_above},
    {Op::clamp, "clamp(-inf, x, b) => min(x, b)", clamp_below},
    {Op::convert, "convert(x) to its own dtype => x where x is rounded", convert_to_own},
    {Op::convert, "convert(convert(x)) through a wider dtype => convert(x)", convert_of_convert},
    {std::nullopt, "f(reshape(x), c) of axes of size 1 => reshape(f(x, c))", before_reshape},
    {std::nullopt, "f(broadcast(x), broadcast(y)) => broadcast(f(x, y))", before_broadcast},
};

}  // namespace

std::span<const Rule> arithmetic_rules() { return kArithmeticRules; }

}  // namespace burin::passes
