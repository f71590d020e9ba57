// Names of primitives and of their enumerated attributes.
#include "graph/op.h"

namespace burin::graph {

std::string_view name_of(Op op) {
  static constexpr std::string_view kNames[] = {
#define X(name) #name,
      BURIN_GRAPH_OPS(X)
#undef X
  };
  return kNames[static_cast<size_t>(op)];
}

std::optional<Op> op_from_name(std::string_view text) {
#define X(name) \
  if (text == #name) return Op::name;
  BURIN_GRAPH_OPS(X)
#undef X
  return std::nullopt;
}

std::string_view name_of(ReduceKind kind) {
  static constexpr std::string_view kNames[] = {"sum", "prod", "max", "min"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view name_of(ScatterKind kind) {
  static constexpr std::string_view kNames[] = {"assign", "add", "mul", "max", "min"};
  return kNames[static_cast<size_t>(kind)];
}

Attr default_attr(Op op) {
  switch (op) {
    case Op::parameter: return ParameterAttr{};
    case Op::constant: return ConstantAttr{};
    case Op::iota:
    case Op::concatenate:
    case Op::gather: return AxisAttr{};
    case Op::transpose:
    case Op::broadcast:
    case Op::reverse: return DimsAttr{};
    case Op::slice: return SliceAttr{};
    case Op::pad: return PadAttr{};
    case Op::scatter: return ScatterAttr{};
    case Op::reduce: return ReduceAttr{};
    case Op::reduce_window: return WindowAttr{};
    case Op::dot_general: return DotAttr{};
    case Op::convolution: return ConvAttr{};
    case Op::argsort: return SortAttr{};
    default: return NoAttr{};
  }
}

}  // namespace burin::graph
