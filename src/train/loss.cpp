// The rows. Formulas are PyTorch 1.13's (torch/nn/functional.py), in their stable forms.
#include "train/loss.h"

#include <algorithm>
#include <numeric>

namespace burin::train {

namespace {

Dims axes_from(size_t first, const Value& x) {
  Dims axes(x.rank() - first);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(first));
  return axes;
}

// The mean over all axes but the batch's.
Value mean_of_sample(Value x) {
  Dims axes = axes_from(1, x);
  return x.mean(axes).reshape({x.dim(0)});
}

// -sum_c t_c log softmax(x)_c, with log softmax(x) = z - log sum exp z, z = x - max x
Value cross_entropy(Value x, Value t, const LossOptions& options) {
  double smoothing = options.label_smoothing;
  if (smoothing != 0) t = t * (1 - smoothing) + smoothing / static_cast<double>(x.dim(1));
  Value z = x - x.max({1});
  Value log_softmax = z - log(exp(z).sum({1}));
  return mean_of_sample(-((t * log_softmax).sum({1})));
}

// The logarithms are no less than -100.
Value binary_cross_entropy(Value p, Value t, const LossOptions&) {
  Value yes = max(log(p), -100.0), no = max(log1p(-p), -100.0);
  return mean_of_sample(-(t * yes + (1.0 - t) * no));
}

// log(1 + exp(x)) - x t, with log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
Value binary_cross_entropy_with_logits(Value x, Value t, const LossOptions&) {
  return mean_of_sample(max(x, 0.0) - x * t + log1p(exp(-abs(x))));
}

Value mean_squared_error(Value x, Value t, const LossOptions&) {
  Value d = x - t;
  return mean_of_sample(d * d);
}

Value mean_absolute_error(Value x, Value t, const LossOptions&) {
  return mean_of_sample(abs(x - t));
}

// d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)
Value huber(Value x, Value t, const LossOptions& options) {
  Value d = x - t, size = abs(d);
  Value line = (size - options.delta / 2) * options.delta;
  return mean_of_sample(select(size <= options.delta, d * d * 0.5, line));
}

constexpr Loss kLosses[] = {
    {"cross_entropy", "-sum t log softmax(x)", cross_entropy},
    {"bce", "-mean(t log x + (1 - t) log(1 - x))", binary_cross_entropy},
    {"bce_with_logits", "bce of logistic(x)", binary_cross_entropy_with_logits},
    {"mse", "mean (x - t)^2", mean_squared_error},
    {"l1", "mean |x - t|", mean_absolute_error},
    {"huber", "mean of (x - t)^2 / 2, beyond delta of delta (|x - t| - delta / 2)", huber},
};

}  // namespace

std::span<const Loss> all_losses() { return kLosses; }

const Loss* find_loss(std::string_view name) {
  auto found = std::ranges::find(kLosses, name, &Loss::name);
  return found == std::end(kLosses) ? nullptr : found;
}

Value to_targets(Value scores, Value labels) {
  auto mismatch = [&] {
    return graph::BuildError("labels " + labels.type().text() + " do not match scores " +
                             scores.type().text());
  };
  if (scores.rank() < 2) throw graph::BuildError("scores of a batch need two axes");
  if (is_float(labels.dtype())) {
    bool shared = labels.rank() == 2 && labels.dim(1) == 2 && scores.rank() == 2 &&
                  scores.dim(1) == 1 && labels.dim(0) == scores.dim(0);
    if (shared) return labels.slice(1, 1, 2).to(scores.dtype());
    if (labels.shape() != scores.shape()) throw mismatch();
    return labels.to(scores.dtype());
  }
  Dims sample = scores.dims();
  sample.erase(sample.begin() + 1);
  if (labels.dims() != sample) throw mismatch();
  sample.insert(sample.begin() + 1, 1);
  Value label = labels.to(DType::i32).reshape(sample);
  if (scores.dim(1) == 1) return label.to(scores.dtype());
  return eq(scores.iota(1, DType::i32), label).to(scores.dtype());
}

Value sample_losses(const Loss& loss, Value scores, Value labels, const LossOptions& options) {
  return loss.build(scores, to_targets(scores, labels), options).to(DType::f32);
}

}  // namespace burin::train
