// Each step turns one form into a plainer one; a node goes through all of them in turn.
#include "passes/canonicalise_dot_general.h"

#include "graph/rewrite.h"
#include "passes/dims.h"

namespace burin::passes {

namespace {

using graph::DimsAttr;
using graph::DotAttr;
using graph::Graph;
using graph::NodeId;
using graph::Op;

// One product while it is rewritten; its result has the elements of the original in their order.
struct Product {
  NodeId lhs, rhs;
  DotAttr attr;
};

void rename(Dims& axes, const Dims& names) { axes = permuted(names, axes); }

bool free_axes_stay_sorted(const Dims& perm, const Dims& batch, const Dims& contract) {
  int64_t last = -1;
  for (size_t i = 0; i < perm.size(); ++i) {
    auto axis = static_cast<int64_t>(i);
    if (contains(batch, axis) || contains(contract, axis)) continue;
    if (perm[i] < last) return false;
    last = perm[i];
  }
  return true;
}

// dot(transpose(x), y) => dot(x, y), where the free axes keep their order.
bool take_transpose(const Graph& g, NodeId& side, Dims& batch, Dims& contract) {
  if (g[side].op != Op::transpose) return false;
  const Dims& perm = g.attr<DimsAttr>(side).dims;
  if (!free_axes_stay_sorted(perm, batch, contract)) return false;
  rename(batch, perm);
  rename(contract, perm);
  side = g[side].operands[0];
  return true;
}

// The names of axes after some are removed.
Dims names_without(const Dims& removed, size_t rank) {
  Dims names(rank);
  int64_t next = 0;
  for (size_t i = 0; i < rank; ++i) {
    names[i] = contains(removed, static_cast<int64_t>(i)) ? -1 : next++;
  }
  return names;
}

// Batch axes lead the left side in the order of the result, so that they may become free axes.
bool batch_leads(const DotAttr& attr) { return is_identity(attr.lhs_batch); }

// The batch axes of the right side that have size 1, or that a broadcast only repeats. Only a
// trailing run of the batch axes may go: those before stay in front of them.
size_t kept_batch_axes(const Graph& g, const Product& p) {
  bool repeats = g[p.rhs].op == Op::broadcast;
  size_t kept = p.attr.rhs_batch.size();
  while (kept > 0) {
    int64_t axis = p.attr.rhs_batch[kept - 1];
    bool unit = g.type(p.rhs).shape[to_index(axis)] == 1;
    if (!unit && !(repeats && !contains(g.attr<DimsAttr>(p.rhs).dims, axis))) break;
    --kept;
  }
  return kept;
}

// dot(x[b,m,k], broadcast(y[k,n])[b,k,n]) => dot(x, y) with b as a free axis of x.
bool free_batch(graph::Builder& b, Product& p) {
  const Graph& g = b.graph();
  if (!batch_leads(p.attr)) return false;
  size_t kept = kept_batch_axes(g, p);
  if (kept == p.attr.rhs_batch.size()) return false;
  Dims gone(p.attr.rhs_batch.begin() + static_cast<int64_t>(kept), p.attr.rhs_batch.end());
  const Shape wide = b.shape(p.rhs);
  Dims names = names_without(gone, wide.rank());
  Dims sizes;
  for (size_t i = 0; i < wide.rank(); ++i) {
    if (names[i] >= 0) sizes.push_back(wide[i]);
  }
  bool units = wide.elements() == Shape(sizes).elements();
  if (units) {
    p.rhs = b.reshape(p.rhs, Shape(sizes));
  } else {
    Dims dims = g.attr<DimsAttr>(p.rhs).dims;
    for (int64_t axis : gone) {
      if (contains(dims, axis)) return false;
    }
    rename(dims, names);
    p.rhs = b.broadcast(g[p.rhs].operands[0], Shape(sizes), dims);
  }
  p.attr.lhs_batch.resize(kept);
  p.attr.rhs_batch.resize(kept);
  rename(p.attr.rhs_batch, names);
  rename(p.attr.rhs_contract, names);
  return true;
}

int64_t summed(const Graph& g, const Product& p) {
  int64_t n = 1;
  for (int64_t axis : p.attr.lhs_contract) n *= g.type(p.lhs).shape[to_index(axis)];
  return n;
}

// One side of a product without a sum, spread over the result.
NodeId spread(graph::Builder& b, NodeId side, const Shape& result, const Dims& batch,
              const Dims& contract, int64_t first_free) {
  Dims dims, sizes;
  for (size_t i = 0; i < b.shape(side).rank(); ++i) {
    auto axis = static_cast<int64_t>(i);
    if (contains(contract, axis)) continue;  // of size 1
    auto at = std::find(batch.begin(), batch.end(), axis);
    dims.push_back(at != batch.end() ? at - batch.begin() : first_free++);
    sizes.push_back(b.shape(side)[i]);
  }
  NodeId x = b.reshape(side, Shape(sizes));
  return b.broadcast(x, result, dims);
}

NodeId multiply(graph::Builder& b, const Product& p, const Shape& result) {
  auto batch = static_cast<int64_t>(p.attr.lhs_batch.size());
  auto lhs_free = static_cast<int64_t>(b.shape(p.lhs).rank() - p.attr.lhs_batch.size() -
                                       p.attr.lhs_contract.size());
  NodeId lhs = spread(b, p.lhs, result, p.attr.lhs_batch, p.attr.lhs_contract, batch);
  NodeId rhs = spread(b, p.rhs, result, p.attr.rhs_batch, p.attr.rhs_contract, batch + lhs_free);
  return b.mul(lhs, rhs);
}

NodeId plainest(graph::Rewriter& rw, NodeId old) {
  graph::Builder& b = rw.builder();
  const graph::Node& node = rw.from()[old];
  Product p{rw[node.operands[0]], rw[node.operands[1]], std::get<DotAttr>(node.attr)};
  for (bool changed = true; changed;) {
    changed = take_transpose(b.graph(), p.lhs, p.attr.lhs_batch, p.attr.lhs_contract) ||
              take_transpose(b.graph(), p.rhs, p.attr.rhs_batch, p.attr.rhs_contract) ||
              free_batch(b, p);
  }
  if (summed(b.graph(), p) == 1) return multiply(b, p, node.type.shape);
  return b.dot_general(p.lhs, p.rhs, p.attr);
}

}  // namespace

Graph canonicalise_dot_general(const Graph& graph) {
  graph::Rewriter rw(graph);
  for (NodeId id : rw.live()) {
    rw.use_source_of(id);
    rw.map(id, graph[id].op == Op::dot_general ? plainest(rw, id) : rw.copy(id));
  }
  return rw.finish();
}

}  // namespace burin::passes
