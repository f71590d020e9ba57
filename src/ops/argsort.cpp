// argsort: the stable order of the elements along one axis.
#include <algorithm>
#include <numeric>

#include "ops/evaluate.h"

namespace burin::ops {

namespace {

TensorType infer_argsort(const InferArgs& args) {
  const TensorType& x = args.operands[0];
  check_axis(args.op, attr_of<graph::SortAttr>(args).axis, x.shape.rank());
  check_numeric(args.op, x);
  return {DType::i64, x.shape};
}

// NaN counts as larger than any number, and equal to itself.
template <class T>
bool before(T a, T b) {
  return a < b || (b != b && a == a);
}

// The order of `size` elements that lie `stride` apart.
template <class T, class V>
std::vector<int64_t> order_of(V from, int64_t size, int64_t stride, bool descending) {
  std::vector<T> line(static_cast<size_t>(size));
  for (size_t n = 0; n < line.size(); ++n) {
    line[n] = static_cast<T>(from[static_cast<int64_t>(n) * stride]);
  }
  std::vector<int64_t> order(line.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    T x = line[static_cast<size_t>(a)], y = line[static_cast<size_t>(b)];
    return descending ? before(y, x) : before(x, y);
  });
  return order;
}

Array eval_argsort(const EvalArgs& args) {
  const Array& x = *args.operands[0];
  const auto& attr = std::get<graph::SortAttr>(args.node.attr);
  Array out = make_array(args.node.type);
  if (out.type.shape.elements() == 0) return out;
  auto axis = static_cast<size_t>(attr.axis);
  int64_t size = x.type.shape[axis], inner = x.type.shape.strides()[axis];
  int64_t outer = x.type.shape.elements(0, axis);
  visit_evaluated(x.type.dtype, [&](auto t) {
    using T = decltype(t);
    for (int64_t line = 0; line < outer * inner; ++line) {
      int64_t begin = line / inner * size * inner + line % inner;
      auto order = order_of<T>(x.values<T>().begin() + begin, size, inner, attr.descending);
      for (int64_t n = 0; n < size; ++n) {
        out.i[static_cast<size_t>(begin + n * inner)] = order[static_cast<size_t>(n)];
      }
    }
  });
  return out;
}

const RegisterOp register_argsort(Op::argsort,
                                  {.arity = 1, .infer = infer_argsort, .eval = eval_argsort});

}  // namespace

}  // namespace burin::ops
