// dot_general: a product of two tensors, summed over the contracted axes, per batch.
#include <algorithm>

#include "ops/evaluate.h"

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

// x with its axes in the order first, second, third.
Array arranged(const Array& x, Dims first, const Dims& second, const Dims& third) {
  first.insert(first.end(), second.begin(), second.end());
  first.insert(first.end(), third.begin(), third.end());
  Dims from = x.type.shape.strides(), strides, dims;
  for (int64_t axis : first) {
    strides.push_back(from[static_cast<size_t>(axis)]);
    dims.push_back(x.type.shape[static_cast<size_t>(axis)]);
  }
  return view_of(x, {x.type.dtype, Shape(std::move(dims))}, 0, strides);
}

int64_t product_of(const TensorType& x, const Dims& axes) {
  int64_t product = 1;
  for (int64_t axis : axes) product *= x.shape[static_cast<size_t>(axis)];
  return product;
}

template <class T>
void multiply_batches(int64_t batches, int64_t m, int64_t n, int64_t k, const T* a, const T* b,
                      T* c) {
  for (int64_t i = 0; i < batches; ++i) {
    multiply_add({.a = a + i * m * k,
                  .a_row = k,
                  .a_column = 1,
                  .b = b + i * k * n,
                  .b_row = n,
                  .c = c + i * m * n,
                  .c_row = n,
                  .m = m,
                  .n = n,
                  .k = k});
  }
}

// c[batch, m, n] = sum over k of a[batch, m, k] * b[batch, k, n]
Array eval_dot_general(const EvalArgs& args) {
  const auto& attr = std::get<graph::DotAttr>(args.node.attr);
  const Array &a = *args.operands[0], &b = *args.operands[1];
  Dims a_free = free_axes(a.type.shape.rank(), attr.lhs_batch, attr.lhs_contract);
  Dims b_free = free_axes(b.type.shape.rank(), attr.rhs_batch, attr.rhs_contract);
  int64_t batches = product_of(a.type, attr.lhs_batch), k = product_of(a.type, attr.lhs_contract);
  int64_t m = product_of(a.type, a_free), n = product_of(b.type, b_free);
  Array left = arranged(a, attr.lhs_batch, a_free, attr.lhs_contract);
  Array right = arranged(b, attr.rhs_batch, attr.rhs_contract, b_free);
  Array out = make_array(args.node.type);
  if (is_float(a.type.dtype)) {
    multiply_batches(batches, m, n, k, left.f.data(), right.f.data(), out.f.data());
    return out;
  }
  multiply_batches(batches, m, n, k, unsigned_data(left), unsigned_data(right), unsigned_data(out));
  wrap_values(out);
  return out;
}

const RegisterOp register_dot_general(Op::dot_general, {.arity = 2,
                                                        .infer = infer_dot_general,
                                                        .eval = eval_dot_general});

}  // namespace

}  // namespace burin::ops
