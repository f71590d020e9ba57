// Primitives that move elements: their index rules are stricter here than in ONNX, so indices that
// may be out of range are brought into range first.
#include <algorithm>
#include <limits>
#include <numeric>

#include "onnx/export_node.h"

namespace burin::onnx {

using graph::BuildError;
using graph::NodeId;
using graph::Op;
using Value = Exporter::Value;

// A row of n numbers laid along the axis, then expanded.
Value Exporter::iota(NodeId id) {
  const TensorType& type = g_[id].type;
  auto axis = static_cast<size_t>(g_.attr<graph::AxisAttr>(id).axis);
  Dims dims(type.shape.rank(), 1), numbers(static_cast<size_t>(type.shape[axis]));
  dims[axis] = type.shape[axis];
  std::iota(numbers.begin(), numbers.end(), 0);
  return e_.expand(e_.constant(Tensor::from_ints({type.dtype, Shape(dims)}, numbers)), type.shape);
}

Value Exporter::broadcast(NodeId id) {
  const Shape& out = g_[id].type.shape;
  const Dims& dims = g_.attr<graph::DimsAttr>(id).dims;
  // Bring the operand's axes into the order that they have in the result.
  Dims order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int64_t i) { return dims[static_cast<size_t>(i)]; });
  Value x = e_.transpose(operand(id, 0), order);
  Dims aligned(out.rank(), 1);
  for (size_t i = 0; i < dims.size(); ++i) {
    aligned[static_cast<size_t>(dims[static_cast<size_t>(order[i])])] = x.shape()[i];
  }
  // Operators broadcast missing leading axes by themselves.
  size_t leading = 0;
  while (leading < aligned.size() && aligned[leading] == 1) ++leading;
  Dims narrow(aligned.begin() + static_cast<std::ptrdiff_t>(leading), aligned.end());
  narrow_[id] = e_.reshape(x, Shape(narrow));
  return e_.expand(narrow_[id], out);
}

Value Exporter::reverse(NodeId id) {
  const Dims& axes = g_.attr<graph::DimsAttr>(id).dims;
  if (axes.empty()) return operand(id, 0);
  Value last = e_.ints(Dims(axes.size(), -1));
  Value before_first = e_.ints(Dims(axes.size(), std::numeric_limits<int64_t>::min()));
  return e_.emit("Slice", {operand(id, 0), last, before_first, e_.ints(axes), last}, g_[id].type);
}

namespace {

bool all_in_range(const Tensor& indices, int64_t n) {
  for (int64_t i : indices.to_ints()) {
    if (i < 0 || i >= n) return false;
  }
  return true;
}

}  // namespace

Value Exporter::gather(NodeId id) {
  int64_t axis = g_.attr<graph::AxisAttr>(id).axis;
  Value x = operand(id, 0), indices = operand(id, 1);
  int64_t n = x.shape()[static_cast<size_t>(axis)];
  NodeId source = g_[id].operands[1];
  if (!g_.is_constant(source) || !all_in_range(g_.constant(source), n)) {
    Value bounded = with("Min", e_.cast(indices, DType::i64), static_cast<double>(n - 1));
    indices = with("Max", bounded, 0.0);
  }
  return e_.emit("Gather", {x, indices}, g_[id].type, {{"axis", axis}});
}

// Updates with bad indices go to an extra row, which is cut off again.
Value Exporter::scatter(NodeId id) {
  static constexpr const char* kReductions[] = {"none", "add", "mul", "max", "min"};
  Value x = operand(id, 0), updates = operand(id, 2);
  Value indices = e_.cast(operand(id, 1), DType::i64);
  int64_t n = x.shape()[0];
  NodeId source = g_[id].operands[1];
  bool safe = g_.is_constant(source) && all_in_range(g_.constant(source), n);
  size_t rank = x.rank();
  Dims zeros(rank, 0), one_row(rank, 0), ones(rank, 1);
  if (!safe) {
    one_row[0] = 1;
    x = e_.pad(x, e_.scalar(x.dtype(), 0.0), zeros, one_row, zeros);
    TensorType flags{DType::pred, indices.shape()};
    Value count = e_.scalar(DType::i64, static_cast<double>(n));
    Value low = e_.emit("Less", {indices, e_.scalar(DType::i64, 0.0)}, flags);
    Value high = e_.emit("GreaterOrEqual", {indices, count}, flags);
    indices = e_.emit("Where", {e_.emit("Or", {low, high}, flags), count, indices}, indices.type);
  }
  Value rows = e_.reshape(indices, Shape{indices.shape().elements(), 1});
  auto kind = static_cast<size_t>(g_.attr<graph::ScatterAttr>(id).kind);
  Value out = e_.emit("ScatterND", {x, rows, updates}, x.type,
                      {{"reduction", std::string(kReductions[kind])}});
  return e_.slice(out, zeros, g_[id].type.shape.dims(), ones);
}

// TopK of everything: of equal values the lower index comes first, in both directions.
Value Exporter::argsort(NodeId id) {
  const auto& attr = g_.attr<graph::SortAttr>(id);
  Value x = operand(id, 0);
  if (x.dtype() == DType::pred) x = e_.cast(x, DType::i32);
  Value count = e_.ints({x.shape()[static_cast<size_t>(attr.axis)]});
  return e_.emit_output(
      "TopK", {x, count}, g_[id].type, 1,
      {{"axis", attr.axis}, {"largest", int64_t{attr.descending}}, {"sorted", int64_t{1}}});
}

}  // namespace burin::onnx
