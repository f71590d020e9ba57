// What the eval rules share: maps over elements and walks over strided rows. Slow and obvious by
// intent, except that inner loops run over contiguous elements.
#pragma once

#include <array>

#include "base/check.h"
#include "ops/rules.h"

namespace burin::ops {

using graph::make_array;

// Calls f(T{}) with double for float dtypes, else with the dtype's own C++ type.
template <class F>
decltype(auto) visit_evaluated(DType dtype, F&& f) {
  if (is_float(dtype)) return f(double{});
  return visit_dtype(dtype, [&](auto t) {
    if constexpr (std::is_integral_v<decltype(t)>)
      return f(t);
    else
      return f(int64_t{});  // floats went the other way
  });
}

// Integers as unsigned ones, whose arithmetic wraps; floats as they are. A result goes back to the
// dtype by static_cast.
template <class T>
auto bits(T x) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<uint64_t>(x);
  else
    return x;
}

// Which dtypes a scalar function is defined for; the infer rules refuse the others.
// `integers` includes pred, `whole_numbers` and `numbers` do not.
enum class Domain { floats, integers, whole_numbers, numbers, all };

template <Domain domain, class T>
constexpr bool in_domain() {
  constexpr bool floating = std::is_floating_point_v<T>;
  if (domain == Domain::floats) return floating;
  if (domain == Domain::integers) return !floating;
  if (domain == Domain::all) return true;
  return !std::is_same_v<T, bool> && (domain == Domain::numbers || !floating);
}

// result[n] = f(T(operands[n])...), T as in visit_evaluated for the first operand; f yields
// something that converts to T, or a bool for results of pred.
template <Domain domain, size_t arity, class F>
Array map_elements(const EvalArgs& args, F f) {
  Array out = make_array(args.node.type);
  const Array& x = *args.operands[0];
  const Array& y = *args.operands[arity - 1];
  auto count = static_cast<size_t>(out.type.shape.elements());
  visit_evaluated(x.type.dtype, [&](auto t) {
    using T = decltype(t);
    if constexpr (in_domain<domain, T>()) {
      auto apply = [&](size_t n) {
        T a = static_cast<T>(x.values<T>()[n]);
        if constexpr (arity == 1)
          return f(a);
        else
          return f(a, static_cast<T>(y.values<T>()[n]));
      };
      constexpr bool test = std::is_same_v<decltype(apply(0)), bool>;
      using R = std::conditional_t<test, bool, T>;
      auto& to = out.values<R>();
      for (size_t n = 0; n < count; ++n) to[n] = static_cast<R>(apply(n));
    } else {
      BURIN_CHECK(false, "an elementwise op outside its domain");
    }
  });
  return out;
}

// Walks `views` strided views of one shape row by row: row(at) is called with the offset at which
// each view's innermost row begins. A scalar is one row of one element.
template <size_t views, class F>
void for_each_row(const Shape& shape, std::array<int64_t, views> at,
                  const std::array<Dims, views>& strides, F&& row) {
  if (shape.elements() == 0) return;
  size_t outer = shape.rank() > 0 ? shape.rank() - 1 : 0;
  Dims index(outer, 0);
  while (true) {
    row(at);
    size_t axis = outer;
    while (axis-- > 0) {
      for (size_t v = 0; v < views; ++v) at[v] += strides[v][axis];
      if (++index[axis] < shape[axis]) break;
      for (size_t v = 0; v < views; ++v) at[v] -= shape[axis] * strides[v][axis];
      index[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

// The innermost size and stride, those of one element for a scalar.
inline int64_t row_length(const Shape& shape) { return shape.rank() ? shape.dims().back() : 1; }
inline int64_t row_stride(const Dims& strides) { return strides.empty() ? 1 : strides.back(); }

// The array of `type` whose element d is x[offset + sum(d[i] * strides[i])].
Array view_of(const Array& x, TensorType type, int64_t offset, const Dims& strides);

// The integers of x as unsigned ones, whose sums wrap; wrap_values brings results back to the
// dtype.
inline const uint64_t* unsigned_data(const Array& x) {
  return reinterpret_cast<const uint64_t*>(x.i.data());
}
inline uint64_t* unsigned_data(Array& x) { return reinterpret_cast<uint64_t*>(x.i.data()); }
void wrap_values(Array& x);

// c[m, n] += a[m, k] * b[k, n]; rows of b and c are contiguous.
template <class T>
struct MatrixProduct {
  const T* a;
  int64_t a_row, a_column;  // strides of a
  const T* b;
  int64_t b_row;
  T* c;
  int64_t c_row;
  int64_t m, n, k;
};
void multiply_add(const MatrixProduct<double>& product);
void multiply_add(const MatrixProduct<uint64_t>& product);

}  // namespace burin::ops
