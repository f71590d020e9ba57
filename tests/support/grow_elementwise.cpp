// Steps of the random graph generator: elementwise ops, guarded so that rounding stays rounding.
#include <algorithm>
#include <cmath>

#include "tests/support/graph_maker.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;

// A smooth function: its operand is clamped to `limit`, or made |x| + distance where that is given.
struct Smooth {
  Op op;
  double limit;
  double distance;  // 0 for none
  double bound;     // of the result; 0 for that of the operand
};

constexpr Smooth kSmooth[] = {
    {Op::neg, 1e6, 0, 0},       {Op::abs, 1e6, 0, 0},      {Op::exp, 4, 0, 55},
    {Op::expm1, 3, 0, 20},      {Op::log, 1e4, 0.2, 10},   {Op::log1p, 1e4, 0.01, 10},
    {Op::sin, 50, 0, 1},        {Op::cos, 50, 0, 1},       {Op::tan, 1.2, 0, 2.6},
    {Op::asin, 0.95, 0, 1.3},   {Op::acos, 0.95, 0, 2.9},  {Op::atan, 1e4, 0, 1.6},
    {Op::sinh, 3, 0, 10.1},     {Op::cosh, 3, 0, 10.1},    {Op::asinh, 1e3, 0, 8},
    {Op::acosh, 1e3, 1.1, 8},   {Op::atanh, 0.95, 0, 1.9}, {Op::tanh, 1e4, 0, 1},
    {Op::logistic, 1e4, 0, 1},  {Op::erf, 1e4, 0, 1},      {Op::sqrt, 1e4, 0.1, 101},
    {Op::rsqrt, 1e4, 0.2, 2.3},
};

void smooth_unary(GraphMaker& m) {
  const Smooth row = m.one_of(kSmooth);
  NodeId x = m.tamed(m.pick_float(), row.limit);
  if (row.distance > 0) x = m.positive(x, row.distance);
  bool exact = m.exact(x) && (row.op == Op::neg || row.op == Op::abs);
  m.note(m.b.add(row.op, {x}), row.bound > 0 ? row.bound : m.bound(x), exact);
}

NodeId pick_exact_float(GraphMaker& m) {
  auto wanted = [&](NodeId id) { return m.is_wide(id) && m.exact(id); };
  return m.pick(wanted, {DType::f32, Shape(m.dims(0, 4))});
}

void rough_unary(GraphMaker& m) {
  constexpr Op kOps[] = {Op::floor, Op::ceil,   Op::round_nearest_even,
                         Op::sign,  Op::is_nan, Op::is_inf};
  NodeId x = pick_exact_float(m);
  m.note(m.b.add(m.one_of(kOps), {x}), m.bound(x) + 1, true);
}

constexpr DType kGrownIntegers[] = {DType::i32, DType::i64, DType::u8, DType::i8};
constexpr double kIntegerBound = 1e19;

NodeId pick_integer(GraphMaker& m) {
  auto wanted = [&](NodeId id) { return is_integer(m.b.dtype(id)); };
  return m.pick(wanted, {m.one_of(kGrownIntegers), Shape(m.dims(0, 4))});
}

void integer_unary(GraphMaker& m) {
  constexpr Op kOps[] = {Op::neg, Op::abs, Op::sign, Op::logical_not};
  m.note(m.b.add(m.one_of(kOps), {pick_integer(m)}), kIntegerBound, true);
}

// Something of x's type to go with x: another value, a vector along the last axis or a scalar.
NodeId partner(GraphMaker& m, NodeId x) {
  const TensorType type = m.b.type(x);
  auto rank = static_cast<int64_t>(type.shape.rank());
  int64_t way = m.between(0, 3);
  if (way <= 1 || rank == 0) return m.pick_like(type);
  Dims axes;
  Shape from;
  if (way == 2) {
    axes = {m.between(0, rank - 1)};
    from = Shape{type.shape[static_cast<size_t>(axes[0])]};
  }
  NodeId small = m.fresh({type.dtype, from});
  return m.note(m.b.broadcast(small, type.shape, axes), m.bound(small), m.exact(small));
}

void float_binary(GraphMaker& m) {
  constexpr Op kOps[] = {Op::add, Op::add, Op::sub, Op::mul, Op::mul, Op::div, Op::max, Op::min};
  Op op = m.one_of(kOps);
  NodeId x = m.tamed(m.pick_float(), 300);
  NodeId y = m.tamed(partner(m, x), 300);
  if (m.chance(30)) std::swap(x, y);
  if (op == Op::div) y = m.positive(y, 0.5);
  double bound =
      op == Op::mul ? m.bound(x) * m.bound(y) : m.bound(x) * (op == Op::div ? 2 : 1) + m.bound(y);
  bool exact = (op == Op::max || op == Op::min) && m.exact(x) && m.exact(y);
  m.note(m.b.add(op, {x, y}), bound, exact);
}

void float_power(GraphMaker& m) {
  NodeId x = m.positive(m.tamed(m.pick_float(), 4), 0.5);
  NodeId y = m.tamed(partner(m, x), 3);
  m.note(m.b.pow(x, y), 92, false);
}

void float_remainder(GraphMaker& m) {
  NodeId x = pick_exact_float(m);
  NodeId y = m.b.full(m.b.type(x), 0.75);
  m.note(m.b.rem(m.tamed(x, 100), y), 1, true);
}

void integer_binary(GraphMaker& m) {
  constexpr Op kOps[] = {Op::add, Op::sub, Op::mul,     Op::div,        Op::rem,
                         Op::max, Op::min, Op::bit_and, Op::bit_or,     Op::bit_xor,
                         Op::pow, Op::div, Op::mul,     Op::shift_left, Op::shift_right};
  NodeId x = pick_integer(m);
  NodeId y = partner(m, x);
  m.note(m.b.add(m.one_of(kOps), {x, y}), kIntegerBound, true);
}

void compare(GraphMaker& m) {
  constexpr Op kOps[] = {Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge};
  NodeId x = m.chance(50) ? pick_exact_float(m) : pick_integer(m);
  const TensorType type = m.b.type(x);
  auto wanted = [&](NodeId id) { return m.b.type(id) == type && m.exact(id); };
  m.note(m.b.add(m.one_of(kOps), {x, m.pick(wanted, type)}), 1, true);
}

NodeId pick_pred(GraphMaker& m) {
  auto wanted = [&](NodeId id) { return m.b.dtype(id) == DType::pred; };
  return m.pick(wanted, {DType::pred, Shape(m.dims(0, 4))});
}

void logic(GraphMaker& m) {
  constexpr Op kOps[] = {Op::bit_and, Op::bit_or, Op::bit_xor, Op::eq, Op::ne};
  NodeId x = pick_pred(m);
  if (m.chance(30))
    m.note(m.b.logical_not(x), 1, true);
  else
    m.note(m.b.add(m.one_of(kOps), {x, partner(m, x)}), 1, true);
}

void select(GraphMaker& m) {
  NodeId pred = pick_pred(m);
  DType dtype = m.chance(70) ? DType::f32 : m.one_of(kGrownIntegers);
  TensorType type = {dtype, m.b.shape(pred)};
  NodeId x = m.pick_like(type), y = m.pick_like(type);
  m.note(m.b.select(pred, x, y), std::max(m.bound(x), m.bound(y)), m.exact(x) && m.exact(y));
}

void clamp(GraphMaker& m) {
  NodeId x = m.chance(70) ? m.pick_float() : pick_integer(m);
  NodeId low = m.pick_like(m.b.type(x)), high = m.pick_like(m.b.type(x));
  double bound = std::max({m.bound(x), m.bound(low), m.bound(high)});
  m.note(m.b.clamp(low, x, high), bound, m.exact(low) && m.exact(x) && m.exact(high));
}

// Floats that are exact become integers; any other float another float; integers anything.
void convert(GraphMaker& m) {
  constexpr DType kFloats[] = {DType::f32, DType::f32, DType::f64, DType::f16, DType::bf16};
  constexpr DType kAny[] = {DType::f32, DType::f64, DType::i32, DType::i64,
                            DType::u8,  DType::i8,  DType::pred};
  NodeId x = m.pick([](NodeId) { return true; }, {DType::i32, Shape(m.dims(0, 4))});
  if (!m.is_float(x)) {
    DType to = m.one_of(kAny);
    m.note(m.b.convert(x, to), to == DType::pred ? 1 : std::max(m.bound(x), 256.0), true);
    return;
  }
  bool narrow = !m.is_wide(x);
  DType to = m.exact(x) && !narrow && m.chance(50) ? m.one_of(kAny) : m.one_of(kFloats);
  if (narrow) to = DType::f32;
  x = m.is_wide(x) ? m.tamed(x, 1000) : x;
  bool exact = m.exact(x) && (burin::is_float(to) ? to != DType::f16 && to != DType::bf16 : true);
  m.note(m.b.convert(x, to), m.bound(x), exact);
}

constexpr GrowStep kElementwiseSteps[] = {
    smooth_unary, smooth_unary, rough_unary,     integer_unary,  float_binary,
    float_binary, float_power,  float_remainder, integer_binary, compare,
    logic,        select,       clamp,           convert};

}  // namespace

std::span<const GrowStep> elementwise_steps() { return kElementwiseSteps; }

}  // namespace burin::test
