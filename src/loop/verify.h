// Checks a loop function. In: any function, also one parsed from hostile text. Out: nothing, or the
// first broken invariant. The invariants:
//   types      lanes are a power of two, at most 64; no vector is wider than 512 bits; ptr has one
//              lane. Pointers are ptr, the tile is i64.
//   values     each is defined once: a parameter, a constant, a result or a region's parameter.
//   scoping    an operand is a parameter, a constant, or defined earlier in the same region or in
//              one around it. Each instruction stands in one region, each region under one
//              instruction, regions[0] under none.
//   signatures unary, binary, ternary, compare: operand count and types as the table in loop/op.h
//              says. Which elements an op takes:
//                neg abs add sub mul div min max, compares   integers, f32, f64
//                sqrt floor ceil trunc round fma             f32, f64
//                rem shl shr sar lane_ids                    integers
//                bit_not                                     integers, masks
//                bit_and bit_or bit_xor                      all but ptr
//                convert                                     what can_convert says
//                bitcast splat first                         all but masks and ptr
//                reduce_*                                    integers, f32, f64
//   masks      a mask operand has the lanes and the width of the elements it selects. Masks are
//              not loaded, stored or cast; a constant mask is 0 or 1.
//   memory     operands are base (ptr), index (i64; the index vector of a gather), mask and value,
//              in this order; scale is 1, 2, 4 or 8. Elements are neither masks nor pointers.
//   loops      lo and hi are i64, the step is positive; initial values, parameters, yields and
//              results agree in number and types, and the first parameter is the i64 counter.
//   branches   the condition is a one-lane mask; their regions, like regions[0], have neither
//              parameters nor yields.
#pragma once

#include <expected>

#include "base/diagnostic.h"
#include "loop/function.h"

namespace burin::loop {

// Regions may nest this deep.
inline constexpr int kMaxRegionDepth = 64;

std::expected<void, Diagnostic> verify(const Function& function);

}  // namespace burin::loop
