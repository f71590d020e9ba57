// reduce: whole axes become one element.
#include <algorithm>

#include "ops/combine.h"

namespace burin::ops {

namespace {

TensorType infer_reduce(const InferArgs& args) {
  const Dims& axes = attr_of<graph::ReduceAttr>(args).dims;
  const TensorType& x = args.operands[0];
  check_numeric(args.op, x);
  check_axes(args.op, "dims", axes, x.shape.rank());
  if (!std::is_sorted(axes.begin(), axes.end())) refuse(args.op, "dims are not ascending");
  Dims out;
  for (size_t i = 0; i < x.shape.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i))) {
      out.push_back(x.shape[i]);
    }
  }
  return {x.dtype, Shape(std::move(out))};
}

// Adds rows of the operand onto the result, which stands still along the reduced axes.
template <ReduceKind kind, class T, class V>
void reduce_rows(const Array& x, const Dims& strides, V& to) {
  const auto& from = x.values<T>();
  int64_t length = row_length(x.type.shape), stride = row_stride(strides);
  auto next = from.begin();
  for_each_row<1>(x.type.shape, {0}, {strides}, [&](std::array<int64_t, 1> at) {
    for (int64_t n = 0; n < length; ++n) {
      auto& sum = to[static_cast<size_t>(at[0] + n * stride)];
      sum = combined<kind>(static_cast<T>(sum), static_cast<T>(*next++));
    }
  });
}

Array eval_reduce(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const auto& attr = std::get<graph::ReduceAttr>(args.node.attr);
  Array out = make_array(args.node.type);
  Dims kept = out.type.shape.strides(), strides(x.type.shape.rank(), 0);
  for (size_t i = 0, next = 0; i < strides.size(); ++i) {
    bool reduced = std::binary_search(attr.dims.begin(), attr.dims.end(), static_cast<int64_t>(i));
    if (!reduced) strides[i] = kept[next++];
  }
  visit_evaluated(x.type.dtype, [&](auto t) {
    using T = decltype(t);
    auto& to = out.values<T>();
    to.assign(to.size(), identity_of<T>(attr.kind));
    visit_kind(attr.kind, [&](auto kind) { reduce_rows<kind.value, T>(x, strides, to); });
  });
  return out;
}

const RegisterOp register_reduce(Op::reduce,
                                 {.arity = 1, .infer = infer_reduce, .eval = eval_reduce});

}  // namespace

}  // namespace burin::ops
