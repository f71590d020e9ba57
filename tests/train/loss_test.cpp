// Losses against plain sums in double precision, on the oracle.
#include "train/loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "graph/eval.h"

namespace burin::train {
namespace {

Tensor random_scores(Shape shape, double size) {
  Tensor t({DType::f32, std::move(shape)});
  Rng rng(5);
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, size * rng.normal());
  return t;
}

std::vector<double> losses(const char* name, const Tensor& scores, const Tensor& labels,
                           const LossOptions& options = {}) {
  graph::Graph graph;
  graph::Builder b(graph);
  Value x(b, b.input("x", scores.type())), y(b, b.input("y", labels.type()));
  b.output("losses", sample_losses(*find_loss(name), x, y, options));
  return (*graph::eval(graph, std::vector<Tensor>{scores, labels}))[0].to_doubles();
}

// The mean over each row of f(score, label).
template <class F>
std::vector<double> mean_rows(const Tensor& x, const Tensor& t, F f) {
  std::vector<double> out;
  int64_t n = x.shape()[0], width = x.elements() / n;
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t j = i * width; j < (i + 1) * width; ++j) sum += f(x.as_double(j), t.as_double(j));
    out.push_back(sum / static_cast<double>(width));
  }
  return out;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6 * (1 + std::abs(b[i]))) << i;
}

std::vector<double> plain_cross_entropy(const Tensor& x, const std::vector<int64_t>& labels,
                                        double smoothing) {
  std::vector<double> out;
  int64_t classes = x.shape()[1];
  for (size_t i = 0; i < labels.size(); ++i) {
    long double sum = 0;
    auto score = [&](int64_t c) { return x.as_double(static_cast<int64_t>(i) * classes + c); };
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<long double>(score(c)));
    double total = 0;
    for (int64_t c = 0; c < classes; ++c) {
      double target =
          (c == labels[i] ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      total -= target * (score(c) - static_cast<double>(std::log(sum)));
    }
    out.push_back(total);
  }
  return out;
}

TEST(Loss, CrossEntropyOfClassesSoftLabelsAndLargeScores) {
  std::vector<int64_t> classes = {0, 4, 2, 3};
  Tensor labels = Tensor::from_ints({DType::i64, {4}}, classes);
  for (double size : {1.0, 300.0}) {
    Tensor x = random_scores({4, 5}, size);
    expect_near(losses("cross_entropy", x, labels), plain_cross_entropy(x, classes, 0));
    expect_near(losses("cross_entropy", x, labels, {.label_smoothing = 0.1}),
                plain_cross_entropy(x, classes, 0.1));
    Tensor soft({DType::f32, {4, 5}});
    for (int64_t i = 0; i < 4; ++i) soft.set_double(i * 5 + classes[static_cast<size_t>(i)], 1);
    expect_near(losses("cross_entropy", x, soft), plain_cross_entropy(x, classes, 0));
  }
}

TEST(Loss, OthersAgainstTheirFormulas) {
  Tensor x = random_scores({6, 3}, 2), t = random_scores({6, 3}, 1), p = x, yes = t;
  p = Tensor(x.type()), yes = Tensor(x.type());
  for (int64_t i = 0; i < x.elements(); ++i) {
    p.set_double(i, 1 / (1 + std::exp(-x.as_double(i))));
    yes.set_double(i, i % 2);
  }
  auto square = [](double a, double b) { return (a - b) * (a - b); };
  auto absolute = [](double a, double b) { return std::abs(a - b); };
  auto huber = [](double a, double b) {
    double d = std::abs(a - b);
    return d <= 0.7 ? d * d / 2 : 0.7 * (d - 0.35);
  };
  auto bce = [](double q, double y) { return -(y * std::log(q) + (1 - y) * std::log1p(-q)); };
  auto logits = [&](double s, double y) { return bce(1 / (1 + std::exp(-s)), y); };
  expect_near(losses("mse", x, t), mean_rows(x, t, square));
  expect_near(losses("l1", x, t), mean_rows(x, t, absolute));
  expect_near(losses("huber", x, t, {.delta = 0.7}), mean_rows(x, t, huber));
  expect_near(losses("bce", p, yes), mean_rows(p, yes, bce));
  expect_near(losses("bce_with_logits", x, yes), mean_rows(x, yes, logits));
}

TEST(Loss, BinaryLossesStayFiniteAtTheEnds) {
  std::vector<double> ends = {0, 1, 1, 0}, far = {-2000, 2000, 2000, -2000}, targets = {0, 1, 0, 1};
  TensorType type{DType::f32, {4, 1}};
  Tensor labels = Tensor::from_doubles(type, targets);
  expect_near(losses("bce", Tensor::from_doubles(type, ends), labels), {0, 0, 100, 100});
  expect_near(losses("bce_with_logits", Tensor::from_doubles(type, far), labels),
              {0, 0, 2000, 2000});
}

TEST(Loss, ClassesOfOneScoreAreZeroAndOne) {
  Tensor x = random_scores({3, 1}, 1);
  std::vector<int64_t> classes = {1, 0, 1};
  std::vector<double> targets = {1, 0, 1};
  expect_near(losses("mse", x, Tensor::from_ints({DType::i64, {3}}, classes)),
              losses("mse", x, Tensor::from_doubles({DType::f32, {3, 1}}, targets)));
}

TEST(Loss, LabelsOfAnotherShapeAreRefused) {
  EXPECT_THROW(losses("mse", random_scores({3, 2}, 1), random_scores({3, 1}, 1)),
               graph::BuildError);
}

}  // namespace
}  // namespace burin::train
