// Primitives without operands: parameter, constant, iota.
#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_parameter(const InferArgs& args) {
  const auto& attr = attr_of<graph::ParameterAttr>(args);
  if (attr.index < 0) refuse(args.op, fmt::format("has the index {}", attr.index));
  return args.wanted;
}

TensorType infer_constant(const InferArgs& args) {
  const Tensor& value = attr_of<graph::ConstantAttr>(args).value;
  if (!value.valid()) refuse(args.op, "has no value");
  if (value.type() != args.wanted) {
    refuse(args.op, fmt::format("holds {}, not {}", value.type().text(), args.wanted.text()));
  }
  return args.wanted;
}

TensorType infer_iota(const InferArgs& args) {
  check_axis(args.op, attr_of<graph::AxisAttr>(args).axis, args.wanted.shape.rank());
  check_numeric(args.op, args.wanted);
  return args.wanted;
}

const RegisterOp register_parameter(Op::parameter, {.arity = 0, .infer = infer_parameter});
const RegisterOp register_constant(Op::constant, {.arity = 0, .infer = infer_constant});
const RegisterOp register_iota(Op::iota, {.arity = 0, .infer = infer_iota});

}  // namespace

}  // namespace burin::ops
