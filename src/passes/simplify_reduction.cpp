// Rules of reductions.
#include <algorithm>
#include <cmath>

#include "passes/dims.h"
#include "passes/simplify_rules.h"

namespace burin::passes {

namespace {

constexpr int kMostTermDepth = 8;  // of the terms of a sum

// The axes of a shape that are not reduced and have more than one element.
Dims kept_axes(const Shape& shape, const Dims& reduced) {
  Dims kept;
  for (size_t i = 0; i < shape.rank(); ++i) {
    bool gone = std::find(reduced.begin(), reduced.end(), static_cast<int64_t>(i)) != reduced.end();
    if (!gone && shape[i] != 1) kept.push_back(static_cast<int64_t>(i));
  }
  return kept;
}

// The axes of a broadcast's result along which its operand has more than one element.
Dims used_axes(Simplifier& s, NodeId broadcast) {
  Dims used, dims = s.attr<graph::DimsAttr>(broadcast).dims;
  Shape from = s.shape(s.operand(broadcast));
  for (size_t i = 0; i < from.rank(); ++i) {
    if (from[i] != 1) used.push_back(dims[i]);
  }
  return used;
}

// Behind reshapes that only add or drop axes of size 1.
NodeId behind_squeezes(Simplifier& s, NodeId id) {
  while (s.op(id) == Op::reshape &&
         squeezed(s.shape(id).dims()) == squeezed(s.shape(s.operand(id)).dims())) {
    id = s.operand(id);
  }
  return id;
}

// Whether a node is x's mean over the axes, repeated along them.
bool is_mean(Simplifier& s, NodeId id, NodeId x, const Dims& axes) {
  if (s.op(id) != Op::broadcast || used_axes(s, id) != kept_axes(s.shape(x), axes)) return false;
  NodeId quotient = behind_squeezes(s, s.operand(id));
  bool by_factor = s.op(quotient) == Op::mul;
  if (!by_factor && s.op(quotient) != Op::div) return false;
  auto c = s.uniform(s.operand(quotient, 1));
  NodeId sum = behind_squeezes(s, s.operand(quotient));
  if (!c || s.op(sum) != Op::reduce || s.operand(sum) != x) return false;
  auto attr = s.attr<graph::ReduceAttr>(sum);
  if (attr.kind != graph::ReduceKind::sum || attr.dims != axes) return false;
  auto count =
      static_cast<double>(s.shape(x).elements()) / static_cast<double>(s.shape(sum).elements());
  return std::abs((by_factor ? count * *c : count / *c) - 1) < 1e-6;
}

// Whether all elements that a reduction over the axes joins are one value.
bool is_one_value(Simplifier& s, NodeId id, const Dims& axes) {
  if (s.uniform(id)) return true;
  if (s.op(id) != Op::broadcast) return false;
  for (int64_t axis : used_axes(s, id)) {
    if (std::find(axes.begin(), axes.end(), axis) != axes.end()) return false;
  }
  return true;
}

// Whether a node's sum over the axes is 0 but for rounding: what differs from its mean, times what
// is one value, and sums of such.
bool sums_to_zero(Simplifier& s, NodeId id, const Dims& axes, int depth = 0) {
  if (depth > kMostTermDepth) return false;
  auto zero = [&](size_t i) { return sums_to_zero(s, s.operand(id, i), axes, depth + 1); };
  auto one = [&](size_t i) { return is_one_value(s, s.operand(id, i), axes); };
  switch (s.op(id)) {
    case Op::neg: return zero(0);
    case Op::add: return zero(0) && zero(1);
    case Op::mul: return (one(1) && zero(0)) || (one(0) && zero(1));
    case Op::sub:
      return is_mean(s, s.operand(id, 1), s.operand(id, 0), axes) || (zero(0) && zero(1));
    default: return false;
  }
}

NodeId sum_of_differences(Simplifier& s, NodeId id) {
  auto attr = s.attr<graph::ReduceAttr>(id);
  bool sum = attr.kind == graph::ReduceKind::sum && is_float(s.dtype(id));
  if (!sum || s.shape(s.operand(id)).elements() == 0) return {};
  return sums_to_zero(s, s.operand(id), attr.dims) ? s.full(s.type(id), 0) : NodeId();
}

// The sum over some axes that a broadcast repeats along them, or an invalid id.
NodeId repeated_sum(Simplifier& s, NodeId id) {
  if (s.op(id) != Op::broadcast) return {};
  NodeId sum = s.operand(id);
  if (s.op(sum) != Op::reduce) return {};
  auto attr = s.attr<graph::ReduceAttr>(sum);
  Shape from = s.shape(s.operand(sum));
  bool along = s.shape(id) == from && used_axes(s, id) == kept_axes(from, attr.dims);
  return along && attr.kind == graph::ReduceKind::sum ? sum : NodeId();
}

// What a softmax's gradient is until it is written without e and b; c is the factor of e.
NodeId gradient_of_quotient(Simplifier& s, NodeId c, NodeId e) {
  if (s.op(c) != Op::add || s.op(s.operand(c)) != Op::div) return {};
  NodeId quotient = s.operand(c), repeated = s.operand(c, 1), sum = repeated_sum(s, repeated);
  if (!sum.valid() || s.op(s.operand(sum)) != Op::neg) return {};
  NodeId product = s.operand(s.operand(sum));
  if (s.op(product) != Op::mul || s.operand(product) != quotient) return {};
  NodeId g = s.operand(quotient), b = s.operand(quotient, 1), y = s.operand(product, 1);
  auto attr = s.attr<graph::ReduceAttr>(sum);
  bool of_row = s.op(y) == Op::div && s.operand(y) == e && s.operand(y, 1) == b;
  if (!of_row || !is_one_value(s, b, attr.dims)) return {};
  NodeId total = s.add(Op::reduce, {s.add(Op::mul, {g, y})}, attr);
  Dims dims = s.attr<graph::DimsAttr>(repeated).dims;
  NodeId centred = s.add(Op::sub, {g, s.broadcast(total, s.shape(g), std::move(dims))});
  return s.add(Op::mul, {centred, y});
}

NodeId gradient_through_quotient(Simplifier& s, NodeId id) {
  return gradient_of_quotient(s, s.operand(id), s.operand(id, 1));
}

// Whether y is e / sum(e) over the axes.
bool sums_to_one(Simplifier& s, NodeId y, const Dims& axes) {
  if (s.op(y) != Op::div) return false;
  NodeId sum = repeated_sum(s, s.operand(y, 1));
  return sum.valid() && s.operand(sum) == s.operand(y) &&
         s.attr<graph::ReduceAttr>(sum).dims == axes;
}

NodeId sum_of_softmax_gradient(Simplifier& s, NodeId id) {
  auto attr = s.attr<graph::ReduceAttr>(id);
  NodeId x = s.operand(id);
  if (s.op(x) == Op::neg) x = s.operand(x);
  if (attr.kind != graph::ReduceKind::sum || s.op(x) != Op::mul) return {};
  NodeId centred = s.operand(x), y = s.operand(x, 1);
  if (s.op(centred) != Op::sub || !sums_to_one(s, y, attr.dims)) return {};
  NodeId sum = repeated_sum(s, s.operand(centred, 1));
  if (!sum.valid() || s.attr<graph::ReduceAttr>(sum).dims != attr.dims) return {};
  NodeId product = s.operand(sum);
  bool same = s.op(product) == Op::mul && s.operand(product) == s.operand(centred) &&
              s.operand(product, 1) == y;
  return same ? s.full(s.type(id), 0) : NodeId();
}

// Where p holds, it holds at least once.
NodeId share_of_nothing(Simplifier& s, NodeId id) {
  NodeId p = s.operand(id), shared = s.operand(id, 1);
  if (!s.is_uniform(s.operand(id, 2), 0) || s.op(shared) != Op::broadcast) return {};
  NodeId share = s.operand(shared);
  if (s.op(share) != Op::div || !s.is_uniform(s.operand(share), 0)) return {};
  NodeId count = s.operand(share, 1);
  if (s.op(count) != Op::reduce || s.shape(id) != s.shape(s.operand(count))) return {};
  auto attr = s.attr<graph::ReduceAttr>(count);
  NodeId ones = s.operand(count);
  bool counts = attr.kind == graph::ReduceKind::sum && s.op(ones) == Op::convert &&
                s.operand(ones) == p && used_axes(s, shared) == kept_axes(s.shape(p), attr.dims);
  return counts ? s.operand(id, 2) : NodeId();
}

constexpr Rule kRules[] = {
    {Op::reduce, "sum((x - mean(x)) * c) => 0", sum_of_differences},
    {Op::mul, "(g / b + sum(-(g / b * y))) * e, y = e / b => (g - sum(g * y)) * y",
     gradient_through_quotient},
    {Op::reduce, "sum((g - sum(g * y)) * y), sum(y) = 1 => 0", sum_of_softmax_gradient},
    {Op::select, "select(p, 0 / sum(p), 0) => 0", share_of_nothing},
};

}  // namespace

std::span<const Rule> reduction_rules() { return kRules; }

}  // namespace burin::passes
