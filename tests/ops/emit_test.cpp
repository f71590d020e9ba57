// The emit rules against the eval rules on all pairs of a dtype's edge values: overflow, division
// by zero, shifts beyond the width, NaN, infinities.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "graph/array.h"
#include "graph/op_def.h"
#include "loop/builder.h"
#include "loop/interp.h"
#include "loop/verify.h"
#include "lower/convert.h"
#include "lower/expr.h"

namespace burin::ops {

namespace {

using graph::Array;
using graph::Op;
using loop::Elem;
using loop::Value;

constexpr uint16_t kLanes = 4;

template <class T>
std::vector<T> edges() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {Limits::max(), Limits::lowest(), static_cast<T>(Limits::max() / 2)};
  for (int v : {0, 1, 2, 3, 7, 31, 33, 64, -1, -2}) values.push_back(static_cast<T>(v));
  if constexpr (std::is_floating_point_v<T>) {
    for (T v :
         {T(0.5), T(-0.0), T(-1.5), Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
      values.push_back(v);
    }
  }
  return values;
}

// All pairs, as many as whole vectors take.
template <class T>
void edge_pairs(std::vector<T>* x, std::vector<T>* y) {
  std::vector<T> values = edges<T>();
  for (T a : values) {
    for (T b : values) x->push_back(a), y->push_back(b);
  }
  while (x->size() % kLanes) x->push_back(T(1)), y->push_back(T(1));
}

template <class T>
Array array_of(DType dtype, const std::vector<T>& values) {
  Array out;
  out.type = {dtype, Shape{static_cast<int64_t>(values.size())}};
  for (T v : values) {
    if constexpr (std::is_floating_point_v<T>)
      out.f.push_back(v);
    else
      out.i.push_back(static_cast<int64_t>(v));
  }
  return out;
}

// What the emit rule makes of the operands; comparisons as 0 and 1.
template <class T>
std::vector<T> emitted(Op op, DType dtype, const std::vector<T>& x, const std::vector<T>& y) {
  loop::Builder b("emit", 3);
  Elem memory = loop::elem_of(dtype), wide = lower::register_elem(dtype);
  auto size = static_cast<int64_t>(sizeof(T));
  b.loop(b.index(0), b.index(static_cast<int64_t>(x.size()) * size), kLanes * size, [&](Value i) {
    auto load = [&](int p) { return b.convert(b.load({memory, kLanes}, {b.pointer(p), i}), wide); };
    Value operands[] = {load(1), load(2)};
    auto arity = static_cast<size_t>(graph::op_def(op).arity);
    Value result = graph::op_def(op).emit(b, dtype, std::span(operands, arity));
    bool test = loop::is_mask(b.type(result).elem);
    if (test) result = lower::emit_convert(b, result, DType::pred, dtype);
    b.store(b.convert(lower::wrap_integer(b, result, dtype), memory), {b.pointer(0), i});
  });
  loop::Function f = b.finish();
  auto verified = loop::verify(f);
  EXPECT_TRUE(verified) << verified.error().text();
  std::vector<T> out(x.size()), a = x, c = y;
  std::vector<void*> buffers = {out.data(), a.data(), c.data()};
  auto run = loop::interpret(f, buffers, 0);
  EXPECT_TRUE(run) << name_of(op) << " of " << name_of(dtype) << ": " << run.error().text();
  return out;
}

// Equal, or for floats within 4 ulp, both NaN, or both below the smallest normal number.
template <class T>
bool agree(T got, double wanted) {
  if (std::isnan(wanted)) return std::isnan(got);
  auto rounded = static_cast<T>(wanted);
  if (got == rounded) return true;
  if (std::fabs(wanted) < std::numeric_limits<T>::min())
    return std::fabs(got) <= std::numeric_limits<T>::min();
  return std::fabs(got - rounded) <= 4 * std::numeric_limits<T>::epsilon() * std::fabs(rounded);
}

// False where the op is not defined on the dtype.
template <class T>
bool check(Op op, DType dtype) {
  std::vector<T> x, y;
  edge_pairs(&x, &y);
  Array a = array_of(dtype, x), b = array_of(dtype, y);
  const Array* operands[] = {&a, &b};
  auto arity = static_cast<size_t>(graph::op_def(op).arity);
  std::vector<TensorType> types = {a.type, b.type};
  graph::Node node{.op = op};
  graph::Attr attr;
  try {
    node.type = graph::op_def(op).infer({op, std::span(types).first(arity), attr, {}});
  } catch (const graph::BuildError&) {
    return false;
  }
  Array wanted = graph::op_def(op).eval({node, std::span(operands, arity)});
  std::vector<T> got = emitted(op, dtype, x, y);
  for (size_t i = 0; i < x.size(); ++i) {
    bool same = false;
    if (wanted.f.empty())
      same = got[i] == static_cast<T>(wanted.i[i]);
    else if constexpr (std::is_floating_point_v<T>)
      same = agree(got[i], wanted.f[i]);
    EXPECT_TRUE(same) << name_of(op) << "(" << +x[i] << ", " << +y[i] << ") of " << name_of(dtype)
                      << " gives " << +got[i] << " instead of "
                      << (wanted.f.empty() ? static_cast<double>(wanted.i[i]) : wanted.f[i]);
  }
  return true;
}

constexpr Op kOps[] = {
#define X(name) Op::name,
    BURIN_UNARY_OPS(X) BURIN_BINARY_OPS(X)
#undef X
};

}  // namespace

TEST(Emit, EdgeValuesOfEveryOpAndDtype) {
  int checked = 0;
  for (Op op : kOps) {
    ASSERT_TRUE(graph::op_def(op).emit) << name_of(op);
    checked += check<float>(op, DType::f32);
    checked += check<double>(op, DType::f64);
    checked += check<int8_t>(op, DType::i8);
    checked += check<uint8_t>(op, DType::u8);
    checked += check<int16_t>(op, DType::i16);
    checked += check<uint16_t>(op, DType::u16);
    checked += check<int32_t>(op, DType::i32);
    checked += check<uint32_t>(op, DType::u32);
    checked += check<int64_t>(op, DType::i64);
    checked += check<uint64_t>(op, DType::u64);
  }
  EXPECT_GT(checked, 250);
}

}  // namespace burin::ops
