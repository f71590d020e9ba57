// argsort: the stable order of the elements along one axis.
#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_argsort(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  check_axis(args.op, attr_of<graph::SortAttr>(args).axis, x.shape.rank());
  check_numeric(args.op, x);
  return {DType::i64, x.shape};
}

const RegisterOp register_argsort(Op::argsort, {.arity = 1, .infer = infer_argsort});

}  // namespace

}  // namespace burin::ops
