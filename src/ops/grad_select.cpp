// Gradients of select, clamp and convert.
#include "ops/grad.h"

namespace burin::ops {

namespace {

// g to the case that was taken
std::vector<NodeId> grad_select(const GradArgs& args) {
  Builder& b = args.b;
  NodeId pred = args.operand(0), g = args.cotangent, none;
  NodeId on_true = args.wanted[1] ? where(b, pred, g) : none;
  return {none, on_true, args.wanted[2] ? b.select(pred, zeros_like(b, g), g) : none};
}

// y = min(max(x, low), high), and its ties: to x where low < x < high; to high where the larger of
// x and low is not below it; to low elsewhere.
std::vector<NodeId> grad_clamp(const GradArgs& args) {
  Builder& b = args.b;
  NodeId low = args.operand(0), x = args.operand(1), high = args.operand(2), g = args.cotangent;
  NodeId above = b.gt(x, low), below = b.lt(b.max(x, low), high);
  std::vector<NodeId> out(3);
  if (args.wanted[0]) out[0] = where(b, b.bit_and(b.logical_not(above), below), g);
  if (args.wanted[1]) out[1] = where(b, b.bit_and(above, below), g);
  if (args.wanted[2]) out[2] = b.select(below, zeros_like(b, g), g);
  return out;
}

// From float to float: g in the operand's dtype.
std::vector<NodeId> grad_convert(const GradArgs& args) {
  if (!args.wanted[0]) return no_gradient(args);
  return {args.b.convert(args.cotangent, args.type(0).dtype)};
}

const RegisterGrad register_select(Op::select, grad_select);
const RegisterGrad register_clamp(Op::clamp, grad_clamp);
const RegisterGrad register_convert(Op::convert, grad_convert);

}  // namespace

}  // namespace burin::ops
