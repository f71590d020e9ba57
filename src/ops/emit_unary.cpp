// Loop IR of the unary elementwise primitives that integers have too; those of floats alone are
// written once for oracle and loop IR in ops/elementwise_unary.cpp.
#include "ops/emit.h"

namespace burin::ops {

namespace {

using graph::Op;
using graph::RegisterEmit;

Value emit_abs(Builder& b, DType, std::span<const Value> v) {
  return is_unsigned(b, v[0]) ? v[0] : b.abs(v[0]);
}

Value emit_neg(Builder& b, DType, std::span<const Value> v) { return b.neg(v[0]); }

// Unsigned values are never below zero, so the inner choice leaves their zeros.
Value emit_sign(Builder& b, DType dtype, std::span<const Value> v) {
  if (is_float(dtype)) return sign(Real(b, v[0])).value();
  Int x(b, v[0]), one = x.literal(1), zero = x.literal(0);
  if (is_unsigned(b, v[0])) return select(x != zero, one, zero).value();
  return select(x > zero, one, select(x < zero, -one, zero)).value();
}

Value emit_not(Builder& b, DType, std::span<const Value> v) { return b.bit_not(v[0]); }

const RegisterEmit register_abs(Op::abs, emit_abs);
const RegisterEmit register_neg(Op::neg, emit_neg);
const RegisterEmit register_sign(Op::sign, emit_sign);
const RegisterEmit register_not(Op::logical_not, emit_not);

}  // namespace

}  // namespace burin::ops
