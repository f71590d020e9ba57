// Gradients of gather, scatter and argsort.
#include "ops/grad.h"

namespace burin::ops {

namespace {

using graph::ReduceKind;
using graph::ScatterKind;

// x[a..., n, b...] at indices[i...] => the cotangents add up, row by row, where they were taken.
std::vector<NodeId> grad_gather(const GradArgs& args) {
  if (!args.wanted[0]) return no_gradient(args);
  Builder& b = args.b;
  auto axis = static_cast<size_t>(args.attr<graph::AxisAttr>().axis);
  Shape x = args.type(0).shape;
  TensorType indices = args.type(1);
  int64_t count = indices.shape.elements();
  size_t index_rank = indices.shape.rank(), rank = x.rank() - 1 + index_rank;
  Dims to_front = axis_range(axis, index_rank), rows = {x[axis]}, taken = {count};
  Dims back = {static_cast<int64_t>(axis)};
  for (size_t i = 0; i < x.rank(); ++i) {
    if (i == axis) continue;
    to_front.push_back(static_cast<int64_t>(i < axis ? i : i - 1 + index_rank));
    rows.push_back(x[i]), taken.push_back(x[i]);
    back.push_back(static_cast<int64_t>(i));
  }
  NodeId g = rank > 1 ? b.transpose(args.cotangent, to_front) : args.cotangent;
  NodeId at = b.clamp(b.full(indices, 0), args.operand(1),
                      b.full(indices, static_cast<double>(x[axis] - 1)));
  NodeId none = b.full({b.dtype(g), Shape(rows)}, 0);
  NodeId sums =
      b.scatter(none, b.reshape(at, Shape{count}), b.reshape(g, Shape(taken)), ScatterKind::add);
  return {put_axes(b, sums, back), {}};
}

// A scatter's operands, and rows taken from its result's places.
struct Scatter {
  Builder& b;
  NodeId x, at, updates, y, g;

  // Row at[k] of `rows` for each update.
  NodeId taken(NodeId rows) const { return b.gather(rows, at, 0); }
  // x's shape from a row's value each, and the updates'.
  NodeId along_rows(NodeId per_update) const {
    return b.broadcast(per_update, b.shape(updates), {0});
  }
  // Per update: whether its index is inside, so that it was not dropped.
  NodeId inside() const {
    NodeId end = b.full(b.type(at), static_cast<double>(b.shape(x)[0]));
    return b.bit_and(b.ge(at, zeros_like(b, at)), b.lt(at, end));
  }
  NodeId where_inside(NodeId value) const { return where(b, along_rows(inside()), value); }
};

// y = x + updates: g to both
std::vector<NodeId> grad_add(const GradArgs& args, const Scatter& s) {
  return {s.g, {}, args.wanted[2] ? s.where_inside(s.taken(s.g)) : NodeId{}};
}

// The last update of a row is the one that stays.
std::vector<NodeId> grad_assign(const GradArgs& args, const Scatter& s) {
  Builder& b = s.b;
  std::vector<NodeId> out(3);
  if (args.wanted[0]) out[0] = b.scatter(s.g, s.at, zeros_like(b, s.updates), ScatterKind::assign);
  if (!args.wanted[2]) return out;
  TensorType per_row{DType::i64, {b.shape(s.x)[0]}};
  NodeId order = b.iota({DType::i64, b.shape(s.at)}, 0);
  NodeId last = b.scatter(b.full(per_row, -1), s.at, order, ScatterKind::assign);
  NodeId stays = b.bit_and(s.inside(), b.eq(s.taken(last), order));
  out[2] = where(b, s.along_rows(stays), s.taken(s.g));
  return out;
}

// y = x * p, p the product of a row's updates: g * p to x; g * x * (p without u) to u. With z zeros
// among the factors and q the product of the others: p without u is q/u, 0 for z > 0; for u = 0 it
// is q if z = 1, else 0.
std::vector<NodeId> grad_mul(const GradArgs& args, const Scatter& s) {
  Builder& b = s.b;
  std::vector<NodeId> out(3);
  NodeId ones = ones_like(b, s.x);
  if (args.wanted[0]) {
    out[0] = b.mul(s.g, b.scatter(ones, s.at, s.updates, ScatterKind::mul));
  }
  if (!args.wanted[2]) return out;
  NodeId is_zero = b.eq(s.updates, zeros_like(b, s.updates));
  NodeId zero = b.convert(is_zero, b.dtype(s.x));
  NodeId zeros = b.scatter(zeros_like(b, s.x), s.at, zero, ScatterKind::add);
  NodeId factor = b.select(is_zero, ones_like(b, s.updates), s.updates);
  NodeId product = b.scatter(ones, s.at, factor, ScatterKind::mul);
  NodeId others = b.div(s.taken(b.mul(s.g, b.mul(s.x, product))), factor);
  NodeId alone = b.eq(s.taken(zeros), zero);  // none of the other factors is zero
  out[2] = s.where_inside(where(b, alone, others));
  return out;
}

// The largest (smallest) of x and its updates: those that equal it share g.
std::vector<NodeId> grad_extreme(const GradArgs& args, const Scatter& s) {
  Builder& b = s.b;
  DType dtype = b.dtype(s.x);
  NodeId kept = b.eq(s.x, s.y), taken = b.eq(s.updates, s.taken(s.y));
  NodeId count = b.scatter(b.convert(kept, dtype), s.at, b.convert(taken, dtype), ScatterKind::add);
  NodeId share = b.div(s.g, count);
  std::vector<NodeId> out(3);
  if (args.wanted[0]) out[0] = where(b, kept, share);
  if (args.wanted[2]) out[2] = s.where_inside(where(b, taken, s.taken(share)));
  return out;
}

std::vector<NodeId> grad_scatter(const GradArgs& args) {
  Builder& b = args.b;
  Scatter s{b, args.operand(0), args.operand(1), args.operand(2), args.node, args.cotangent};
  if (b.shape(s.x)[0] == 0) {  // every update is dropped
    return {s.g, {}, args.wanted[2] ? zeros_like(b, s.updates) : NodeId{}};
  }
  switch (args.attr<graph::ScatterAttr>().kind) {
    case ScatterKind::assign: return grad_assign(args, s);
    case ScatterKind::add: return grad_add(args, s);
    case ScatterKind::mul: return grad_mul(args, s);
    case ScatterKind::max:
    case ScatterKind::min: return grad_extreme(args, s);
  }
  return {};
}

const RegisterGrad register_gather(Op::gather, grad_gather);
const RegisterGrad register_scatter(Op::scatter, grad_scatter);
const RegisterGrad register_argsort(Op::argsort, no_gradient);

}  // namespace

}  // namespace burin::ops
