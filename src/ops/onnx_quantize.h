// Linear quantisation as arithmetic on numbers: real = (stored - zero_point) * scale.
#pragma once

#include "ops/onnx_util.h"

namespace burin::ops {

// A quantised input: stored values with their scale and zero point, from three inputs of a node.
struct Quantised {
  Value stored, scale;
  std::optional<Value> zero_point;
};

Quantised read_quantised(OpContext& c, size_t first_input);

// x rounded to its own dtype also where the evaluator would keep more digits: quantised values are
// defined by scales as they are stored and by quotients in single precision.
Value as_stored(Value x);
// Scales or zero points spread over x: scalars, vectors along `axis`, or blocks of `block` along
// it.
Value spread(Value v, Value x, int64_t axis, int64_t block = 0);

// stored - zero_point, in i32.
Value without_zero_point(Value stored, std::optional<Value> zero_point);
// saturate(round(x) + zero_point) in the zero point's dtype, or u8 without one; x is in f32.
Value saturated(Value x, std::optional<Value> zero_point);
// The real numbers, in f32; scale and zero point broadcast as they are.
Value dequantised(const Quantised& q);

}  // namespace burin::ops
