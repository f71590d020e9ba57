// With c the first element that each sum joins, n their number and m = sum(x) / n:
//   sum((x - m)^2) = sum((x - c)^2) - n (m - c)^2
// c keeps the squares about as small as those of the deviations, so that the difference loses few
// digits. Both sums over x are independent then, and one kernel's: that of the convolution which
// makes x, where c is a small convolution of its own, known before.
#include "passes/sum_deviations.h"

#include <algorithm>
#include <cmath>
#include <optional>

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
constexpr int64_t kSmall = 1 << 16;  // elements of a convolution's weights

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

// The attributes of a convolution of x's first window alone; nothing where the window is not in x,
// where it is no small thing beside the whole, or where x's kernel will not make the sums
// (lower/dense_sums.h).
std::optional<graph::ConvAttr> first_window(const Graph& graph, NodeId x) {
  const Node& node = graph[x];
  if (node.op != Op::convolution) return std::nullopt;
  graph::ConvAttr attr = graph.attr<graph::ConvAttr>(x);
  const Shape &input = graph.type(node.operands[0]).shape, &w = graph.type(node.operands[1]).shape;
  int64_t taps = w.elements(0, attr.stride.size());
  if (w.elements() > kSmall || (taps > 1 && attr.groups == 1)) return std::nullopt;
  for (size_t i = 0; i < attr.stride.size(); ++i) {
    int64_t inside = (w[i] - 1) * attr.w_dilation[i] + 1 - attr.low[i];
    if (attr.x_dilation[i] != 1 || attr.low[i] < 0) return std::nullopt;
    if (inside < 1 || inside > input[i + 1]) return std::nullopt;
    attr.high[i] = 0;
  }
  return attr;
}

// The first element of each channel of what a convolution will make.
NodeId convolve_first(graph::Rewriter& rw, NodeId id, graph::ConvAttr attr) {
  graph::Builder& b = rw.builder();
  NodeId input = rw[rw.from()[id].operands[0]], w = rw[rw.from()[id].operands[1]];
  Dims limit = b.shape(input).dims();
  limit[0] = 1;
  for (size_t i = 0; i < attr.stride.size(); ++i) {
    limit[i + 1] = (b.shape(w)[i] - 1) * attr.w_dilation[i] + 1 - attr.low[i];
  }
  NodeId window = b.slice(input, Dims(limit.size(), 0), limit, Dims(limit.size(), 1));
  return b.convolution(window, w, std::move(attr));
}

NodeId slice_first(graph::Builder& b, NodeId x, const Dims& reduced) {
  Dims start(b.shape(x).rank(), 0), limit = b.shape(x).dims(), stride(b.shape(x).rank(), 1);
  for (int64_t axis : reduced) limit[static_cast<size_t>(axis)] = 1;
  return b.slice(x, start, limit, stride);
}

// Takes the place of a sum of squared deviations from the mean that `sum` is n times of. `first` is
// of the new graph, invalid where x itself has it.
NodeId sum_squares(graph::Rewriter& rw, NodeId id, NodeId sum, NodeId first) {
  graph::Builder& b = rw.builder();
  const Graph& from = rw.from();
  NodeId x = rw[from[sum].operands[0]];
  const Dims& reduced = from.attr<graph::ReduceAttr>(id).dims;
  double n = joined(from, id);
  if (!first.valid()) first = slice_first(b, x, reduced);
  first = b.reshape(first, from.type(sum).shape);
  NodeId d = b.sub(x, b.broadcast(first, b.shape(x), kept_axes(from, sum)));
  NodeId squares = b.reduce(b.mul(d, d), ReduceKind::sum, reduced);
  NodeId shift = b.sub(b.with_scalar(Op::mul, rw[sum], 1 / n), first);
  NodeId part = b.with_scalar(Op::mul, b.mul(shift, shift), n);
  return b.with_scalar(Op::max, b.sub(squares, part), 0);
}

}  // namespace

Graph sum_deviations(const Graph& graph) {
  graph::Rewriter rw(graph);
  IdVector<NodeId, NodeId> sums(graph.size()), first(graph.size());  // of squares; of what they sum
  IdVector<NodeId, bool> summed(graph.size(), false);
  for (NodeId id : rw.live()) {
    sums[id] = matching_sum(graph, id);
    if (sums[id].valid()) summed[graph[sums[id]].operands[0]] = true;
  }
  for (NodeId id : rw.live()) {
    rw.use_source_of(id);
    if (auto attr = summed[id] ? first_window(graph, id) : std::nullopt) {
      first[id] = convolve_first(rw, id, *std::move(attr));
    }
    NodeId sum = sums[id];
    rw.map(id, sum.valid() ? sum_squares(rw, id, sum, first[graph[sum].operands[0]]) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace burin::passes
