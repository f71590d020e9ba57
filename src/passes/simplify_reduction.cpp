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

constexpr Rule kRules[] = {
    {Op::reduce, "sum((x - mean(x)) * c) => 0", sum_of_differences},
};

}  // namespace

std::span<const Rule> reduction_rules() { return kRules; }

}  // namespace burin::passes
