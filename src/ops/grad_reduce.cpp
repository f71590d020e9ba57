// Gradients of reduce: x is the operand, y the result, g the cotangent.
#include <algorithm>

#include "ops/grad.h"

namespace burin::ops {

namespace {

using graph::ReduceAttr;
using graph::ReduceKind;

struct Reduction {
  Builder& b;
  NodeId x, y, g;
  ReduceAttr attr;

  // A value of the result's shape, repeated along the reduced axes.
  NodeId spread(NodeId value) const {
    Dims kept;
    for (int64_t axis : axis_range(0, b.shape(x).rank())) {
      if (!std::ranges::binary_search(attr.dims, axis)) kept.push_back(axis);
    }
    return b.broadcast(value, b.shape(x), std::move(kept));
  }
  NodeId sum(NodeId value) const { return b.reduce(value, ReduceKind::sum, attr.dims); }
};

// The product of the others: with z zeros among the factors and q the product of the rest, g*q/x
// for z = 0; at a zero, g*q if it is the only one; 0 elsewhere.
NodeId of_product(const Reduction& r) {
  Builder& b = r.b;
  NodeId is_zero = b.eq(r.x, zeros_like(b, r.x));
  NodeId zero = b.convert(is_zero, b.dtype(r.x));
  NodeId factor = b.select(is_zero, ones_like(b, r.x), r.x);
  NodeId product = b.reduce(factor, ReduceKind::prod, r.attr.dims);
  NodeId others = b.div(r.spread(b.mul(r.g, product)), factor);
  return where(b, b.eq(r.spread(r.sum(zero)), zero), others);
}

// All that equal the result share g.
NodeId of_extreme(const Reduction& r) {
  Builder& b = r.b;
  NodeId taken = b.eq(r.x, r.spread(r.y));
  NodeId count = r.sum(b.convert(taken, b.dtype(r.x)));
  return where(b, taken, r.spread(b.div(r.g, count)));
}

std::vector<NodeId> grad_reduce(const GradArgs& args) {
  Reduction r{args.b, args.operand(0), args.node, args.cotangent, args.attr<ReduceAttr>()};
  switch (r.attr.kind) {
    case ReduceKind::sum: return {r.spread(r.g)};
    case ReduceKind::prod: return {of_product(r)};
    case ReduceKind::max:
    case ReduceKind::min: return {of_extreme(r)};
  }
  return {};
}

const RegisterGrad register_reduce(Op::reduce, grad_reduce);

}  // namespace

}  // namespace burin::ops
