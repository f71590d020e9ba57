// The conversions between dtypes as loop IR, on values in register form (lower/expr.h): the meaning
// of graph::Op::convert. Loads, stores and expressions use it.
#pragma once

#include "loop/builder.h"
#include "tensor/dtype.h"

namespace burin::lower {

// Float to integer truncates and saturates, NaN becomes 0; integers wrap; to pred is x != 0.
loop::Value emit_convert(loop::Builder& b, loop::Value value, DType from, DType to);

// An integer in an i32 register wrapped to the range of a narrower dtype, sign- or zero-extended;
// values of other dtypes come back as they are.
loop::Value wrap_integer(loop::Builder& b, loop::Value value, DType dtype);

// A float in an f32 register rounded to the precision of f16 or bf16; others come back unchanged.
loop::Value round_float(loop::Builder& b, loop::Value value, DType dtype);

// Bits of the widest element that converting passes through.
int convert_bits(DType from, DType to);

}  // namespace burin::lower
