// Values with operators, so that a rule reads like the formula it implements. A Value is a graph
// node and its builder; every operator and function appends primitives, broadcasting as NumPy does.
// Used by the onnx_*.cpp rules. Errors of types and shapes throw graph::BuildError.
#pragma once

#include <functional>

#include "graph/builder.h"

namespace burin::ops {

using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

class Value {
 public:
  Value(graph::Builder& builder, NodeId node) : id(node), b_(&builder) {}
  operator NodeId() const { return id; }

  graph::Builder& builder() const { return *b_; }
  // Copies: nodes move when the graph grows.
  Shape shape() const { return b_->shape(id); }
  TensorType type() const { return b_->type(id); }
  Dims dims() const { return b_->shape(id).dims(); }
  // Dimensions [begin, end).
  Dims dims(size_t begin, size_t end) const {
    const Dims& all = b_->shape(id).dims();
    return Dims(all.begin() + static_cast<std::ptrdiff_t>(begin),
                all.begin() + static_cast<std::ptrdiff_t>(end));
  }
  DType dtype() const { return b_->dtype(id); }
  size_t rank() const { return b_->shape(id).rank(); }
  int64_t dim(int64_t axis) const { return b_->shape(id)[static_cast<size_t>(axis)]; }

  Value wrap(NodeId node) const { return {*b_, node}; }
  // A constant of x's dtype and shape.
  Value like(double value) const { return wrap(b_->full(type(), value)); }
  Value scalar(double value) const { return wrap(b_->scalar(dtype(), value)); }
  Value to(DType dtype) const { return wrap(b_->convert(id, dtype)); }
  Value reshape(Dims dims) const { return wrap(b_->reshape(id, Shape(std::move(dims)))); }
  // x itself where the permutation is the identity.
  Value transpose(Dims perm) const;
  Value broadcast_to(const Shape& shape) const { return wrap(b_->broadcast_to(id, shape)); }
  // x broadcast so that its axis i is axis dims[i] of the result.
  Value broadcast(const Shape& shape, Dims dims) const {
    return wrap(b_->broadcast(id, shape, std::move(dims)));
  }
  // Elements [begin, end) of one axis, every `step`-th.
  Value slice(int64_t axis, int64_t begin, int64_t end, int64_t step = 1) const;
  // low and high elements of `value` around one axis.
  Value pad(int64_t axis, int64_t low, int64_t high, double value = 0) const;
  Value reverse(Dims axes) const { return wrap(b_->reverse(id, std::move(axes))); }
  Value take(NodeId indices, int64_t axis) const { return wrap(b_->gather(id, indices, axis)); }
  Value reduce(ReduceKind kind, Dims axes) const {
    return axes.empty() ? *this : wrap(b_->reduce(id, kind, std::move(axes)));
  }
  // The same, keeping the reduced axes with size 1.
  Value reduce_keep(ReduceKind kind, Dims axes) const {
    return axes.empty() ? *this : wrap(b_->reduce_keep(id, kind, std::move(axes)));
  }
  Value sum(Dims axes) const { return reduce_keep(ReduceKind::sum, std::move(axes)); }
  Value max(Dims axes) const { return reduce_keep(ReduceKind::max, std::move(axes)); }
  // The arithmetic mean over the axes, kept with size 1.
  Value mean(const Dims& axes) const;
  // The index along `axis`, in the shape of x.
  Value iota(int64_t axis, DType dtype) const { return wrap(b_->iota({dtype, shape()}, axis)); }

  NodeId id;

 private:
  graph::Builder* b_;
};

#define X(name) \
  inline Value name(Value x) { return x.wrap(x.builder().name(x)); }
BURIN_UNARY_OPS(X)
#undef X

// x (op) s for a number s has x's dtype; for two values the shapes broadcast.
#define X(name)                                                                           \
  inline Value name(Value x, Value y) {                                                   \
    return x.wrap(x.builder().broadcast_binary(Op::name, x, y));                          \
  }                                                                                       \
  inline Value name(Value x, double s) { return x.wrap(x.builder().name(x, x.like(s))); } \
  inline Value name(double s, Value y) { return y.wrap(y.builder().name(y.like(s), y)); }
BURIN_BINARY_OPS(X)
#undef X

#define BURIN_VALUE_OPERATORS(X) \
  X(+, add)                      \
  X(-, sub) X(*, mul) X(/, div) X(<, lt) X(<=, le) X(>, gt) X(>=, ge) X(&, bit_and) X(|, bit_or)
#define X(symbol, name)                                                  \
  inline Value operator symbol(Value x, Value y) { return name(x, y); }  \
  inline Value operator symbol(Value x, double s) { return name(x, s); } \
  inline Value operator symbol(double s, Value y) { return name(s, y); }
BURIN_VALUE_OPERATORS(X)
#undef X
#undef BURIN_VALUE_OPERATORS
inline Value operator-(Value x) { return neg(x); }
inline Value operator!(Value x) { return logical_not(x); }

Value select(Value pred, Value on_true, Value on_false);
inline Value select(Value pred, Value on_true, double s) {
  return select(pred, on_true, on_true.scalar(s));
}
inline Value select(Value pred, double s, Value on_false) {
  return select(pred, on_false.scalar(s), on_false);
}
// min(max(x, low), high)
inline Value clip(Value x, double low, double high) { return min(max(x, low), high); }

// Products of matrices stacked over leading axes, as numpy.matmul.
Value matmul(Value a, Value b);

}  // namespace burin::ops
