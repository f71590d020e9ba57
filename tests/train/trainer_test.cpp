// Whole trainings: they learn, give the same bits on any number of threads, and go on where they
// stopped.
#include "train/trainer.h"

#include <gtest/gtest.h>

#include "data/split.h"
#include "driver/model.h"
#include "tensor/npy.h"
#include "tests/support/temp_folder.h"
#include "tests/train/networks.h"

namespace burin::train {
namespace {

constexpr int64_t kBatch = 16;

struct Training {
  test::TempFolder folder;
  Trainable network = test::tiny_network();
  test::Samples samples = test::tiny_samples(320, 1), held_out = test::tiny_samples(100, 2);
  std::unique_ptr<BatchSource> batches, validation;
  TrainerOptions options;
  std::unique_ptr<Trainer> trainer;

  explicit Training(const char* optimiser, int threads = 1) {
    batches = std::make_unique<test::MemoryBatches>(samples, kBatch, true, 4);
    validation = std::make_unique<test::MemoryBatches>(held_out, kBatch, false, 0);
    options.step.optimiser = optimiser;
    options.step.optimiser_options = find_optimiser(optimiser)->defaults;
    options.step.optimiser_options.learning_rate = 0.01;
    options.step.ema_decay = 0.9;
    options.epochs = 3;
    options.folder = folder.file("out");
    options.classes = samples.classes;
    options.programs.compile.target = *isa::target_from_name("native");
    options.programs.threads = threads;
  }

  void create() {
    auto made = Trainer::create(network, *batches, *validation, options);
    ASSERT_TRUE(made) << made.error().text();
    trainer = *std::move(made);
  }

  TrainReport run() {
    if (!trainer) create();
    auto report = trainer->run();
    EXPECT_TRUE(report) << report.error().text();
    return report ? *report : TrainReport{};
  }
};

// Stops before the step of this number, counted from 0.
std::function<bool()> stop_before(int step) {
  return [step, asked = 0]() mutable { return asked++ == step; };
}

// The lines of metrics without what depends on the clock.
std::vector<nlohmann::json> read_metrics(const Training& t) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(t.folder.file("out/metrics.jsonl"));
  for (std::string line; std::getline(in, line);) {
    nlohmann::json j = nlohmann::json::parse(line);
    for (const char* key : {"seconds", "samples_per_second", "waiting_for_data"}) j.erase(key);
    lines.push_back(j);
  }
  return lines;
}

TEST(Trainer, LearnsWhatCanBeLearned) {
  Training t("adamw");
  std::vector<EpochReport> epochs;
  t.options.report = [&](const EpochReport& r) { epochs.push_back(r); };
  TrainReport report = t.run();
  EXPECT_FALSE(report.interrupted);
  EXPECT_EQ(report.steps, 60);
  EXPECT_GT(report.best_accuracy, 0.95);
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_LT(epochs[2].loss, epochs[0].loss);
  std::ifstream metrics(t.folder.file("out/metrics.jsonl"));
  std::string line;
  for (const EpochReport& r : epochs) {
    ASSERT_TRUE(std::getline(metrics, line));
    EXPECT_EQ(nlohmann::json::parse(line)["validation_accuracy"], r.validation_accuracy);
  }
}

TEST(Trainer, SameBitsOnOneThreadAndTwo) {
  Training one("adam", 1), two("adam", 2);
  for (Training* t : {&one, &two}) {
    t->options.stop = stop_before(20);
    EXPECT_TRUE(t->run().interrupted);
  }
  test::expect_same_bits(one.trainer->variables(), two.trainer->variables());
}

TEST(Trainer, GoesOnWhereItStopped) {
  for (const char* optimiser : {"sgd", "adam", "rmsprop"}) {
    Training whole(optimiser), parts(optimiser);
    whole.run();
    parts.options.stop = stop_before(27);  // in the second epoch
    TrainReport first = parts.run();
    EXPECT_TRUE(first.interrupted);
    EXPECT_EQ(first.steps, 27);
    parts.options.stop = [] { return false; };
    parts.create();
    ASSERT_TRUE(parts.trainer->resume(first.checkpoint));
    EXPECT_EQ(parts.run().steps, 60);
    test::expect_same_bits(whole.trainer->variables(), parts.trainer->variables());
    EXPECT_EQ(read_metrics(whole), read_metrics(parts));
  }
}

TEST(Trainer, SavesWhenDueAndForgetsTheMetricsOfLaterSteps) {
  Training whole("adam"), parts("adam");
  whole.run();
  parts.options.checkpoint_steps = 6;
  std::string last = parts.folder.file("out/last.safetensors"), middle = parts.folder.file("27");
  parts.options.progress = [&](const Progress& p) {  // the checkpoint after step 26
    if (p.epoch == 2 && p.batch == 7) std::filesystem::copy_file(last, middle);
  };
  parts.run();
  auto saved = load_checkpoint(middle);
  ASSERT_TRUE(saved) << saved.error().text();
  EXPECT_EQ(saved->step, 26);
  std::ofstream(parts.folder.file("out/metrics.jsonl"), std::ios::app) << "{\"epo";
  parts.options.progress = nullptr;
  parts.create();
  ASSERT_TRUE(parts.trainer->resume(middle));
  EXPECT_EQ(parts.run().steps, 60);
  test::expect_same_bits(whole.trainer->variables(), parts.trainer->variables());
  EXPECT_EQ(read_metrics(whole), read_metrics(parts));
}

TEST(Trainer, TheExportedNetworkAnswersAsTheTrainedOne) {
  Training t("adam");
  TrainReport report = t.run();
  auto model = driver::Model::load(report.model);
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_EQ((*model)->proto().metadata.at("labels"), "top\nmiddle\nbottom");
  EXPECT_EQ((*model)->proto().graph.nodes.size(), t.network.original.graph.nodes.size());
  driver::InputSpec x{"x", t.held_out.data.type(), {}};
  auto engraved = (*model)->engrave(std::span(&x, 1), t.options.programs.compile);
  ASSERT_TRUE(engraved) << engraved.error().text();
  auto session = *runtime::Session::create((*engraved)->program, 1);
  Tensor y({DType::f32, {100, 3}});
  const void* in = t.held_out.data.data();
  void* out = y.mutable_data();
  session->run(std::span(&in, 1), std::span(&out, 1));
  int64_t correct = 0;
  for (int64_t i = 0; i < 100; ++i) {
    int64_t best = 0;
    for (int64_t c = 1; c < 3; ++c) {
      if (y.as_double(i * 3 + c) > y.as_double(i * 3 + best)) best = c;
    }
    correct += best == t.held_out.labels.as_int(i);
  }
  EXPECT_NEAR(static_cast<double>(correct) / 100, report.best_accuracy, 1e-9);
}

TEST(Checkpoint, OfAnotherNetworkOrOptimiserIsRefused) {
  Training adam("adam"), sgd("sgd"), wide("adam");
  TrainReport report = adam.run();
  sgd.create();
  auto refused = sgd.trainer->resume(report.checkpoint);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().reason.find("does not fit this network and optimiser"),
            std::string::npos);
  wide.network = test::tiny_network(4);
  wide.create();
  EXPECT_FALSE(wide.trainer->resume(report.checkpoint));
  EXPECT_FALSE(adam.trainer->resume(report.model));
  EXPECT_FALSE(adam.trainer->resume(adam.folder.file("nothing")));
}

TEST(Checkpoint, RoundTripsAndRefusesDamage) {
  test::TempFolder folder;
  Checkpoint c{"net", {{"lr", 0.1}}, {"a", "b"}, 17, 20, {1.5, 3, 32}, 0.75, {}};
  c.variables.push_back({"w", test::random_weights({3, 5}, 1, 1)});
  std::string path = folder.file("c.safetensors");
  ASSERT_TRUE(save_checkpoint(c, path));
  auto back = load_checkpoint(path);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->options, c.options);
  EXPECT_EQ(back->classes, c.classes);
  EXPECT_EQ(back->step, 17);
  EXPECT_EQ(back->epoch_steps, 20);
  EXPECT_EQ(back->sums.loss, 1.5);
  EXPECT_EQ(back->best, 0.75);
  EXPECT_EQ(back->variables[0].value.to_doubles(), c.variables[0].value.to_doubles());
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (size_t n = 0; n < bytes.size(); n += 7) {
    EXPECT_FALSE(load_checkpoint(folder.write("cut", bytes.substr(0, n)))) << n;
    std::string flipped = bytes;
    flipped[n] ^= 0x55;
    (void)load_checkpoint(folder.write("flipped", flipped));  // an error or not, no crash
  }
}

TEST(Batches, OfADataSetFollowEpochAndBatch) {
  test::TempFolder folder;
  Tensor x({DType::u8, {50, 4, 4}}), y({DType::i64, {50}});
  for (int64_t i = 0; i < 50; ++i) {
    y.set_int(i, i % 2);
    for (int64_t k = 0; k < 16; ++k) x.set_int(i * 16 + k, i);
  }
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  ASSERT_TRUE(write_npy(folder.file("y.npy"), y));
  auto sets = data::open_dataset(folder.path().string());
  ASSERT_TRUE(sets) << sets.error().text();
  data::LoaderOptions options;
  options.batches.batch = kBatch;
  options.batches.format = *picture_format(Shape{16}, *sets->train);
  auto source = *picture_batches(*sets->train, data::all_items(*sets->train), options);
  auto epoch = [&](int64_t number, int64_t first) {
    std::vector<float> seen;
    EXPECT_TRUE(source->start(number, first));
    while (auto batch = *source->next()) {
      for (int64_t i = 0; i < kBatch; ++i)
        seen.push_back(static_cast<const float*>(batch->data)[i * 16]);
    }
    return seen;
  };
  std::vector<float> zero = epoch(0, 0), one = epoch(1, 0);
  EXPECT_EQ(zero.size(), 3u * kBatch);
  EXPECT_NE(zero, one);
  EXPECT_EQ(zero, epoch(0, 0));
  EXPECT_EQ(std::vector<float>(one.begin() + kBatch, one.end()), epoch(1, 1));
}

}  // namespace
}  // namespace burin::train
