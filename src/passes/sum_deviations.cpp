// With c the first element that each sum joins, n their number and m = sum(x) / n:
//   sum((x - m)^2) = sum((x - c)^2) - n (m - c)^2
// c keeps the squares about as small as those of the deviations, so that the difference loses few
// digits. Both sums over x are independent then, and one kernel's.
#include "passes/sum_deviations.h"

#include <algorithm>
#include <cmath>

#include "graph/rewrite.h"
#include "passes/uniform.h"

namespace burin::passes {

namespace {

using graph::Graph;
using graph::Node;
using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

constexpr int64_t kLarge = 1 << 16;  // elements of x

// The axes of a reduction's operand that it keeps.
Dims kept_axes(const Graph& graph, NodeId reduce) {
  const Dims& reduced = graph.attr<graph::ReduceAttr>(reduce).dims;
  Dims kept;
  for (size_t i = 0; i < graph.type(graph[reduce].operands[0]).shape.rank(); ++i) {
    auto axis = static_cast<int64_t>(i);
    if (std::find(reduced.begin(), reduced.end(), axis) == reduced.end()) kept.push_back(axis);
  }
  return kept;
}

bool is_sum(const Graph& graph, NodeId id) {
  return graph[id].op == Op::reduce && graph.attr<graph::ReduceAttr>(id).kind == ReduceKind::sum;
}

// Elements that each result of a reduction joins.
double joined(const Graph& graph, NodeId reduce) {
  return static_cast<double>(graph.type(graph[reduce].operands[0]).shape.elements()) /
         static_cast<double>(graph.type(reduce).shape.elements());
}

// The sum of x whose quotient by n a node is; nothing if it is none.
NodeId sum_behind_mean(const Graph& graph, NodeId mean) {
  const Node& node = graph[mean];
  if (node.op != Op::div && node.op != Op::mul) return {};
  NodeId sum = node.operands[0];
  if (!is_sum(graph, sum)) return {};
  std::optional<double> by = uniform_value(graph, node.operands[1]);
  if (!by) return {};
  double n = joined(graph, sum), ratio = node.op == Op::mul ? n * *by : n / *by;
  return std::abs(ratio - 1) < 1e-6 ? sum : NodeId{};
}

// The sum(x) whose mean the squared deviations of a reduction are from; nothing if it is none such.
NodeId matching_sum(const Graph& graph, NodeId id) {
  if (!is_sum(graph, id) || graph.type(id).dtype != DType::f32) return {};
  const Node& square = graph[graph[id].operands[0]];
  if (square.op != Op::mul || square.operands[0] != square.operands[1]) return {};
  const Node& deviation = graph[square.operands[0]];
  if (deviation.op != Op::sub) return {};
  const Node& spread = graph[deviation.operands[1]];
  if (spread.op != Op::broadcast) return {};
  NodeId sum = sum_behind_mean(graph, spread.operands[0]);
  if (!sum.valid() || graph[sum].operands[0] != deviation.operands[0]) return {};
  const auto& attr = graph.attr<graph::ReduceAttr>(sum);
  bool same = attr.dims == graph.attr<graph::ReduceAttr>(id).dims;
  Dims kept = kept_axes(graph, sum);
  const Shape& x = graph.type(deviation.operands[0]).shape;
  bool walks = x.elements() >= kLarge && !kept.empty() &&
               kept.back() + 1 == static_cast<int64_t>(x.rank()) && x.dims().back() > 1;
  bool along = graph.attr<graph::DimsAttr>(deviation.operands[1]).dims == kept;
  return same && walks && along ? sum : NodeId{};
}

// Takes the place of a sum of squared deviations from the mean that `sum` is n times of.
NodeId sum_squares(graph::Rewriter& rw, NodeId id, NodeId sum) {
  graph::Builder& b = rw.builder();
  const Graph& from = rw.from();
  NodeId x = rw[from[sum].operands[0]];
  const Dims& reduced = from.attr<graph::ReduceAttr>(id).dims;
  double n = joined(from, id);
  Dims start(b.shape(x).rank(), 0), limit = b.shape(x).dims(), stride(b.shape(x).rank(), 1);
  for (int64_t axis : reduced) limit[static_cast<size_t>(axis)] = 1;
  NodeId first = b.reshape(b.slice(x, start, limit, stride), from.type(sum).shape);
  NodeId d = b.sub(x, b.broadcast(first, b.shape(x), kept_axes(from, sum)));
  NodeId squares = b.reduce(b.mul(d, d), ReduceKind::sum, reduced);
  NodeId shift = b.sub(b.with_scalar(Op::mul, rw[sum], 1 / n), first);
  NodeId part = b.with_scalar(Op::mul, b.mul(shift, shift), n);
  return b.with_scalar(Op::max, b.sub(squares, part), 0);
}

}  // namespace

Graph sum_deviations(const Graph& graph) {
  graph::Rewriter rw(graph);
  for (NodeId id : rw.live()) {
    NodeId sum = matching_sum(graph, id);
    rw.use_source_of(id);
    rw.map(id, sum.valid() ? sum_squares(rw, id, sum) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace burin::passes
