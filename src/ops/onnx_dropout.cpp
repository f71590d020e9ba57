// Dropout. In inference it is the identity. The training form is a node of Burin's own that
// train/trainable.h puts in its place: its mask comes from a counter-based generator made of
// integer primitives, so every way to run a graph draws the same one.
#include <cmath>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

void build_dropout(OpContext& c) {
  Value x = input(c, 0);
  bool training = c.opset >= 12 && known_scalar(c, 2).value_or(0) != 0;
  double ratio = training && c.has_input(1) ? *known_scalar(c, 1) : training ? 0.5 : 0;
  if (ratio != 0) {
    refuse("Dropout in training mode is random", "export the model in inference mode");
  }
  c.set_output(0, x);
  DType mask = c.opset < 10 ? x.dtype() : DType::pred;
  if (c.wants_output(1)) c.set_output(1, c.b.full({mask, x.shape()}, 1));
}
BURIN_ONNX_OP(Dropout, 1, build_dropout);

// lowbias32 of Chris Wellons, "Prospecting for Hash Functions" (2018).
Value mix_bits(Value x) {
  x = bit_xor(x, shift_right(x, 16.0)) * double{0x7feb352d};
  x = bit_xor(x, shift_right(x, 15.0)) * double{0x846ca68b};
  return bit_xor(x, shift_right(x, 16.0));
}

// TrainingDropout(x, seed u32[]): element i stays, times 1 / (1 - ratio), where
// mix(i + mix(seed + stream)) >= ratio 2^32; `stream` tells the nodes of a network apart. Where x
// is one of the equal slices of a batch, `slice` is its number, and i counts in the whole batch.
void build_training_dropout(OpContext& c) {
  Value x = input(c, 0), seed = input(c, 1);
  double ratio = c.attr_float("ratio", 0.5f);
  if (!(ratio >= 0 && ratio < 1)) refuse("the ratio of Dropout must be in [0, 1)");
  Value key = mix_bits(seed + static_cast<double>(c.attr_int("stream", 0)));
  Value position = iota(c, DType::u32, Shape{x.shape().elements()}, 0);
  if (int64_t slice = c.attr_int("slice", 0)) {
    auto first = static_cast<uint32_t>(slice * x.shape().elements());
    position = position + static_cast<double>(first);
  }
  Value bits = mix_bits(position + key);
  Value stays = (bits >= std::floor(ratio * 4294967296.0)).reshape(x.dims());
  c.set_output(0, select(stays, x * (1 / (1 - ratio)), 0.0));
}
BURIN_ONNX_OP_IN("burin", TrainingDropout, 1, build_training_dropout);

}  // namespace

}  // namespace burin::ops
