// What the emit rules share: operands as expressions (loop/real.h) and registration in tables.
// A rule gets floats as f32 or f64, integers in their own element or widened to i32, pred as a
// mask; whoever calls it wraps a widened result (lower/convert.h).
#pragma once

#include <span>

#include "graph/op_def.h"
#include "loop/math.h"
#include "loop/real.h"

namespace burin::ops {

using loop::Builder;
using loop::Int;
using loop::Mask;
using loop::Real;
using loop::Value;

// Whether integers of the value's element compare and shift without a sign.
inline bool is_unsigned(const Builder& b, Value v) { return loop::is_unsigned(b.type(v).elem); }

// Calls f with the operands as Reals or Ints and returns the value of its Real, Int or Mask.
template <class F, class... Values>
Value emit_numbers(Builder& b, DType dtype, F f, Values... operands) {
  if (is_float(dtype)) return f(Real(b, operands)...).value();
  return f(Int(b, operands)...).value();
}

}  // namespace burin::ops
