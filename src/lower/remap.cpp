// Views and expressions, axis by axis.
#include "lower/remap.h"

namespace burin::lower {

View remap(const View& view, std::span<const AxisSource> axes) {
  View out = view;
  out.strides.clear();
  for (const AxisSource& a : axes) {
    int64_t stride = a.axis == kNoAxis ? 0 : view.strides[static_cast<size_t>(a.axis)];
    out.strides.push_back(stride * a.multiplier);
    out.offset += stride * a.start;
  }
  return out;
}

namespace {

ExprNode op_node(graph::Op op, DType dtype, int a, int b) {
  ExprNode node;
  node.op = op;
  node.dtype = dtype;
  node.operands[0] = a;
  node.operands[1] = b;
  return node;
}

int literal_node(Expr& expr, DType dtype, int64_t value) {
  ExprNode literal;
  literal.kind = ExprNode::Kind::literal;
  literal.dtype = dtype;
  literal.literal = static_cast<double>(value);
  literal.literal_int = value;
  return expr.add(literal);
}

// The old index of an iota leaf: the sum of start + multiplier * index over the axes that came of
// it.
int remap_index(Expr& out, const ExprNode& leaf, std::span<const AxisSource> axes) {
  int sum = -1;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].axis != leaf.acc) continue;
    ExprNode index = leaf;
    index.acc = static_cast<int>(i);
    int term = out.add(index);
    if (axes[i].multiplier != 1) {
      int factor = literal_node(out, leaf.dtype, axes[i].multiplier);
      term = out.add(op_node(graph::Op::mul, leaf.dtype, term, factor));
    }
    if (axes[i].start != 0) {
      int start = literal_node(out, leaf.dtype, axes[i].start);
      term = out.add(op_node(graph::Op::add, leaf.dtype, term, start));
    }
    sum = sum < 0 ? term : out.add(op_node(graph::Op::add, leaf.dtype, sum, term));
  }
  return sum;
}

}  // namespace

Expr remap(const Expr& expr, std::span<const AxisSource> axes) {
  Expr out;
  for (const View& view : expr.views) out.views.push_back(remap(view, axes));
  std::vector<int> moved;
  for (ExprNode node : expr.nodes) {
    if (node.kind == ExprNode::Kind::index) {
      moved.push_back(remap_index(out, node, axes));
      continue;
    }
    for (int& operand : node.operands) {
      if (operand >= 0) operand = moved[static_cast<size_t>(operand)];
    }
    moved.push_back(out.add(node));
  }
  for (int result : expr.results) out.results.push_back(moved[static_cast<size_t>(result)]);
  return out;
}

}  // namespace burin::lower
