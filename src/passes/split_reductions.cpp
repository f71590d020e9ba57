// reduce(x) = reduce over p of reduce over the rest of x reshaped from [.., n, ..] to
// [.., p, n/p, ..], where p divides n.
#include "passes/split_reductions.h"

#include "graph/rewrite.h"

namespace burin::passes {

using graph::Graph;
using graph::NodeId;
using graph::Op;

namespace {

constexpr int64_t kLongReduction = 1 << 18;  // elements read
constexpr int64_t kManyResults = 1024;
// these share well enough
constexpr int64_t kMostParts = 32;

int64_t largest_divisor(int64_t n, int64_t most) {
  for (int64_t p = most; p > 1; --p) {
    if (n % p == 0) return p;
  }
  return 1;
}

// The number of parts for the first reduced axis; 1 if the reduction stays whole.
int64_t parts_of(const Graph& graph, NodeId id) {
  if (graph[id].op != Op::reduce) return 1;
  const Shape& x = graph.type(graph[id].operands[0]).shape;
  const Dims& axes = graph.attr<graph::ReduceAttr>(id).dims;
  bool divide = x.elements() >= kLongReduction && !axes.empty() && x.rank() < kMaxRank &&
                graph.type(id).shape.elements() < kManyResults;
  return divide ? largest_divisor(x[static_cast<size_t>(axes[0])], kMostParts) : 1;
}

NodeId split(graph::Rewriter& rw, NodeId id, int64_t parts) {
  const Graph& from = rw.from();
  const auto& attr = from.attr<graph::ReduceAttr>(id);
  NodeId operand = from[id].operands[0];
  Dims dims = from.type(operand).shape.dims();
  auto axis = static_cast<size_t>(attr.dims[0]);
  dims[axis] /= parts;
  dims.insert(dims.begin() + attr.dims[0], parts);
  Dims rest = attr.dims;
  for (int64_t& a : rest) ++a;
  rw.use_source_of(id);
  graph::Builder& b = rw.builder();
  NodeId partial = b.reduce(b.reshape(rw[operand], Shape(std::move(dims))), attr.kind, rest);
  // The axes before the first reduced one are all kept, so the parts still lie behind them.
  return b.reduce(partial, attr.kind, {attr.dims[0]});
}

}  // namespace

Graph split_reductions(const Graph& graph) {
  graph::Rewriter rw(graph);
  for (NodeId id : rw.live()) {
    int64_t parts = parts_of(graph, id);
    rw.map(id, parts > 1 ? split(rw, id, parts) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace burin::passes
