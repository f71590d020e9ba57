// What a classifier's file says beside its graph, and what comes of scores.
#include "train/classifier_notes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/tiny_network.h"
#include "train/evaluate.h"
#include "train/relabel.h"

namespace burin::train {
namespace {

TEST(ClassifierNotes, RoundTrip) {
  ClassifierNotes notes{{"cat", "dog"}, data::PictureFormat{28, 20, 1}, "cross_entropy"};
  notes.pictures->layout = data::Layout::nchw;
  notes.pictures->normalisation = {{0.5f, 0, 0}, {0.25f, 1, 1}};
  Metadata metadata = {{"author", "somebody"}, {"labels", "old"}};
  write_notes(notes, metadata);
  EXPECT_EQ(metadata.at("author"), "somebody");
  auto back = read_notes(metadata);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->classes, notes.classes);
  EXPECT_EQ(back->loss, "cross_entropy");
  ASSERT_TRUE(back->pictures);
  EXPECT_EQ(back->pictures->width, 28);
  EXPECT_EQ(back->pictures->height, 20);
  EXPECT_EQ(back->pictures->channels, 1);
  EXPECT_EQ(back->pictures->layout, data::Layout::nchw);
  EXPECT_EQ(back->pictures->normalisation.mean[0], 0.5f);
  EXPECT_EQ(back->pictures->normalisation.deviation[0], 0.25f);
}

TEST(ClassifierNotes, AreOptionalButNeverAbsurd) {
  auto none = read_notes({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->classes.empty());
  EXPECT_FALSE(none->pictures);
  auto pictures = [](const std::string& width, const std::string& deviation) {
    return R"({"width":)" + width + R"(,"height":2,"channels":1,"layout":"nchw","mean":[0],)" +
           R"("deviation":[)" + deviation + "]}";
  };
  EXPECT_TRUE(read_notes({{"burin.pictures", pictures("2", "1")}}));
  for (const std::string& bad : {pictures("0", "1"), pictures("-3", "1"), pictures("1000000", "1"),
                                 pictures("2", "0"), pictures("\"2\"", "1"), pictures("2", ""),
                                 std::string("{"), std::string("[]"), std::string(100000, '[')}) {
    EXPECT_FALSE(read_notes({{"burin.pictures", bad}})) << bad.substr(0, 80);
  }
}

TEST(Probabilities, FollowTheNetworksEnd) {
  std::vector<double> scores = {1, 2, 4}, logs;
  double sum = std::exp(1) + std::exp(2) + std::exp(4);
  for (double s : scores) logs.push_back(s - std::log(sum));
  for (auto& p : {probabilities(scores, Head::none), probabilities(logs, Head::log_softmax)}) {
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(p[i], std::exp(scores[i]) / sum, 1e-12);
  }
  EXPECT_EQ(probabilities({0.25, 0.75}, Head::softmax), (std::vector<double>{0.25, 0.75}));
  EXPECT_EQ(probabilities({0.75}, Head::sigmoid), (std::vector<double>{0.25, 0.75}));
  EXPECT_NEAR(probabilities({std::log(3)}, Head::none)[1], 0.75, 1e-12);
  EXPECT_EQ(probabilities({1000, -1000}, Head::none), (std::vector<double>{1, 0}));
}

// An evaluation of 50 samples in batches of 16, against one sample after another.
TEST(Evaluate, CountsEverySampleOnceInItsRowAndColumn) {
  auto network = *make_evaluable(test::tiny_model(), "tiny");
  test::Samples samples = test::tiny_samples(50, 3);
  auto run = [&](int64_t batch, std::vector<int64_t> class_of) {
    StepOptions options;
    options.batch = batch;
    options.labels = {DType::i64, {batch}};
    auto graph = *build_evaluation_graph(network, options);
    EXPECT_TRUE(graph.variables.empty());
    ProgramOptions programs;
    programs.compile.target = *isa::target_from_name("native");
    auto program = *EvaluationProgram::create(graph, network, programs);
    auto source = relabel(std::make_unique<test::MemoryBatches>(samples, batch, false, 0),
                          std::move(class_of));
    return *evaluate(*program, Variables(graph.variables), *source);
  };
  Evaluation whole = run(16, {0, 1, 2}), single = run(1, {0, 1, 2}), turned = run(16, {2, 0, 1});
  EXPECT_EQ(whole.samples, 50);
  EXPECT_EQ(whole.confusion, single.confusion);
  EXPECT_NEAR(whole.loss, single.loss, 1e-3);
  EXPECT_EQ(whole.correct, whole.count(0, 0) + whole.count(1, 1) + whole.count(2, 2));
  int64_t sum = 0;
  for (int64_t label = 0; label < 3; ++label) {
    std::vector<int64_t> labels = samples.labels.to_ints();
    EXPECT_EQ(whole.samples_of(label), std::count(labels.begin(), labels.end(), label));
    sum += whole.samples_of(label);
    for (int64_t p = 0; p < 3; ++p) {
      EXPECT_EQ(turned.count((label + 2) % 3, p), whole.count(label, p));
    }
  }
  EXPECT_EQ(sum, 50);
}

}  // namespace
}  // namespace burin::train
