// Elementwise primitives and the dispatch over all of them.
#include "onnx/export_node.h"

#include <algorithm>
#include <array>

namespace burin::onnx {

using graph::BuildError;
using graph::NodeId;
using graph::Op;
using Value = Exporter::Value;

namespace {

// The ops that ONNX has with the same meaning.
// clang-format off
#define BURIN_SAME_OPS(X)                                                               \
  X(neg, Neg) X(abs, Abs) X(sign, Sign) X(exp, Exp) X(log, Log) X(sin, Sin) X(cos, Cos) \
  X(tan, Tan) X(asin, Asin) X(acos, Acos) X(atan, Atan) X(sinh, Sinh) X(cosh, Cosh)     \
  X(asinh, Asinh) X(acosh, Acosh) X(atanh, Atanh) X(tanh, Tanh) X(logistic, Sigmoid)    \
  X(erf, Erf) X(sqrt, Sqrt) X(floor, Floor) X(ceil, Ceil) X(round_nearest_even, Round)  \
  X(add, Add) X(sub, Sub) X(mul, Mul) X(div, Div) X(max, Max) X(min, Min) X(pow, Pow)   \
  X(eq, Equal) X(lt, Less) X(le, LessOrEqual) X(gt, Greater) X(ge, GreaterOrEqual)      \
  X(select, Where)
// clang-format on

const char* same_op(Op op) {
  switch (op) {
#define X(ours, theirs) \
  case Op::ours: return #theirs;
    BURIN_SAME_OPS(X)
#undef X
    default: return nullptr;
  }
}

}  // namespace

void Exporter::add(NodeId id) { values_[id] = build(id); }

Value Exporter::build(NodeId id) {
  const graph::Node& node = g_[id];
  if (is_elementwise(node.op)) return elementwise(id);
  switch (node.op) {
    case Op::parameter: {
      auto index = static_cast<size_t>(g_.attr<graph::ParameterAttr>(id).index);
      return {g_.inputs[index].name, node.type};
    }
    case Op::constant: return e_.constant(g_.constant(id));
    case Op::iota: return iota(id);
    case Op::convert: return e_.cast(operand(id, 0), node.type.dtype);
    case Op::reshape: return e_.reshape(operand(id, 0), node.type.shape);
    case Op::transpose: return e_.transpose(operand(id, 0), g_.attr<graph::DimsAttr>(id).dims);
    case Op::broadcast: return broadcast(id);
    case Op::slice: {
      const auto& s = g_.attr<graph::SliceAttr>(id);
      return e_.slice(operand(id, 0), s.start, s.limit, s.stride);
    }
    case Op::pad: {
      const auto& p = g_.attr<graph::PadAttr>(id);
      return e_.pad(operand(id, 0), operand(id, 1), p.low, p.high, p.interior);
    }
    case Op::concatenate: {
      std::vector<Value> parts;
      for (size_t i = 0; i < node.operands.size(); ++i) parts.push_back(operand(id, i));
      return e_.emit("Concat", parts, node.type, {{"axis", g_.attr<graph::AxisAttr>(id).axis}});
    }
    case Op::reverse: return reverse(id);
    case Op::gather: return gather(id);
    case Op::scatter: return scatter(id);
    case Op::reduce: return reduce(id);
    case Op::reduce_window: return reduce_window(id);
    case Op::dot_general: return dot_general(id);
    case Op::convolution: return convolution(id);
    case Op::argsort: return argsort(id);
    default: throw BuildError("no rule for " + std::string(name_of(node.op)));
  }
}

std::vector<Value> Exporter::operands(NodeId id) const {
  const auto& ids = g_[id].operands;
  bool whole = std::ranges::any_of(ids, [&](NodeId o) { return g_[o].op != Op::broadcast; });
  std::vector<Value> out;
  for (NodeId o : ids) out.push_back(whole && g_[o].op == Op::broadcast ? narrow_[o] : values_[o]);
  return out;
}

Value Exporter::with(const char* op_type, const Value& x, double constant) {
  return e_.emit(op_type, {x, e_.scalar(x.dtype(), constant)}, x.type);
}

Value Exporter::elementwise(NodeId id) {
  std::vector<Value> x = operands(id);
  const TensorType& type = g_[id].type;
  switch (x.size()) {
    case 1: return unary(id, x[0]);
    case 2: return binary(id, x[0], x[1]);
    default: break;
  }
  if (g_[id].op == Op::select) return e_.emit("Where", x, type);
  // clamp(low, x, high) = min(max(x, low), high)
  Value raised = e_.emit("Max", {x[1], x[0]}, type);
  return e_.emit("Min", {raised, x[2]}, type);
}

Value Exporter::unary(NodeId id, const Value& x) {
  const TensorType& type = g_[id].type;
  switch (g_[id].op) {
    case Op::expm1: return expm1(x);
    case Op::log1p: return log1p(x);
    case Op::rsqrt: return e_.emit("Reciprocal", {e_.emit("Sqrt", {x}, type)}, type);
    case Op::logical_not:
      return e_.emit(x.dtype() == DType::pred ? "Not" : "BitwiseNot", {x}, type);
    case Op::is_nan: return e_.emit("IsNaN", {x}, type);
    case Op::is_inf: {
      DType wide = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
      return e_.emit("IsInf", {e_.cast(x, wide)}, type);
    }
    default: return e_.emit(same_op(g_[id].op), {x}, type);
  }
}

// expm1(x) = tanh(x/2) * (exp(x) + 1), which keeps its digits near 0
Value Exporter::expm1(const Value& x) {
  Value half = e_.emit("Tanh", {with("Mul", x, 0.5)}, x.type);
  Value sum = with("Add", e_.emit("Exp", {x}, x.type), 1.0);
  return e_.emit("Mul", {half, sum}, x.type);
}

// log1p(x) = 2*atanh(x / (x + 2)) near 0, log(x + 1) elsewhere
Value Exporter::log1p(const Value& x) {
  Value ratio = e_.emit("Div", {x, with("Add", x, 2.0)}, x.type);
  Value near = with("Mul", e_.emit("Atanh", {ratio}, x.type), 2.0);
  Value far = e_.emit("Log", {with("Add", x, 1.0)}, x.type);
  Value magnitude = e_.emit("Abs", {x}, x.type);
  Value is_near = e_.emit("Less", {magnitude, e_.scalar(x.dtype(), 0.5)}, {DType::pred, x.shape()});
  return e_.emit("Where", {is_near, near, far}, x.type);
}

Value Exporter::binary(NodeId id, const Value& a, const Value& b) {
  Op op = g_[id].op;
  const TensorType& type = g_[id].type;
  if (a.dtype() == DType::pred) return logical(id, a, b);
  switch (op) {
    case Op::rem: return e_.emit("Mod", {a, b}, type, {{"fmod", int64_t{1}}});
    case Op::ne: return e_.emit("Not", {e_.emit("Equal", {a, b}, type)}, type);
    case Op::bit_and: return e_.emit("BitwiseAnd", {a, b}, type);
    case Op::bit_or: return e_.emit("BitwiseOr", {a, b}, type);
    case Op::bit_xor: return e_.emit("BitwiseXor", {a, b}, type);
    case Op::shift_left:
    case Op::shift_right: {
      if (is_signed(a.dtype())) throw BuildError("ONNX shifts unsigned integers only");
      std::string direction = op == Op::shift_left ? "LEFT" : "RIGHT";
      return e_.emit("BitShift", {a, b}, type, {{"direction", direction}});
    }
    case Op::div:
      if (!is_float(a.dtype())) return integer_div(a, b, type);
      return e_.emit("Div", {a, b}, type);
    default: return e_.emit(same_op(op), {a, b}, type);
  }
}

// Division by zero is undefined in ONNX and 0 here.
Value Exporter::integer_div(const Value& a, const Value& b, const TensorType& type) {
  Value zero = e_.scalar(b.dtype(), 0.0);
  Value is_zero = e_.emit("Equal", {b, zero}, {DType::pred, b.shape()});
  Value divisor = e_.emit("Where", {is_zero, e_.scalar(b.dtype(), 1.0), b}, b.type);
  return e_.emit("Where", {is_zero, zero, e_.emit("Div", {a, divisor}, type)}, type);
}

// Operands of type pred: as logic where ONNX has it, else over the integers 0 and 1.
Value Exporter::logical(NodeId id, const Value& a, const Value& b) {
  const TensorType& type = g_[id].type;
  switch (g_[id].op) {
    case Op::bit_and:
    case Op::mul:
    case Op::min: return e_.emit("And", {a, b}, type);
    case Op::bit_or:
    case Op::max: return e_.emit("Or", {a, b}, type);
    case Op::bit_xor:
    case Op::ne: return e_.emit("Xor", {a, b}, type);
    case Op::eq: return e_.emit("Equal", {a, b}, type);
    case Op::lt:
    case Op::le:
    case Op::gt:
    case Op::ge:
      return e_.emit(same_op(g_[id].op), {e_.cast(a, DType::i32), e_.cast(b, DType::i32)}, type);
    default: throw BuildError("arithmetic on booleans");
  }
}

}  // namespace burin::onnx
