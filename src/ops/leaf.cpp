// Primitives without operands: parameter, constant, iota.
#include "ops/evaluate.h"

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

Array eval_constant(const EvalArgs& args) {
  return graph::to_array(std::get<graph::ConstantAttr>(args.node.attr).value);
}

Array eval_iota(const EvalArgs& args) {
  const TensorType& type = args.node.type;
  auto axis = static_cast<size_t>(std::get<graph::AxisAttr>(args.node.attr).axis);
  int64_t stride = type.shape.strides()[axis], size = type.shape[axis];
  Array out = make_array(type);
  for (int64_t n = 0; n < type.shape.elements(); ++n) {
    int64_t index = n / stride % size;
    auto at = static_cast<size_t>(n);
    if (is_float(type.dtype))
      out.f[at] = graph::round_to(type.dtype, static_cast<double>(index));
    else
      out.i[at] = graph::wrap_to(type.dtype, index);
  }
  return out;
}

// A parameter has no rule: the evaluator is given its value.
const RegisterOp register_parameter(Op::parameter, {.arity = 0, .infer = infer_parameter});
const RegisterOp register_constant(Op::constant,
                                   {.arity = 0, .infer = infer_constant, .eval = eval_constant});
const RegisterOp register_iota(Op::iota, {.arity = 0, .infer = infer_iota, .eval = eval_iota});

}  // namespace

}  // namespace burin::ops
