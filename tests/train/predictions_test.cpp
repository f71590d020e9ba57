// Predictions of a network whose answers are known, and the pictures of mistakes.
#include "train/predictions.h"

#include <gtest/gtest.h>

#include "data/image.h"
#include "data/split.h"
#include "data/thumbnail.h"
#include "tests/support/colour_dataset.h"
#include "tests/train/tiny_network.h"

namespace burin::train {
namespace {

ProgramOptions native() {
  ProgramOptions options;
  options.compile.target = *isa::target_from_name("native");
  return options;
}

TEST(Predictions, ComeOnceForEachSampleInOrder) {
  Trainable network = test::tiny_network();
  test::Samples samples = test::tiny_samples(21, 3);
  test::MemoryBatches source(samples, 8, false, 0);
  auto predictions = predict(network, source, native());
  ASSERT_TRUE(predictions) << predictions.error().text();
  ASSERT_EQ(predictions->size(), 21u);  // not the three rows that fill the last batch
  int64_t right = 0;
  for (size_t i = 0; i < predictions->size(); ++i) {
    const Prediction& p = (*predictions)[i];
    EXPECT_EQ(p.row, static_cast<int64_t>(i));
    EXPECT_EQ(p.label, samples.labels.as_int(p.row));
    EXPECT_GE(p.guess_probability, 1.0 / 3);
    EXPECT_LE(p.label_probability, p.guess_probability);
    EXPECT_EQ(p.guess == p.label, p.label_probability == p.guess_probability);
    right += p.guess == p.label;
  }
  std::vector<int64_t> matrix = confusion_matrix(*predictions, 3);
  EXPECT_EQ(matrix[0] + matrix[4] + matrix[8], right);
  EXPECT_EQ(std::accumulate(matrix.begin(), matrix.end(), int64_t{0}), 21);
}

TEST(Predictions, OfOneScoreAreThoseOfTwoClasses) {
  Trainable network = test::tiny_network(1);
  test::Samples samples = test::tiny_samples(8, 3);
  for (int64_t i = 0; i < 8; ++i) samples.labels.set_int(i, i % 2);
  test::MemoryBatches source(samples, 8, false, 0);
  auto predictions = predict(network, source, native());
  ASSERT_TRUE(predictions) << predictions.error().text();
  for (const Prediction& p : *predictions) {
    EXPECT_TRUE(p.guess == 0 || p.guess == 1);
    double own = p.guess == p.label ? p.guess_probability : 1 - p.guess_probability;
    EXPECT_NEAR(p.label_probability, own, 1e-12);
  }
}

TEST(Thumbnail, IsAJpegOfTheItemsColour) {
  test::ColourDataset dataset(200, 2, {7});
  auto made = data::make_thumbnail(dataset, 150, 64);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->width, 4);  // not enlarged
  auto image = data::decode_image(made->jpeg, "thumbnail");
  ASSERT_TRUE(image) << image.error().text();
  for (uint8_t byte : image->rgb) EXPECT_NEAR(byte, 150, 2);
  EXPECT_EQ(data::make_thumbnail(dataset, 150, 2)->height, 2);
  EXPECT_FALSE(data::make_thumbnail(dataset, 7, 64));
}

}  // namespace
}  // namespace burin::train
