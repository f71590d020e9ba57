// OneHot, and the ops whose output size is decided by values: Compress, NonZero and Unique, which
// need those values while building.
#include <algorithm>
#include <numeric>

#include "ops/onnx_index.h"

namespace burin::ops {

namespace {

// values[1] where the new axis has the index, values[0] elsewhere
void build_one_hot(OpContext& c) {
  Value indices = input(c, 0), values = input(c, 2);
  Ints depth = c.ints_input(1);
  if (depth.size() != 1 || depth[0] < 1) refuse("depth must be one positive number");
  if (values.rank() != 1 || values.dim(0) != 2) refuse("values must be [off, on]");
  int64_t axis = OpContext::axis(c.attr_int("axis", -1), indices.rank() + 1);
  Dims dims = indices.dims(), at = range(0, static_cast<int64_t>(indices.rank()));
  dims.insert(dims.begin() + axis, depth[0]);
  for (int64_t& a : at) a += a >= axis;
  Value wrapped = wrap_indices(indices.to(DType::i64), depth[0]);
  Value hit = eq(wrapped.broadcast(Shape(dims), at), iota(c, DType::i64, Shape(dims), axis));
  Value off = values.slice(0, 0, 1).reshape({}), on = values.slice(0, 1, 2).reshape({});
  c.set_output(0, select(hit, on, off));
}
BURIN_ONNX_OP(OneHot, 9, build_one_hot);

void build_compress(OpContext& c) {
  Value x = input(c, 0);
  Tensor condition = c.constant_input(1);
  int64_t axis = 0;
  if (c.has_attr("axis")) {
    axis = OpContext::axis(c.attr_int("axis"), x.rank());
  } else {
    x = x.reshape({x.shape().elements()});
  }
  Ints kept;
  for (int64_t i = 0; i < condition.elements(); ++i) {
    if (condition.as_int(i) != 0) kept.push_back(i);
  }
  if (!kept.empty() && kept.back() >= x.dim(axis)) refuse("the condition is longer than the axis");
  c.set_output(0, x.take(ints_constant(c, kept, {static_cast<int64_t>(kept.size())}), axis));
}
BURIN_ONNX_OP(Compress, 9, build_compress);

void build_non_zero(OpContext& c) {
  Tensor x = c.constant_input(0);
  Dims strides = x.shape().strides();
  Ints found;
  for (int64_t i = 0; i < x.elements(); ++i) {
    if (x.as_double(i) != 0) found.push_back(i);
  }
  Ints coordinates;
  for (size_t a = 0; a < x.shape().rank(); ++a) {
    for (int64_t i : found) coordinates.push_back(i / strides[a] % x.shape()[a]);
  }
  Shape shape = {static_cast<int64_t>(x.shape().rank()), static_cast<int64_t>(found.size())};
  c.set_output(0, ints_constant(c, coordinates, shape));
}
BURIN_ONNX_OP(NonZero, 9, build_non_zero);

// The rows of a tensor along one axis, compared as vectors of numbers.
struct Rows {
  Dims dims;
  int64_t count = 0;
  std::vector<std::vector<double>> values;
};

Rows rows_along(const Tensor& x, std::optional<int64_t> axis) {
  auto a = static_cast<size_t>(axis.value_or(0));
  int64_t count = axis ? x.shape()[a] : x.elements();
  int64_t inner = axis ? x.shape().elements(a + 1, x.shape().rank()) : 1;
  Rows rows{axis ? x.shape().dims() : Dims{count}, count, {}};
  rows.values.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < x.elements(); ++i) {
    rows.values[static_cast<size_t>(i / inner % count)].push_back(x.as_double(i));
  }
  return rows;
}

// Outputs: the distinct rows, where each first stands, which one each row is, how often each
// occurs.
void build_unique(OpContext& c) {
  Tensor x = c.constant_input(0);
  std::optional<int64_t> axis;
  if (c.has_attr("axis")) axis = OpContext::axis(c.attr_int("axis"), x.shape().rank());
  Rows rows = rows_along(x, axis);
  Ints order = range(0, rows.count), first, inverse(order.size()), counts;
  auto row = [&](int64_t i) -> const auto& { return rows.values[static_cast<size_t>(i)]; };
  std::ranges::stable_sort(order, [&](int64_t i, int64_t j) { return row(i) < row(j); });
  for (int64_t i : order) {
    if (first.empty() || row(first.back()) != row(i)) first.push_back(i), counts.push_back(0);
    ++counts.back();
    inverse[static_cast<size_t>(i)] = static_cast<int64_t>(first.size()) - 1;
  }
  if (!c.attr_int("sorted", 1)) {  // by first occurrence
    Ints by_first = range(0, static_cast<int64_t>(first.size())), place(first.size());
    std::ranges::sort(by_first, {}, [&](int64_t u) { return first[static_cast<size_t>(u)]; });
    Ints old_first = first, old_counts = counts;
    for (size_t n = 0; n < by_first.size(); ++n) {
      auto u = static_cast<size_t>(by_first[n]);
      first[n] = old_first[u], counts[n] = old_counts[u], place[u] = static_cast<int64_t>(n);
    }
    for (int64_t& i : inverse) i = place[static_cast<size_t>(i)];
  }
  Shape distinct = {static_cast<int64_t>(first.size())};
  Value indices = ints_constant(c, first, distinct);
  set(c, 0, input(c, 0).reshape(rows.dims).take(indices, axis.value_or(0)));
  set(c, 1, indices);
  set(c, 2, ints_constant(c, inverse, {rows.count}));
  set(c, 3, ints_constant(c, counts, distinct));
}
BURIN_ONNX_OP(Unique, 11, build_unique);

}  // namespace

}  // namespace burin::ops
