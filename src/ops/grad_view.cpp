// Gradients of the primitives that move elements: the cotangent goes the way back.
#include <algorithm>

#include "ops/grad.h"

namespace burin::ops {

namespace {

std::vector<NodeId> grad_reshape(const GradArgs& args) {
  return {args.b.reshape(args.cotangent, args.type(0).shape)};
}

// by the inverse permutation
std::vector<NodeId> grad_transpose(const GradArgs& args) {
  return {put_axes(args.b, args.cotangent, args.attr<graph::DimsAttr>().dims)};
}

// The sum over the axes along which elements were repeated.
std::vector<NodeId> grad_broadcast(const GradArgs& args) {
  Builder& b = args.b;
  Shape from = args.type(0).shape, to = b.shape(args.cotangent);
  Dims dims = args.attr<graph::DimsAttr>().dims;
  Dims kept;  // axes of the result that are not summed, in the operand's order
  for (size_t i = 0; i < dims.size(); ++i) {
    if (from[i] == to[static_cast<size_t>(dims[i])]) kept.push_back(dims[i]);
  }
  Dims summed;
  for (int64_t axis : axis_range(0, to.rank())) {
    if (std::ranges::find(kept, axis) == kept.end()) summed.push_back(axis);
  }
  NodeId x = args.cotangent;
  if (!summed.empty()) x = b.reduce(x, graph::ReduceKind::sum, std::move(summed));
  if (!std::ranges::is_sorted(kept)) {
    // Where each axis of the operand now stands among the kept.
    Dims perm;
    for (int64_t axis : kept) {
      perm.push_back(std::ranges::count_if(kept, [&](int64_t other) { return other < axis; }));
    }
    x = b.transpose(x, std::move(perm));
  }
  return {b.reshape(x, std::move(from))};
}

// zeros around and between
std::vector<NodeId> grad_slice(const GradArgs& args) {
  Builder& b = args.b;
  auto [start, limit, stride] = args.attr<graph::SliceAttr>();
  Shape from = args.type(0).shape, to = b.shape(args.cotangent);
  if (to.elements() == 0) return {zeros_like(b, args.operand(0))};
  Dims high(stride.size()), interior(stride.size());
  for (size_t i = 0; i < stride.size(); ++i) {
    // The stride of an axis of one element may be as large as an attribute can.
    interior[i] = to[i] > 1 ? stride[i] - 1 : 0;
    high[i] = from[i] - start[i] - (to[i] - 1) * (interior[i] + 1) - 1;
  }
  return {pad_or_crop(b, args.cotangent, start, high, interior)};
}

std::vector<NodeId> grad_reverse(const GradArgs& args) {
  return {args.b.reverse(args.cotangent, args.attr<graph::DimsAttr>().dims)};
}

// Where x's elements lie in the result, as a slice. x is not empty.
graph::SliceAttr place_in_padding(const graph::PadAttr& attr, const Shape& x) {
  graph::SliceAttr place{attr.low, attr.low, Dims(x.rank(), 1)};
  for (size_t i = 0; i < x.rank(); ++i) {
    if (x[i] > 1) place.stride[i] = attr.interior[i] + 1;
    place.limit[i] += (x[i] - 1) * place.stride[i] + 1;
  }
  return place;
}

// To x what stands in its places, to the padding value the sum of the rest.
std::vector<NodeId> grad_pad(const GradArgs& args) {
  Builder& b = args.b;
  auto attr = args.attr<graph::PadAttr>();
  Shape x = args.type(0).shape;
  std::vector<NodeId> out(2);
  if (args.wanted[0] && x.elements() == 0) out[0] = zeros_like(b, args.operand(0));
  if (args.wanted[0] && x.elements() > 0) {
    auto [start, limit, stride] = place_in_padding(attr, x);
    out[0] = b.slice(args.cotangent, start, limit, stride);
  }
  if (args.wanted[1]) {
    NodeId inside = b.full({DType::pred, x}, 0);
    NodeId padding = b.pad(inside, b.scalar(DType::pred, 1), attr.low, attr.high, attr.interior);
    NodeId outside = where(b, padding, args.cotangent);
    out[1] = b.reduce(outside, graph::ReduceKind::sum, axis_range(0, x.rank()));
  }
  return out;
}

// to each part its slice
std::vector<NodeId> grad_concatenate(const GradArgs& args) {
  Builder& b = args.b;
  auto axis = static_cast<size_t>(args.attr<graph::AxisAttr>().axis);
  Dims start(b.shape(args.cotangent).rank(), 0), limit = b.shape(args.cotangent).dims();
  std::vector<NodeId> out(args.operand_count());
  for (size_t i = 0; i < out.size(); ++i) {
    limit[axis] = start[axis] + args.type(i).shape[axis];
    if (args.wanted[i]) out[i] = b.slice(args.cotangent, start, limit, Dims(start.size(), 1));
    start[axis] = limit[axis];
  }
  return out;
}

const RegisterGrad register_reshape(Op::reshape, grad_reshape);
const RegisterGrad register_transpose(Op::transpose, grad_transpose);
const RegisterGrad register_broadcast(Op::broadcast, grad_broadcast);
const RegisterGrad register_slice(Op::slice, grad_slice);
const RegisterGrad register_reverse(Op::reverse, grad_reverse);
const RegisterGrad register_pad(Op::pad, grad_pad);
const RegisterGrad register_concatenate(Op::concatenate, grad_concatenate);

}  // namespace

}  // namespace burin::ops
