// Gradients of dot_general: each is a dot_general of the cotangent and the other operand.
#include <algorithm>

#include "ops/grad.h"

namespace burin::ops {

namespace {

using graph::DotAttr;

// One operand of the product and what its axes are.
struct Side {
  NodeId id;
  Dims batch, contract;
  Dims free = {};
  Dims places = {};  // of its axes in memory, as far as the graph tells: behind a transpose, its
                     // operand's
};

Side make_side(Builder& b, NodeId id, const Dims& batch, const Dims& contract) {
  Side side{id, batch, contract};
  for (int64_t axis : axis_range(0, b.shape(id).rank())) {
    bool taken = std::ranges::count(batch, axis) + std::ranges::count(contract, axis) > 0;
    if (!taken) side.free.push_back(axis);
  }
  side.places = axis_range(0, b.shape(id).rank());
  const graph::Graph& g = b.graph();
  if (g[id].op == Op::transpose) side.places = g.attr<graph::DimsAttr>(id).dims;
  return side;
}

// The axes of `to` that its contracted ones are, in the order of `other`'s axes.
Dims contracted_axes(const Side& to, const Side& other) {
  Dims order = axis_range(0, other.contract.size());
  std::ranges::sort(order, {}, [&](int64_t i) { return other.contract[static_cast<size_t>(i)]; });
  for (int64_t& i : order) i = to.contract[static_cast<size_t>(i)];
  return order;
}

Dims joined(const Dims& a, const Dims& b, const Dims& c) {
  Dims out = a;
  out.insert(out.end(), b.begin(), b.end());
  out.insert(out.end(), c.begin(), c.end());
  return out;
}

// The cotangent of `to`: g summed with the other operand over the other's free axes, which are g's
// axes `g_other`. Of [batch, free, contracted] and [batch, contracted, free] the result has the
// order whose last axis is further inside in the memory of `to`.
NodeId cotangent_of(Builder& b, NodeId g, const Side& to, const Side& other, const Dims& g_other) {
  Dims batch = axis_range(0, to.batch.size());
  Dims contracted = contracted_axes(to, other);
  Dims free_first = joined(to.batch, to.free, contracted);
  Dims free_last = joined(to.batch, contracted, to.free);
  auto innermost = [&](const Dims& axes) {
    return axes.empty() ? 0 : to.places[static_cast<size_t>(axes.back())];
  };
  if (innermost(free_last) > innermost(free_first)) {
    NodeId product = b.dot_general(other.id, g, {other.batch, batch, other.free, g_other});
    return put_axes(b, product, free_last);
  }
  NodeId product = b.dot_general(g, other.id, {batch, other.batch, g_other, other.free});
  return put_axes(b, product, free_first);
}

// c[batch, m, n] = sum over k of a * b => da = sum over n of g * b; db = sum over m of a * g
std::vector<NodeId> grad_dot_general(const GradArgs& args) {
  Builder& b = args.b;
  auto attr = args.attr<DotAttr>();
  Side left = make_side(b, args.operand(0), attr.lhs_batch, attr.lhs_contract);
  Side right = make_side(b, args.operand(1), attr.rhs_batch, attr.rhs_contract);
  size_t batches = attr.lhs_batch.size();
  Dims g_left = axis_range(batches, left.free.size());
  Dims g_right = axis_range(batches + left.free.size(), right.free.size());
  std::vector<NodeId> out(2);
  if (args.wanted[0]) out[0] = cotangent_of(b, args.cotangent, left, right, g_right);
  if (args.wanted[1]) out[1] = cotangent_of(b, args.cotangent, right, left, g_left);
  return out;
}

const RegisterGrad register_dot_general(Op::dot_general, grad_dot_general);

}  // namespace

}  // namespace burin::ops
