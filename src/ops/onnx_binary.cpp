// ONNX ops of two or more tensors, element by element with broadcasting: one row an op with its
// formula in x and y. Sum, Max, Min and Mean take any number of inputs.
#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// Integers: the remainder with the divisor's sign, as Python's %. fmod=1: the dividend's sign.
Value modulo(OpContext& c, Value x, Value y) {
  Value r = rem(x, y);
  if (c.attr_int("fmod", 0)) return r;
  if (is_float(x.dtype())) refuse("Mod of floats needs fmod=1");
  if (!is_signed(x.dtype())) return r;
  Value opposite = ne(r < 0.0, y < 0.0) & ne(r, 0.0);
  return select(opposite, r + y, r);
}

Value shifted(OpContext& c, Value x, Value y) {
  std::string direction = c.attr_string("direction", "");
  if (direction == "LEFT") return shift_left(x, y);
  if (direction == "RIGHT") return shift_right(x, y);
  refuse("attribute direction is '" + direction + "', neither LEFT nor RIGHT");
}

// x^y in x's dtype. Small constant exponents become products.
Value power(OpContext& c, Value x, Value y) {
  if (std::optional<Tensor> known = c.known_input(1); known && known->elements() == 1) {
    double exponent = known->as_double(0);
    Shape shape = graph::Builder::broadcast_shapes(x.shape(), y.shape());
    if (exponent == 1) return x.broadcast_to(shape);
    if (exponent == 2) return (x * x).broadcast_to(shape);
    if (exponent == 3) return (x * x * x).broadcast_to(shape);
  }
  if (is_integer(x.dtype()) && is_float(y.dtype())) {
    return pow(x.to(DType::f64), y.to(DType::f64)).to(x.dtype());
  }
  return pow(x, y.to(x.dtype()));
}

// x where positive, else slope * x; a slope of rank 1 may also count the channels (opset 7)
Value prelu(Value x, Value slope) {
  if (slope.rank() == 1 && x.rank() > 2 && slope.dim(0) != 1 && slope.dim(0) == x.dim(1) &&
      slope.dim(0) != x.dim(static_cast<int64_t>(x.rank()) - 1)) {
    slope = per_channel(slope, x.shape());
  }
  return select(x < 0.0, slope * x, x);
}

// Before opset 7 the second operand broadcasts only if the node says so, from `axis` on: y[3] with
// axis=1 meets x[2, 3, 4] as [3, 1].
Value aligned(OpContext& c, Value x, Value y) {
  if (c.opset >= 7 || !c.has_attr("axis") || y.rank() >= x.rank()) return y;
  auto axis = static_cast<size_t>(OpContext::axis(c.attr_int("axis"), x.rank()));
  if (axis + y.rank() > x.rank()) refuse("the second operand passes the rank of the first");
  Dims dims = y.dims();
  dims.resize(x.rank() - axis, 1);
  return y.reshape(std::move(dims));
}

template <Value (*fold)(Value, Value)>
Value fold_inputs(OpContext& c) {
  Value total = input(c, 0);
  for (size_t i = 1; i < c.input_count(); ++i) total = fold(total, input(c, i));
  return total;
}

}  // namespace

// type, first opset, formula
#define BURIN_ONNX_BINARY_OPS(X)    \
  X(Add, 1, x + y)                  \
  X(And, 1, bit_and(x, y))          \
  X(BitShift, 11, shifted(c, x, y)) \
  X(BitwiseAnd, 18, bit_and(x, y))  \
  X(BitwiseOr, 18, bit_or(x, y))    \
  X(BitwiseXor, 18, bit_xor(x, y))  \
  X(Div, 1, x / y)                  \
  X(Equal, 1, eq(x, y))             \
  X(Greater, 1, x > y)              \
  X(GreaterOrEqual, 12, x >= y)     \
  X(Less, 1, x < y)                 \
  X(LessOrEqual, 12, x <= y)        \
  X(Mod, 10, modulo(c, x, y))       \
  X(Mul, 1, mul(x, y))              \
  X(Or, 1, bit_or(x, y))            \
  X(PRelu, 1, prelu(x, y))          \
  X(Pow, 1, power(c, x, y))         \
  X(Sub, 1, x - y)                  \
  X(Xor, 1, bit_xor(x, y))

// In a formula, x and y are the inputs and c is the node.
#define X(type, since, formula)            \
  static void build_##type(OpContext& c) { \
    Value x = input(c, 0);                 \
    Value y = aligned(c, x, input(c, 1));  \
    c.set_output(0, formula);              \
  }                                        \
  BURIN_ONNX_OP(type, since, build_##type);
BURIN_ONNX_BINARY_OPS(X)
#undef X

// type, first opset, formula in the node
#define BURIN_ONNX_VARIADIC_OPS(X)                                       \
  X(Max, 6, fold_inputs<max>(c))                                         \
  X(Mean, 6, fold_inputs<add>(c) / static_cast<double>(c.input_count())) \
  X(Min, 6, fold_inputs<min>(c))                                         \
  X(Sum, 6, fold_inputs<add>(c))                                         \
  X(Where, 9, select(input(c, 0), input(c, 1), input(c, 2)))

#define X(type, since, formula)                                        \
  static void build_##type(OpContext& c) { c.set_output(0, formula); } \
  BURIN_ONNX_OP(type, since, build_##type);
BURIN_ONNX_VARIADIC_OPS(X)
#undef X

}  // namespace burin::ops
