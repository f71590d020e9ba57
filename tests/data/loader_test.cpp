// Batches in the background: the same bits for any number of threads, in order, whatever breaks.
#include "data/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "data/split.h"
#include "tests/support/colour_dataset.h"

namespace burin::data {

namespace {

LoaderOptions options(int64_t batch, int threads) {
  LoaderOptions o;
  o.batches.batch = batch;
  o.batches.format = {4, 4, 3, Layout::nhwc, {}};
  o.threads = threads;
  return o;
}

std::unique_ptr<Loader> loader_of(const Dataset& set, const LoaderOptions& o) {
  auto loader = Loader::create(set, all_items(set), o);
  EXPECT_TRUE(loader) << loader.error().text();
  return loader ? std::move(*loader) : nullptr;
}

// The bytes of `batches` batches, labels and all.
std::vector<float> stream_of(Loader& loader, int batches) {
  std::vector<float> all;
  for (int i = 0; i < batches; ++i) {
    auto batch = loader.next();
    EXPECT_TRUE(batch) << batch.error().text();
    if (!batch) break;
    all.insert(all.end(), batch->images.begin(), batch->images.end());
    all.insert(all.end(), batch->labels.begin(), batch->labels.end());
    all.insert(all.end(), batch->soft_labels.begin(), batch->soft_labels.end());
  }
  return all;
}

}  // namespace

TEST(Loader, GivesTheSameBitsForAnyNumberOfThreads) {
  test::ColourDataset set(50, 3, {4, 5, 17});
  LoaderOptions o = options(8, 0);
  o.batches.augmentation = {.flip = true,
                            .min_area = 0.5,
                            .shift = 1,
                            .rotation = 10,
                            .brightness = 0.3,
                            .contrast = 0.3,
                            .saturation = 0.3,
                            .cutout = 0.5};
  o.batches.mixup = 0.4;
  auto expected = stream_of(*loader_of(set, o), 20);
  for (int threads : {1, 2, 5}) {
    for (int64_t cache : {int64_t{0}, int64_t{1} << 20, int64_t{2000}}) {
      o.threads = threads, o.batches.cache_bytes = cache;
      o.prefetch = threads;
      auto loader = loader_of(set, o);
      EXPECT_EQ(stream_of(*loader, 20), expected) << threads << " threads, cache " << cache;
      EXPECT_EQ(loader->unreadable().size(), 3u);
    }
  }
}

// Some pictures are unreadable, in training and in validation, whose last batch is not full.
TEST(Loader, SlicesAreTheRowsOfTheWholeBatch) {
  test::ColourDataset set(53, 3, {4, 5, 17});
  for (Tail tail : {Tail::drop, Tail::pad}) {
    LoaderOptions o = options(8, 1);
    o.batches.augmentation = {.flip = true, .shift = 1};
    o.batches.tail = tail;
    auto whole = loader_of(set, o);
    o.batches.batch = 2, o.batches.slices = 4;
    std::vector<std::unique_ptr<Loader>> slices;
    for (o.batches.slice = 0; o.batches.slice < 4; ++o.batches.slice) {
      slices.push_back(loader_of(set, o));
      EXPECT_EQ(slices.back()->steps_per_epoch(), whole->steps_per_epoch());
    }
    for (int64_t i = 0; i < 2 * whole->steps_per_epoch(); ++i) {
      auto want = *whole->next();
      std::vector<float> images;
      std::vector<int64_t> labels;
      for (auto& slice : slices) {
        auto part = *slice->next();
        images.insert(images.end(), part.images.begin(), part.images.end());
        labels.insert(labels.end(), part.labels.begin(), part.labels.end());
      }
      EXPECT_TRUE(std::ranges::equal(images, want.images)) << i;
      EXPECT_TRUE(std::ranges::equal(labels, want.labels)) << i;
    }
  }
}

TEST(Loader, TakesEachItemOnceInAnEpoch) {
  test::ColourDataset set(24, 2);
  auto loader = loader_of(set, options(6, 2));
  EXPECT_EQ(loader->steps_per_epoch(), 4);
  std::vector<std::vector<int>> epochs(2);
  for (int i = 0; i < 8; ++i) {
    auto batch = loader->next();
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->epoch * 4 + batch->step, i);
    for (size_t row = 0; row < 6; ++row) {
      int item = static_cast<int>(batch->images[row * 48] * 255 + 0.5f);
      EXPECT_EQ(batch->labels[row], set.label(item));
      epochs[static_cast<size_t>(batch->epoch)].push_back(item);
    }
  }
  EXPECT_NE(epochs[0], epochs[1]);
  std::vector<int> every(24);
  std::iota(every.begin(), every.end(), 0);
  for (auto& epoch : epochs) EXPECT_EQ((std::ranges::sort(epoch), epoch), every);
}

TEST(Loader, GoesOnWhereItStopped) {
  test::ColourDataset set(30, 2);
  LoaderOptions o = options(4, 2);
  auto whole = loader_of(set, o);
  stream_of(*whole, 9);
  o.first_epoch = 1, o.first_step = 2;  // 7 steps an epoch
  EXPECT_EQ(stream_of(*loader_of(set, o), 10), stream_of(*whole, 10));
  o.first_step = 7;
  EXPECT_FALSE(Loader::create(set, all_items(set), o));
}

TEST(Loader, PadsTheLastBatchWhenMeasuring) {
  test::ColourDataset set(10, 2, {1});
  LoaderOptions o = options(8, 1);
  o.batches.shuffle = false, o.batches.tail = Tail::pad;
  auto loader = loader_of(set, o);
  EXPECT_EQ(loader->steps_per_epoch(), 2);
  auto first = loader->next();
  EXPECT_EQ(std::vector<int64_t>(first->labels.begin(), first->labels.end()),
            (std::vector<int64_t>{0, -1, 0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(first->images[48], 0);
  auto last = loader->next();
  EXPECT_EQ(std::vector<int64_t>(last->labels.begin(), last->labels.end()),
            (std::vector<int64_t>{0, 1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(last->images.size(), 8u * 48);
  EXPECT_EQ(unreadable_text(loader->unreadable(), set.size()),
            "1 of 10 images cannot be read and are left out:\n  item 1: broken\n");
}

TEST(Loader, RepeatsASetSmallerThanABatch) {
  test::ColourDataset set(3, 2);
  auto loader = loader_of(set, options(8, 0));
  auto batch = loader->next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(std::ranges::count(batch->labels, -1), 0);
}

TEST(Loader, FailsIfNothingCanBeRead) {
  test::ColourDataset set(4, 2, {0, 1, 2, 3});
  auto batch = loader_of(set, options(2, 1))->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().reason, "4 images in a row cannot be read; the last: broken");
}

TEST(Loader, MixesSoftLabels) {
  test::ColourDataset set(16, 4);
  LoaderOptions o = options(4, 1);
  o.batches.mixup = 1;
  auto loader = loader_of(set, o);
  auto batch = loader->next();
  ASSERT_EQ(batch->soft_labels.size(), 16u);
  for (size_t row = 0; row < 4; ++row) {
    auto soft = batch->soft_labels.subspan(row * 4, 4);
    EXPECT_NEAR(std::accumulate(soft.begin(), soft.end(), 0.0), 1, 1e-6);
  }
}

TEST(Loader, RefusesAbsurdOptions) {
  test::ColourDataset set(4, 2);
  auto refused = [&](auto change, std::vector<int64_t> items) {
    LoaderOptions o = options(2, 1);
    change(o);
    auto loader = Loader::create(set, std::move(items), o);
    return !loader && !loader.error().reason.empty();
  };
  auto all = all_items(set);
  EXPECT_TRUE(refused([](auto&) {}, {}));
  EXPECT_TRUE(refused([](auto&) {}, {4}));
  EXPECT_TRUE(refused([](auto& o) { o.batches.batch = 0; }, all));
  EXPECT_TRUE(
      refused([](auto& o) { o.batches.batch = 1 << 20, o.batches.format.width = 9999; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.batches.format.height = -1; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.batches.format.channels = 2; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.batches.mixup = -1; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.batches.slice = 2, o.batches.slices = 2; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.batches.augmentation.rotation = 1e9; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.threads = -1; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.prefetch = 0; }, all));
  EXPECT_TRUE(refused([](auto& o) { o.first_epoch = -1; }, all));
}

TEST(Loader, StopsWhileThreadsWork) {
  test::ColourDataset set(1000, 2);
  for (int i = 0; i < 20; ++i) {
    auto loader = loader_of(set, options(100, 3));
    if (i % 2 == 0) continue;
    EXPECT_TRUE(loader->next());
  }
}

}  // namespace burin::data
