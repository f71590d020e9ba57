// The losses NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, as forward computations.
#include "ops/onnx_softmax.h"
#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// -log_prob[n, label, ...] * weight[label], zero where the label is ignore_index; reduced as the
// attribute says, the mean by the total weight. labels[N, ...], log_prob[N, C, ...].
Value negative_log_likelihood(OpContext& c, Value log_prob, Value labels,
                              std::optional<Value> class_weight) {
  if (log_prob.rank() < 2 || labels.rank() + 1 != log_prob.rank()) {
    refuse("labels " + labels.type().text() + " do not match scores " + log_prob.type().text());
  }
  Dims with_class = labels.dims();
  with_class.insert(with_class.begin() + 1, 1);
  Value label = labels.to(DType::i32).reshape(with_class);
  Value hit = eq(label, log_prob.iota(1, DType::i32));
  Value weight = hit.to(log_prob.dtype());
  if (class_weight) weight = weight * per_channel(*class_weight, log_prob.shape());
  if (c.has_attr("ignore_index")) {
    Value ignored = eq(label, static_cast<double>(c.attr_int("ignore_index")));
    weight = select(ignored, 0.0, weight);
  }
  // select rather than multiply: log_prob may be infinite where it does not count
  Value loss = select(hit, log_prob * (-weight), 0.0).reduce(ReduceKind::sum, {1});
  std::string reduction = c.attr_string("reduction", "mean");
  if (reduction == "none") return loss;
  Ints all = range(0, static_cast<int64_t>(loss.rank()));
  Value total = loss.reduce(ReduceKind::sum, all);
  if (reduction == "sum") return total;
  if (reduction != "mean") refuse("reduction is '" + reduction + "'");
  return total / weight.reduce(ReduceKind::sum, range(0, static_cast<int64_t>(weight.rank())));
}

std::optional<Value> class_weight(OpContext& c) {
  return c.has_input(2) ? std::optional(input(c, 2)) : std::nullopt;
}

void build_nll_loss(OpContext& c) {
  c.set_output(0, negative_log_likelihood(c, input(c, 0), input(c, 1), class_weight(c)));
}
BURIN_ONNX_OP(NegativeLogLikelihoodLoss, 12, build_nll_loss);

void build_softmax_cross_entropy(OpContext& c) {
  Value x = input(c, 0);
  if (x.rank() < 2) refuse("scores with classes are needed, not " + x.type().text());
  Value log_prob = log_softmax(x, 1);
  c.set_output(0, negative_log_likelihood(c, log_prob, input(c, 1), class_weight(c)));
  set(c, 1, log_prob);
}
BURIN_ONNX_OP(SoftmaxCrossEntropyLoss, 12, build_softmax_cross_entropy);

}  // namespace

}  // namespace burin::ops
