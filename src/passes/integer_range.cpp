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

IdVector<NodeId, Range> integer_ranges(const Graph& graph) {
  IdVector<NodeId, Range> ranges;
  for (size_t i = 0; i < graph.size(); ++i) {
    ranges.push_back(integer_range(graph, NodeId(i), ranges));
  }
  return ranges;
}

namespace {

constexpr int kWalk = 16;            // nodes between a float and its integers
constexpr double kLargeReal = 1e38;  // what stays below does not become infinite by rounding

std::optional<Range> walk_real(const Graph& graph, NodeId id, const IdVector<NodeId, Range>& ranges,
                               int depth);

std::optional<Range> walk_step(const Graph& graph, const Node& node,
                               const IdVector<NodeId, Range>& ranges, int depth) {
  auto of = [&](size_t i) { return walk_real(graph, node.operands[i], ranges, depth); };
  switch (node.op) {
    case Op::constant: return of_constant(std::get<graph::ConstantAttr>(node.attr).value);
    case Op::convert: {
      NodeId from = node.operands[0];
      return is_integer(graph.type(from).dtype) ? ranges[from] : of(0);
    }
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast: return of(0);
    case Op::round_nearest_even: {
      std::optional<Range> x = of(0);
      if (x) x = Range{std::nearbyint(x->low), std::nearbyint(x->high)};
      return x;
    }
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::max:
    case Op::min: break;
    default: return std::nullopt;
  }
  std::optional<Range> a = of(0), b = of(1);
  if (!a || !b) return std::nullopt;
  switch (node.op) {
    case Op::add: return Range{a->low + b->low, a->high + b->high};
    case Op::sub: return Range{a->low - b->high, a->high - b->low};
    case Op::mul: return range_product(*a, *b);
    case Op::max: return Range{std::max(a->low, b->low), std::max(a->high, b->high)};
    default: return Range{std::min(a->low, b->low), std::min(a->high, b->high)};
  }
}

std::optional<Range> walk_real(const Graph& graph, NodeId id, const IdVector<NodeId, Range>& ranges,
                               int depth) {
  if (depth == 0) return std::nullopt;
  std::optional<Range> range = walk_step(graph, graph[id], ranges, depth - 1);
  return range && range->largest() < kLargeReal ? range : std::nullopt;
}

bool walk_whole(const Graph& graph, NodeId id, int depth) {
  const Node& node = graph[id];
  if (depth == 0) return false;
  auto whole = [&](NodeId x) { return walk_whole(graph, x, depth - 1); };
  switch (node.op) {
    case Op::round_nearest_even: return true;
    case Op::constant: {
      const Tensor& value = std::get<graph::ConstantAttr>(node.attr).value;
      for (int64_t i = 0; i < value.elements(); ++i) {
        double v = value.as_double(i);
        if (v != std::nearbyint(v)) return false;
      }
      return true;
    }
    case Op::convert: return is_integer(graph.type(node.operands[0]).dtype);
    case Op::reshape:
    case Op::transpose:
    case Op::broadcast: return whole(node.operands[0]);
    case Op::add:
    case Op::sub:
    case Op::max:
    case Op::min: return whole(node.operands[0]) && whole(node.operands[1]);
    default: return false;
  }
}

}  // namespace

std::optional<Range> real_range(const Graph& graph, NodeId id,
                                const IdVector<NodeId, Range>& ranges) {
  return walk_real(graph, id, ranges, kWalk);
}

bool is_whole(const Graph& graph, NodeId id) { return walk_whole(graph, id, kWalk); }

}  // namespace burin::passes
