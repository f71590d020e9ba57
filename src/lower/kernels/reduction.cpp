// Reduction steps as loop IR.
#include "lower/kernels/reduction.h"

#include <limits>

#include "base/check.h"
#include "lower/expr.h"

namespace burin::lower {

using graph::ReduceKind;
using loop::Builder;
using loop::Type;
using loop::Value;

Value emit_identity(Builder& b, ReduceKind kind, DType dtype, uint16_t lanes) {
  Type type{register_elem(dtype), lanes};
  bool floating = loop::is_float(type.elem);
  if (kind == ReduceKind::sum || kind == ReduceKind::prod) {
    int one = kind == ReduceKind::prod;
    return floating ? b.real(type, one) : b.integer(type, one);
  }
  bool lowest = kind == ReduceKind::max;
  if (floating) {
    double inf = std::numeric_limits<double>::infinity();
    return b.real(type, lowest ? -inf : inf);
  }
  return visit_dtype(dtype, [&](auto t) {
    using Limits = std::numeric_limits<decltype(t)>;
    return b.integer(type, static_cast<int64_t>(lowest ? Limits::min() : Limits::max()));
  });
}

Value emit_combine(Builder& b, ReduceKind kind, Value acc, Value x) {
  if (kind == ReduceKind::sum) return b.add(acc, x);
  if (kind == ReduceKind::prod) return b.mul(acc, x);
  // max and min give their second operand if either is NaN: a NaN in x is kept already.
  Value best = kind == ReduceKind::max ? b.max(acc, x) : b.min(acc, x);
  if (!loop::is_float(b.type(acc).elem)) return best;
  return b.select(b.cmp_ne(acc, acc), acc, best);
}

// The instructions for max and min lose lanes that are NaN, so those are added:
// max(v) + sum(v where it is NaN, else 0).
Value emit_horizontal(Builder& b, ReduceKind kind, Value vector) {
  if (b.type(vector).lanes == 1) return vector;
  if (kind == ReduceKind::sum) return b.reduce(loop::Op::reduce_add, vector);
  BURIN_CHECK(kind != ReduceKind::prod, "lanes of a product cannot be folded");
  loop::Op op = kind == ReduceKind::max ? loop::Op::reduce_max : loop::Op::reduce_min;
  Value best = b.reduce(op, vector);
  if (!loop::is_float(b.type(vector).elem)) return best;
  Value zero = b.real(b.type(vector), 0);
  Value only_nan = b.select(b.cmp_ne(vector, vector), vector, zero);
  return b.add(best, b.reduce(loop::Op::reduce_add, only_nan));
}

}  // namespace burin::lower
