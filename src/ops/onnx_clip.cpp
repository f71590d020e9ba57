// Clip (bounds as attributes before opset 11, as inputs since), Cast, CastLike.
#include <limits>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// A bound may be a tensor of one element of any rank.
Value bound(OpContext& c, size_t i) {
  Value v = input(c, i);
  if (v.shape().elements() != 1) refuse("a bound of Clip must have one element");
  return v.reshape({});
}

void build_clip(OpContext& c) {
  Value x = input(c, 0);
  if (c.opset < 11) {
    if (c.has_attr("min")) x = max(x, c.attr_float("min", 0));
    if (c.has_attr("max")) x = min(x, c.attr_float("max", 0));
  } else {
    if (c.has_input(1)) x = max(x, bound(c, 1));
    if (c.has_input(2)) x = min(x, bound(c, 2));
  }
  c.set_output(0, x);
}
BURIN_ONNX_OP(Clip, 6, build_clip);

// Anything but zero is true.
Value cast(Value x, DType to) {
  return to == DType::pred && x.dtype() != DType::pred ? ne(x, 0.0) : x.to(to);
}

void build_cast(OpContext& c) {
  c.set_output(0, cast(input(c, 0), dtype_from_onnx(c.attr_int("to"))));
}
BURIN_ONNX_OP(Cast, 6, build_cast);

void build_cast_like(OpContext& c) { c.set_output(0, cast(input(c, 0), input(c, 1).dtype())); }
BURIN_ONNX_OP(CastLike, 15, build_cast_like);

}  // namespace

}  // namespace burin::ops
