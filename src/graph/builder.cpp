// Node construction; the general add() and the named forms over it.
#include "graph/builder.h"

#include <algorithm>
#include <numeric>

namespace burin::graph {

NodeId Builder::add(Op op, std::vector<NodeId> operands, Attr attr, TensorType wanted) {
  const OpDef& def = op_def(op);
  if (!def.infer) throw BuildError(std::string(name_of(op)) + " has no rule for its type");
  std::vector<TensorType> types;
  types.reserve(operands.size());
  for (NodeId id : operands) types.push_back(type(id));
  if (def.arity >= 0 ? static_cast<int>(types.size()) != def.arity : types.empty()) {
    throw BuildError(std::string(name_of(op)) + " has a wrong number of operands");
  }
  TensorType result = def.infer({op, types, attr, wanted});
  if (auto checked = check_shape(result.shape.dims()); !checked) {
    throw BuildError(checked.error().reason);
  }
  return graph_.nodes.push_back(
      {op, std::move(result), std::move(operands), std::move(attr), source_});
}

NodeId Builder::input(std::string name, TensorType type) {
  auto index = static_cast<int64_t>(graph_.inputs.size());
  NodeId id = add(Op::parameter, {}, ParameterAttr{index}, std::move(type));
  graph_.inputs.push_back({std::move(name), id});
  return id;
}

void Builder::output(std::string name, NodeId node) {
  graph_.outputs.push_back({std::move(name), node});
}

NodeId Builder::constant(Tensor value) {
  TensorType type = value.type();
  return add(Op::constant, {}, ConstantAttr{std::move(value)}, std::move(type));
}

NodeId Builder::scalar(DType dtype, double value) { return constant(Tensor::scalar(dtype, value)); }

NodeId Builder::full(TensorType type, double value) {
  NodeId s = scalar(type.dtype, value);
  return type.shape.rank() ? broadcast(s, type.shape, {}) : s;
}

NodeId Builder::iota(TensorType type, int64_t axis) {
  return add(Op::iota, {}, AxisAttr{axis}, std::move(type));
}

NodeId Builder::convert(NodeId x, DType to) {
  if (dtype(x) == to) return x;
  return add(Op::convert, {x}, NoAttr{}, {to, shape(x)});
}

NodeId Builder::reshape(NodeId x, Shape to) {
  if (shape(x) == to) return x;
  return add(Op::reshape, {x}, NoAttr{}, {dtype(x), std::move(to)});
}

NodeId Builder::transpose(NodeId x, Dims perm) {
  return add(Op::transpose, {x}, DimsAttr{std::move(perm)});
}

NodeId Builder::broadcast(NodeId x, Shape to, Dims dims) {
  return add(Op::broadcast, {x}, DimsAttr{std::move(dims)}, {dtype(x), std::move(to)});
}

NodeId Builder::slice(NodeId x, Dims start, Dims limit, Dims stride) {
  return add(Op::slice, {x}, SliceAttr{std::move(start), std::move(limit), std::move(stride)});
}

NodeId Builder::pad(NodeId x, NodeId value, Dims low, Dims high, Dims interior) {
  return add(Op::pad, {x, value}, PadAttr{std::move(low), std::move(high), std::move(interior)});
}

NodeId Builder::concatenate(std::vector<NodeId> xs, int64_t axis) {
  if (xs.size() == 1) return xs[0];
  return add(Op::concatenate, std::move(xs), AxisAttr{axis});
}

NodeId Builder::reverse(NodeId x, Dims axes) {
  return add(Op::reverse, {x}, DimsAttr{std::move(axes)});
}

NodeId Builder::gather(NodeId x, NodeId indices, int64_t axis) {
  return add(Op::gather, {x, indices}, AxisAttr{axis});
}

NodeId Builder::scatter(NodeId x, NodeId indices, NodeId updates, ScatterKind kind) {
  return add(Op::scatter, {x, indices, updates}, ScatterAttr{kind});
}

NodeId Builder::reduce(NodeId x, ReduceKind kind, Dims axes) {
  std::sort(axes.begin(), axes.end());
  return add(Op::reduce, {x}, ReduceAttr{kind, std::move(axes)});
}

NodeId Builder::reduce_window(NodeId x, WindowAttr attr) {
  return add(Op::reduce_window, {x}, std::move(attr));
}

NodeId Builder::dot_general(NodeId a, NodeId b, DotAttr attr) {
  return add(Op::dot_general, {a, b}, std::move(attr));
}

NodeId Builder::convolution(NodeId x, NodeId w, ConvAttr attr) {
  return add(Op::convolution, {x, w}, std::move(attr));
}

NodeId Builder::argsort(NodeId x, int64_t axis, bool descending) {
  return add(Op::argsort, {x}, SortAttr{axis, descending});
}

Shape Builder::broadcast_shapes(const Shape& a, const Shape& b) {
  size_t rank = std::max(a.rank(), b.rank());
  Dims out(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t da = i + a.rank() >= rank ? a[i + a.rank() - rank] : 1;
    int64_t db = i + b.rank() >= rank ? b[i + b.rank() - rank] : 1;
    if (da != db && da != 1 && db != 1) {
      throw BuildError("shapes " + a.text() + " and " + b.text() + " do not broadcast");
    }
    out[i] = da == 1 ? db : da;
  }
  return Shape(std::move(out));
}

NodeId Builder::broadcast_to(NodeId x, const Shape& to) {
  if (shape(x) == to) return x;
  size_t from = shape(x).rank();
  if (from > to.rank()) {
    throw BuildError("shape " + shape(x).text() + " does not broadcast to " + to.text());
  }
  Dims dims(from);
  std::iota(dims.begin(), dims.end(), static_cast<int64_t>(to.rank() - from));
  return broadcast(x, to, std::move(dims));
}

NodeId Builder::broadcast_binary(Op op, NodeId a, NodeId b) {
  Shape common = broadcast_shapes(shape(a), shape(b));
  NodeId wide_a = broadcast_to(a, common);
  return add(op, {wide_a, broadcast_to(b, common)});
}

NodeId Builder::with_scalar(Op op, NodeId x, double value) {
  return add(op, {x, full(type(x), value)});
}

NodeId Builder::reduce_keep(NodeId x, ReduceKind kind, Dims axes) {
  Dims kept = shape(x).dims();
  for (int64_t a : axes) kept[static_cast<size_t>(a)] = 1;
  return reshape(reduce(x, kind, std::move(axes)), Shape(std::move(kept)));
}

}  // namespace burin::graph
