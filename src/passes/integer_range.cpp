// Interval arithmetic, operands before users.
#include "passes/integer_range.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;

constexpr double kUnbounded = std::numeric_limits<double>::infinity();
constexpr double kExact = 9007199254740992.0;  // 2^53

Range widest(DType dtype) {
  if (dtype == DType::pred) return {0, 1};
  if (!is_integer(dtype) || size_of(dtype) > 4) return {-kUnbounded, kUnbounded};
  double span = std::ldexp(1.0, static_cast<int>(size_of(dtype)) * 8);
  return is_signed(dtype) ? Range{-span / 2, span / 2 - 1} : Range{0, span - 1};
}

Range hull(Range a, Range b) { return {std::min(a.low, b.low), std::max(a.high, b.high)}; }

bool encloses(Range outer, Range inner) {
  return outer.low <= inner.low && inner.high <= outer.high;
}

Range of_constant(const Tensor& value) {
  int64_t count = value.elements();
  if (count == 0) return {0, 0};
  Range range{kUnbounded, -kUnbounded};
  visit_dtype(value.dtype(), [&](auto t) {
    for (int64_t i = 0; i < count; ++i) {
      auto v = static_cast<double>(value.load<decltype(t)>(i));
      range = hull(range, v == v ? Range{v, v} : Range{-kUnbounded, kUnbounded});
    }
  });
  return range.largest() <= kExact ? range : Range{-kUnbounded, kUnbounded};
}

Range range_product(Range a, Range b) {
  auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}

// The result before it wraps.
Range compute(const Graph& graph, const Node& node, const IdVector<NodeId, Range>& known) {
  auto of = [&](size_t i) { return known[node.operands[i]]; };
  switch (node.op) {
    case Op::constant: return of_constant(std::get<graph::ConstantAttr>(node.attr).value);
    case Op::convert:
      if (is_float(graph.type(node.operands[0]).dtype)) return widest(node.type.dtype);
      [[fallthrough]];
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast:
    case Op::slice:
    case Op::reverse:
    case Op::gather: return of(0);
    case Op::concatenate: {
      Range range = of(0);
      for (NodeId operand : node.operands) range = hull(range, known[operand]);
      return range;
    }
    case Op::pad: return hull(of(0), of(1));
    case Op::select: return hull(of(1), of(2));
    case Op::add: return {of(0).low + of(1).low, of(0).high + of(1).high};
    case Op::sub: return {of(0).low - of(1).high, of(0).high - of(1).low};
    case Op::neg: return {-of(0).high, -of(0).low};
    case Op::mul: return range_product(of(0), of(1));
    case Op::max: return {std::max(of(0).low, of(1).low), std::max(of(0).high, of(1).high)};
    case Op::min: return {std::min(of(0).low, of(1).low), std::min(of(0).high, of(1).high)};
    default: return widest(node.type.dtype);
  }
}

}  // namespace

Range integer_range(const Graph& graph, NodeId id, const IdVector<NodeId, Range>& known) {
  const Node& node = graph[id];
  Range range = widest(node.type.dtype);
  if (!is_integer(node.type.dtype)) return range;
  Range computed = compute(graph, node, known);
  // A comparison with NaN (0 * infinity) fails, too.
  return encloses(range, computed) ? computed : range;
}

namespace {

constexpr double kLargeReal = 1e38;        // what stays below does not become infinite by rounding
constexpr int64_t kLargeConstant = 65536;  // elements that are not worth a look

bool all_whole(const Tensor& value) {
  for (int64_t i = 0; i < value.elements(); ++i) {
    double v = value.as_double(i);
    if (v != std::nearbyint(v)) return false;
  }
  return true;
}

Reals of_reals(const Tensor& value) {
  if (value.elements() > kLargeConstant) return {};
  return {of_constant(value), all_whole(value)};
}

Reals of_two(Op op, const Reals& a, const Reals& b) {
  bool whole = a.whole && b.whole;
  if (!a.range || !b.range) return {std::nullopt, whole && op != Op::mul};
  Range x = *a.range, y = *b.range;
  switch (op) {
    case Op::add: return {Range{x.low + y.low, x.high + y.high}, whole};
    case Op::sub: return {Range{x.low - y.high, x.high - y.low}, whole};
    case Op::mul: return {range_product(x, y), whole};
    case Op::max: return {Range{std::max(x.low, y.low), std::max(x.high, y.high)}, whole};
    default: return {Range{std::min(x.low, y.low), std::min(x.high, y.high)}, whole};
  }
}

Reals compute_reals(const Graph& graph, const Node& node, const IdVector<NodeId, Range>& integers,
                    const IdVector<NodeId, Reals>& known) {
  auto of = [&](size_t i) -> const Reals& { return known[node.operands[i]]; };
  switch (node.op) {
    case Op::constant: return of_reals(std::get<graph::ConstantAttr>(node.attr).value);
    case Op::convert: {
      NodeId from = node.operands[0];
      if (is_integer(graph.type(from).dtype)) return {integers[from], true};
      return of(0);  // of f32, to be rounded to f32; else nothing is known
    }
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast: return of(0);
    case Op::round_nearest_even: {
      Reals x{of(0).range, true};
      if (x.range) x.range = Range{std::nearbyint(x.range->low), std::nearbyint(x.range->high)};
      return x;
    }
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::max:
    case Op::min: return of_two(node.op, of(0), of(1));
    default: return {};
  }
}

}  // namespace

Reals reals_of(const Graph& graph, NodeId id, const IdVector<NodeId, Range>& integers,
               const IdVector<NodeId, Reals>& known) {
  if (graph.type(id).dtype != DType::f32) return {};
  Reals reals = compute_reals(graph, graph[id], integers, known);
  // A comparison with NaN fails, too.
  if (reals.range && !(reals.range->largest() < kLargeReal)) reals.range.reset();
  return reals;
}

}  // namespace burin::passes
