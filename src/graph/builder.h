// Builds nodes with inferred types. Errors of types and shapes throw BuildError: inside the ONNX
// importer they are the model's fault, elsewhere they are ours.
#pragma once

#include <span>
#include <string_view>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace burin::graph {

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph) {}

  Graph& graph() { return graph_; }
  const TensorType& type(NodeId id) const { return graph_.nodes[id].type; }
  const Shape& shape(NodeId id) const { return type(id).shape; }
  DType dtype(NodeId id) const { return type(id).dtype; }

  // Nodes made from now on carry this source.
  void set_source(SourceId source) { source_ = source; }
  SourceId source() const { return source_; }

  // The general form: infers the type (see InferArgs::wanted for `wanted`).
  NodeId add(Op op, std::vector<NodeId> operands, Attr attr = NoAttr{}, TensorType wanted = {});

  NodeId input(std::string name, TensorType type);
  void output(std::string name, NodeId node);
  NodeId constant(Tensor value);
  NodeId scalar(DType dtype, double value);
  // A scalar broadcast to `shape`.
  NodeId full(TensorType type, double value);
  NodeId iota(TensorType type, int64_t axis);
  NodeId convert(NodeId x, DType dtype);  // x itself if it has the dtype already
  NodeId reshape(NodeId x, Shape shape);  // x itself if it has the shape already
  NodeId transpose(NodeId x, Dims perm);
  NodeId broadcast(NodeId x, Shape shape, Dims dims);
  NodeId slice(NodeId x, Dims start, Dims limit, Dims stride);
  NodeId pad(NodeId x, NodeId value, Dims low, Dims high, Dims interior);
  NodeId concatenate(std::vector<NodeId> xs, int64_t axis);
  NodeId reverse(NodeId x, Dims axes);
  NodeId gather(NodeId x, NodeId indices, int64_t axis);
  NodeId scatter(NodeId x, NodeId indices, NodeId updates, ScatterKind kind);
  NodeId reduce(NodeId x, ReduceKind kind, Dims axes);
  NodeId reduce_window(NodeId x, WindowAttr attr);
  NodeId dot_general(NodeId a, NodeId b, DotAttr attr);
  NodeId convolution(NodeId x, NodeId w, ConvAttr attr);
  NodeId argsort(NodeId x, int64_t axis, bool descending);

#define X(name) \
  NodeId name(NodeId x) { return add(Op::name, {x}); }
  BURIN_UNARY_OPS(X)
#undef X
#define X(name) \
  NodeId name(NodeId a, NodeId b) { return add(Op::name, {a, b}); }
  BURIN_BINARY_OPS(X)
#undef X
  NodeId select(NodeId pred, NodeId a, NodeId b) { return add(Op::select, {pred, a, b}); }
  NodeId clamp(NodeId lo, NodeId x, NodeId hi) { return add(Op::clamp, {lo, x, hi}); }

  // NumPy broadcasting: the common shape of two, and x expanded to a shape.
  static Shape broadcast_shapes(const Shape& a, const Shape& b);
  NodeId broadcast_to(NodeId x, const Shape& shape);
  // A binary op with NumPy broadcasting of its operands.
  NodeId broadcast_binary(Op op, NodeId a, NodeId b);
  // x (op) a scalar constant of x's dtype.
  NodeId with_scalar(Op op, NodeId x, double value);
  // Reduces but keeps the axes with size 1.
  NodeId reduce_keep(NodeId x, ReduceKind kind, Dims axes);

 private:
  Graph& graph_;
  SourceId source_;
};

}  // namespace burin::graph
