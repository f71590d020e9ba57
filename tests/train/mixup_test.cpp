// Mixup in training: labels become shares of two classes, the loss the same mixture of their
// losses.
#include <gtest/gtest.h>

#include <cstring>

#include "data/split.h"
#include "graph/eval.h"
#include "tests/support/colour_dataset.h"
#include "train/batches.h"
#include "train/loss.h"

namespace burin::train {
namespace {

std::vector<double> losses(const char* name, const Tensor& scores, const Tensor& labels,
                           double smoothing) {
  graph::Graph graph;
  graph::Builder b(graph);
  Value x(b, b.input("x", scores.type())), y(b, b.input("y", labels.type()));
  LossOptions options{.label_smoothing = smoothing};
  b.output("losses", sample_losses(*find_loss(name), x, y, options));
  return (*graph::eval(graph, std::vector<Tensor>{scores, labels}))[0].to_doubles();
}

Tensor scores_of(Dims dims) {
  Tensor t({DType::f32, Shape(std::move(dims))});
  Rng rng(5);
  for (int64_t i = 0; i < t.elements(); ++i) t.set_double(i, 2 * rng.normal());
  return t;
}

Tensor classes_of(const std::vector<int64_t>& classes) {
  return Tensor::from_ints({DType::i64, {static_cast<int64_t>(classes.size())}}, classes);
}

// share of the first label, the rest of the second, for each of `classes`.
Tensor shares_of(const Tensor& first, const Tensor& second, int64_t classes, double share) {
  Tensor t({DType::f32, {first.elements(), classes}});
  for (int64_t i = 0; i < t.elements(); ++i) {
    int64_t row = i / classes, c = i % classes;
    t.set_double(i, share * (first.as_int(row) == c) + (1 - share) * (second.as_int(row) == c));
  }
  return t;
}

// lambda CE(y1) + (1 - lambda) CE(y2)
TEST(Mixup, TheLossIsTheMixtureOfTheLosses) {
  constexpr double kShare = 0.7;
  Tensor x = scores_of({3, 4}), one = classes_of({0, 1, 3}), two = classes_of({2, 1, 0});
  for (double smoothing : {0.0, 0.1}) {
    auto mixed = losses("cross_entropy", x, shares_of(one, two, 4, kShare), smoothing);
    auto a = losses("cross_entropy", x, one, smoothing);
    auto b = losses("cross_entropy", x, two, smoothing);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(mixed[i], kShare * a[i] + 0.3 * b[i], 1e-5);
  }
}

TEST(Mixup, TwoClassesMayShareAScore) {
  Tensor x = scores_of({2, 1}), one = classes_of({0, 1}), two = classes_of({1, 1});
  auto mixed = losses("bce_with_logits", x, shares_of(one, two, 2, 0.6), 0);
  auto a = losses("bce_with_logits", x, one, 0), b = losses("bce_with_logits", x, two, 0);
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(mixed[i], 0.6 * a[i] + 0.4 * b[i], 1e-5);
}

using Row = std::vector<float>;

// All labels of an epoch, from `first_batch` on.
Row labels_of(BatchSource& source, int64_t epoch, int64_t first_batch) {
  Row labels;
  EXPECT_TRUE(source.start(epoch, first_batch));
  while (auto batch = *source.next()) {
    auto* at = static_cast<const float*>(batch->labels);
    labels.insert(labels.end(), at, at + source.labels_type().shape.elements());
  }
  return labels;
}

TEST(Mixup, BatchesFollowSeedEpochAndStep) {
  test::ColourDataset dataset(40, 3);
  data::LoaderOptions options;
  options.batches.batch = 8;
  options.batches.format = {.width = 4, .height = 4};
  options.batches.mixup = 0.4;
  auto one = *picture_batches(dataset, data::all_items(dataset), options);
  options.threads = 3;
  auto three = *picture_batches(dataset, data::all_items(dataset), options);
  ASSERT_EQ(one->labels_type(), (TensorType{DType::f32, {8, 3}}));
  Row first = labels_of(*one, 0, 0), second = labels_of(*one, 1, 0);
  EXPECT_EQ(first.size(), 5u * 8 * 3);
  EXPECT_NE(first, second);
  EXPECT_EQ(second, labels_of(*three, 1, 0));
  EXPECT_EQ(Row(second.begin() + 2 * 24, second.end()), labels_of(*three, 1, 2));
  bool mixed = false;
  for (size_t row = 0; row < first.size(); row += 3) {
    EXPECT_NEAR(first[row] + first[row + 1] + first[row + 2], 1, 1e-6);
    mixed = mixed || (first[row] > 0.01 && first[row] < 0.99);
  }
  EXPECT_TRUE(mixed);
}

}  // namespace
}  // namespace burin::train
