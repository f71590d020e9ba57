// dot_general: a product of two tensors, summed over the contracted axes, per batch.
#include <algorithm>

#include "ops/rules.h"

namespace burin::ops {

namespace {

// The axes of one side that are neither batch nor contracted, in order.
Dims free_axes(size_t rank, const Dims& batch, const Dims& contract) {
  Dims out;
  for (int64_t i = 0; i < static_cast<int64_t>(rank); ++i) {
    if (std::count(batch.begin(), batch.end(), i) == 0 &&
        std::count(contract.begin(), contract.end(), i) == 0) {
      out.push_back(i);
    }
  }
  return out;
}

void check_side(Op op, const char* side, const TensorType& x, const Dims& batch,
                const Dims& contract) {
  Dims all = batch;
  all.insert(all.end(), contract.begin(), contract.end());
  check_axes(op, side, all, x.shape.rank());
}

void check_pairs(Op op, const char* what, const TensorType& a, const TensorType& b,
                 const Dims& a_axes, const Dims& b_axes) {
  if (a_axes.size() != b_axes.size()) {
    refuse(op, fmt::format("{} axes: {} on the left, {} on the right", what, a_axes.size(),
                           b_axes.size()));
  }
  for (size_t i = 0; i < a_axes.size(); ++i) {
    int64_t m = a.shape[static_cast<size_t>(a_axes[i])];
    int64_t n = b.shape[static_cast<size_t>(b_axes[i])];
    if (m != n) {
      refuse(op,
             fmt::format("{} axes of {} and {} differ: {} and {}", what, a.text(), b.text(), m, n));
    }
  }
}

TensorType infer_dot_general(const InferArgs& args) {
  const auto& attr = attr_of<graph::DotAttr>(args);
  const TensorType &a = args.operands[0], &b = args.operands[1];
  check_same_dtype(args.op, a, b);
  check_numeric(args.op, a);
  check_side(args.op, "left side", a, attr.lhs_batch, attr.lhs_contract);
  check_side(args.op, "right side", b, attr.rhs_batch, attr.rhs_contract);
  check_pairs(args.op, "batch", a, b, attr.lhs_batch, attr.rhs_batch);
  check_pairs(args.op, "contracted", a, b, attr.lhs_contract, attr.rhs_contract);
  Dims out;
  auto append = [&](const TensorType& x, const Dims& axes) {
    for (int64_t axis : axes) out.push_back(x.shape[static_cast<size_t>(axis)]);
  };
  append(a, attr.lhs_batch);
  append(a, free_axes(a.shape.rank(), attr.lhs_batch, attr.lhs_contract));
  append(b, free_axes(b.shape.rank(), attr.rhs_batch, attr.rhs_contract));
  return {a.dtype, Shape(std::move(out))};
}

const RegisterOp register_dot_general(Op::dot_general, {.arity = 2, .infer = infer_dot_general});

}  // namespace

}  // namespace burin::ops
