// The four reductions on values in register form (lower/expr.h).
#pragma once

#include "graph/op.h"
#include "loop/builder.h"

namespace burin::lower {

// What a reduction starts with: 0, 1, or the end of the dtype's range.
loop::Value emit_identity(loop::Builder& b, graph::ReduceKind kind, DType dtype, uint16_t lanes);

// One more element. max and min keep a NaN.
loop::Value emit_combine(loop::Builder& b, graph::ReduceKind kind, loop::Value acc, loop::Value x);

// The lanes of one vector as one lane, combined in a fixed order; keeps a NaN. Not for prod.
loop::Value emit_horizontal(loop::Builder& b, graph::ReduceKind kind, loop::Value vector);

}  // namespace burin::lower
