// Training on pictures that grow.
#include "train/sides.h"

#include <gtest/gtest.h>

#include "data/split.h"
#include "tests/support/colour_dataset.h"
#include "tests/support/temp_folder.h"
#include "tests/train/networks.h"
#include "train/trainer.h"
#include "zoo/net_file.h"
#include "zoo/save.h"

namespace burin::train {
namespace {

TEST(Sides, ShareTheEpochs) {
  auto sides = [](std::vector<int64_t> list, int64_t epochs) {
    std::vector<int64_t> of_epochs;
    for (int64_t e = 0; e < epochs; ++e) of_epochs.push_back(side_of_epoch(list, e, epochs));
    return of_epochs;
  };
  EXPECT_EQ(sides({}, 2), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(sides({4, 6}, 4), (std::vector<int64_t>{4, 4, 6, 6}));
  EXPECT_EQ(sides({4, 6, 8}, 5), (std::vector<int64_t>{4, 6, 8, 8, 8}));
  EXPECT_EQ(sides({4, 6, 8}, 2), (std::vector<int64_t>{4, 6}));
}

TEST(Sides, WorkIsArea) {
  EXPECT_DOUBLE_EQ(work_left({}, 0, 10, 3), 3);
  EXPECT_DOUBLE_EQ(work_left({}, 15, 10, 3), 1.5);
  EXPECT_DOUBLE_EQ(work_left({2, 4}, 0, 10, 2), 20);
  EXPECT_DOUBLE_EQ(work_left({2, 4}, 5, 10, 2), 18);
  EXPECT_DOUBLE_EQ(work_left({2, 4}, 20, 10, 2), 0);
}

constexpr const char* kAnySize =
    "input 3x8x8\nclasses 3\nconv 4 3x3 norm relu\nglobalpool\ndense classes\n";
constexpr const char* kOneSize =
    "input 3x8x8\nclasses 3\nconv 4 3x3 norm relu\nflatten\ndense classes\n";

Trainable network_of(const char* text) {
  zoo::Net net = *zoo::parse_net(text, "growing");
  auto bytes = *zoo::to_bytes(std::move(net));
  return *make_trainable(*onnx::parse_model(std::as_bytes(std::span(*bytes)), bytes), "growing");
}

struct Growing {
  test::TempFolder folder;
  test::ColourDataset dataset{240, 3};
  Trainable network;
  std::unique_ptr<BatchSource> batches, validation;
  TrainerOptions options;

  explicit Growing(const char* text, int threads = 1) : network(network_of(text)) {
    data::LoaderOptions loader;
    loader.batches.batch = 8;
    loader.batches.format = {.width = 8, .height = 8, .layout = data::Layout::nchw};
    batches = *picture_batches(dataset, data::all_items(dataset), loader);
    loader.batches.shuffle = false, loader.batches.tail = data::Tail::pad;
    validation = *picture_batches(dataset, data::all_items(dataset), loader);
    options.sides = {4, 5, 8};
    options.epochs = 3;
    options.folder = folder.file("out");
    options.classes = dataset.classes();
    options.programs.compile.target = *isa::target_from_name("native");
    options.programs.threads = threads;
  }

  Result<std::unique_ptr<Trainer>> create() {
    return Trainer::create(network, *batches, *validation, options);
  }
};

TEST(Sides, StepsTakePicturesOfTheEpochsSide) {
  Growing g(kAnySize);
  std::vector<int64_t> sides;
  g.options.progress = [&](const Progress&) {
    sides.push_back(g.batches->data_type().shape[2]);
    EXPECT_EQ(g.validation->data_type().shape[2], 8);
  };
  auto trainer = *g.create();
  auto report = trainer->run();
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_EQ(sides.size(), 90u);
  for (size_t i = 0; i < sides.size(); ++i) EXPECT_EQ(sides[i], g.options.sides[i / 30]);
}

TEST(Sides, GoOnWhereTheyStoppedOnAnyNumberOfThreads) {
  Growing whole(kAnySize), parts(kAnySize, 2);
  auto all = *whole.create();
  ASSERT_TRUE(all->run());
  parts.options.stop = [asked = 0]() mutable { return asked++ == 40; };  // among those of 5 x 5
  auto first = (*parts.create())->run();
  ASSERT_TRUE(first && first->interrupted);
  parts.options.stop = [] { return false; };
  auto rest = *parts.create();
  ASSERT_TRUE(rest->resume(first->checkpoint));
  auto report = rest->run();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->steps, 90);
  test::expect_same_bits(all->variables(), rest->variables());
}

TEST(Sides, NetworksOfOneSizeAreRefused) {
  Growing g(kOneSize);
  auto trainer = g.create();
  ASSERT_FALSE(trainer);
  EXPECT_NE(trainer.error().hint.find("5 x 5"), std::string::npos) << trainer.error().text();
}

TEST(Sides, MoreSidesThanEpochsAreRefused) {
  Growing g(kAnySize);
  g.options.epochs = 2;
  auto trainer = g.create();
  ASSERT_FALSE(trainer);
  EXPECT_NE(trainer.error().text().find("3 sizes"), std::string::npos) << trainer.error().text();
}

TEST(Sides, SamplesThatAreNoPicturesAreRefused) {
  Growing g(kAnySize);
  test::Samples samples = test::tiny_samples(32, 1);
  test::MemoryBatches rows(samples, 8, true, 1);
  EXPECT_FALSE(Trainer::create(g.network, rows, *g.validation, g.options));
}

}  // namespace
}  // namespace burin::train
