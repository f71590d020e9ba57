// reduce(x) = reduce over p of reduce over the rest of x reshaped from [.., n, ..] to
// [.., p, n/p, ..], where p divides n.
#include "passes/split_reductions.h"

#include <algorithm>
#include <vector>

#include "graph/rewrite.h"

namespace burin::passes {

using graph::Graph;
using graph::NodeId;
using graph::Op;

namespace {

constexpr int64_t kLongReduction = 1 << 18;  // elements read
constexpr int64_t kManyResults = 1024;       // these share well enough
constexpr int64_t kMostParts = 32;
// Of the results of a few images that lie side by side: elements read, in all and for each result
// at least, and images that share well enough. Each line of pixels is a part where it can be: a
// convolution may sum up its own lines (lower/dense_sums.h).
constexpr int64_t kLongSideBySide = 1 << 13, kLeastEach = 32, kManyImages = 8;
constexpr int64_t kMostLines = 128, kLeastOfLine = 7;

int64_t largest_divisor(int64_t n, int64_t most) {
  for (int64_t p = most; p > 1; --p) {
    if (n % p == 0) return p;
  }
  return 1;
}

bool is_long(const Graph& graph, NodeId id) {
  const Shape& x = graph.type(graph[id].operands[0]).shape;
  return x.elements() >= kLongReduction && graph.type(id).shape.elements() < kManyResults;
}

bool is_long_side_by_side(const Graph& graph, NodeId id) {
  const Shape& x = graph.type(graph[id].operands[0]).shape;
  const Dims& axes = graph.attr<graph::ReduceAttr>(id).dims;
  // Sums over the images as well are a training's: what is made of them there waits for all.
  if (axes[0] == 0) return false;
  int64_t images = 1;
  for (int64_t a = 0; a < axes[0]; ++a) images *= x[static_cast<size_t>(a)];
  bool side_by_side = axes.back() + 1 < static_cast<int64_t>(x.rank()) && x.dims().back() > 1;
  return side_by_side && images < kManyImages && x.elements() >= kLongSideBySide &&
         x.elements() >= kLeastEach * graph.type(id).shape.elements();
}

// Whether something with as many elements as the operand is made of the result, before a dense op
// takes it.
bool points_wait_for(const Graph& graph, NodeId id) {
  int64_t points = graph.type(graph[id].operands[0]).shape.elements();
  std::vector<bool> waits(graph.size(), false);
  waits[id.index] = true;
  for (size_t i = id.index + 1; i < graph.size(); ++i) {
    const graph::Node& node = graph[NodeId(i)];
    auto made_of_it = [&](NodeId operand) { return waits[operand.index]; };
    if (is_dense(node.op) || std::ranges::none_of(node.operands, made_of_it)) continue;
    if (graph.type(NodeId(i)).shape.elements() >= points) return true;
    waits[i] = true;
  }
  return false;
}

// The number of parts for the first reduced axis; 1 if the reduction stays whole.
int64_t parts_of(const Graph& graph, NodeId id) {
  if (graph[id].op != Op::reduce) return 1;
  const Shape& x = graph.type(graph[id].operands[0]).shape;
  const Dims& axes = graph.attr<graph::ReduceAttr>(id).dims;
  if (axes.empty() || x.rank() == kMaxRank || x.elements() == 0) return 1;
  int64_t size = x[static_cast<size_t>(axes[0])];
  if (is_long_side_by_side(graph, id) && !points_wait_for(graph, id)) {
    int64_t each = x.elements() / graph.type(id).shape.elements();
    return largest_divisor(size, std::min(kMostLines, each / kLeastOfLine));
  }
  return is_long(graph, id) ? largest_divisor(size, kMostParts) : 1;
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
