// BatchNormalization: with given statistics one multiply-add per element; in training mode
// (opset 14) over the statistics of the batch, with the running ones as further outputs.
#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

struct Statistics {
  Value mean, variance;  // [C]
};

Statistics batch_statistics(Value x) {
  Ints axes = range(2, static_cast<int64_t>(x.rank()));
  axes.insert(axes.begin(), 0);
  Value mean = x.mean(axes), centred = x - mean;
  return {mean.reshape({x.dim(1)}), (centred * centred).mean(axes).reshape({x.dim(1)})};
}

void build_batch_normalization(OpContext& c) {
  Value x = input(c, 0), scale = input(c, 1), bias = input(c, 2);
  if (x.rank() < 2) refuse("an input with channels is needed, not " + x.type().text());
  if (c.attr_int("spatial", 1) == 0) {
    refuse("statistics per element (spatial=0) are not supported", "convert to opset 9 or later");
  }
  bool training = c.attr_int("training_mode", 0) != 0;
  if (c.opset < 7 && c.attr_int("is_test", 0) == 0) {
    refuse("statistics of the batch are not supported in opset 6", "export with is_test=1");
  }
  if (!training) {
    for (size_t i = 1; i < c.output_count(); ++i) refuse_output(c, i, "it exists only in training");
  }
  Statistics s{input(c, 3), input(c, 4)};
  if (training) {
    Statistics batch = batch_statistics(x);
    double keep = c.attr_float("momentum", 0.9f);
    set(c, 1, s.mean * keep + batch.mean * (1 - keep));
    set(c, 2, s.variance * keep + batch.variance * (1 - keep));
    s = batch;
  }
  // x * k + (bias - mean * k), k = scale / sqrt(variance + epsilon)
  Value k = scale / sqrt(s.variance + c.attr_float("epsilon", 1e-5f));
  Value shift = bias - s.mean * k;
  Value y = x * per_channel(k.to(x.dtype()), x.shape());
  c.set_output(0, y + per_channel(shift.to(x.dtype()), x.shape()));
}
BURIN_ONNX_OP(BatchNormalization, 6, build_batch_normalization);

}  // namespace

}  // namespace burin::ops
