// New last layers and frozen parts: what is found, what changes, what stays.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "driver/model.h"
#include "tests/support/models.h"
#include "tests/train/tiny_network.h"
#include "train/classifier.h"
#include "train/step_program.h"
#include "zoo/save.h"

namespace burin::train {
namespace {

onnx::Model zoo_model(const char* name) {
  auto model = driver::Model::from_memory(name, *zoo::to_bytes(*zoo::find(name), 1));
  return (*model)->proto();
}

std::vector<std::string> names_of(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const NamedTensor& t : tensors) names.push_back(t.name);
  return names;
}

StepGraph step_of(const Trainable& t, const char* optimiser) {
  StepOptions o;
  o.batch = test::kTinyBatch;
  o.labels = {DType::i64, {test::kTinyBatch}};
  o.optimiser = optimiser;
  o.optimiser_options = find_optimiser(optimiser)->defaults;
  auto step = build_step_graph(t, o);
  EXPECT_TRUE(step) << step.error().text();
  return *step;
}

Trainable frozen_tiny(const std::vector<std::string>& parts) {
  onnx::Model model = test::tiny_model();
  return *make_trainable(model, "tiny", *find_frozen(model, parts));
}

TEST(Classifier, IsFoundAndReplaced) {
  onnx::Model model = test::tiny_model(3);
  auto found = find_classifier(model);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->weights, "matrix");
  EXPECT_EQ(found->bias, "bias");
  EXPECT_EQ(found->text(), found->name + " (Gemm, 64 to 3)");
  onnx::Model same = replace_classifier(model, *found, 3, 5);  // drawn anew all the same
  EXPECT_NE(same.graph.initializers.at("matrix").as_double(0),
            model.graph.initializers.at("matrix").as_double(0));
  EXPECT_EQ(same.graph.initializers.at("kernel").data(),
            model.graph.initializers.at("kernel").data());
  auto other = make_trainable(replace_classifier(model, *found, 7, 5), "tiny");
  ASSERT_TRUE(other) << other.error().text();
  EXPECT_EQ(scores_type(*other, 2)->shape, (Shape{2, 7}));
}

// Dense layers, convolutions before pooling, and shapes that name the classes.
TEST(Classifier, OfBuiltInNetworksTakesOtherClasses) {
  for (const char* name : {"lenet", "mobilenet_v2", "squeezenet1_1"}) {
    onnx::Model model = zoo_model(name);
    auto found = find_classifier(model);
    ASSERT_TRUE(found) << name << ": " << found.error().text();
    auto other = make_trainable(replace_classifier(model, *found, 5, 1), name);
    ASSERT_TRUE(other) << name << ": " << other.error().text();
    auto scores = scores_type(*other, 2);
    ASSERT_TRUE(scores) << name << ": " << scores.error().text();
    EXPECT_EQ(scores->shape.elements(), 10) << name;
  }
}

TEST(Classifier, IsRefusedWhereThereIsNone) {
  onnx::Model model = test::tiny_model(3);
  model.graph.nodes.back().op_type = "Neg";
  auto refused = find_classifier(model);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().reason.find("does not end in a layer"), std::string::npos);
  onnx::Model shared = test::tiny_model(3);
  onnx::NodeView again = shared.graph.nodes[5];
  again.outputs = {"elsewhere"};
  shared.graph.nodes.push_back(again);
  EXPECT_FALSE(find_classifier(shared));
  onnx::Model fed = test::tiny_model(3);
  fed.graph.initializers.erase("matrix");
  EXPECT_FALSE(find_classifier(fed));
}

TEST(Freeze, LeavesTheHeadOrWhatNamesSay) {
  Trainable body = frozen_tiny({"body"});
  EXPECT_EQ(names_of(body.parameters), (std::vector<std::string>{"matrix", "bias"}));
  EXPECT_TRUE(body.statistics.empty());
  Trainable kernel = frozen_tiny({"kern"});
  EXPECT_EQ(names_of(kernel.parameters),
            (std::vector<std::string>{"gain", "shift", "matrix", "bias"}));
  EXPECT_EQ(kernel.statistics.size(), 2u);
  EXPECT_TRUE(frozen_tiny({"gain"}).statistics.empty());
  onnx::Model model = test::tiny_model();
  auto unknown = find_frozen(model, {"no such layer"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().where.find("no such layer"), std::string::npos);
  auto all = make_trainable(model, "tiny", *find_frozen(model, {""}));
  ASSERT_FALSE(all);
  EXPECT_NE(all.error().reason.find("frozen"), std::string::npos);
}

// A convolution's gradients are convolutions: none is left, and nothing is kept for the body.
TEST(Freeze, ComputesNoGradientOfTheBody) {
  auto convolutions = [](const StepGraph& step) {
    size_t count = 0;
    for (size_t n = 0; n < step.graph.size(); ++n) {
      count += step.graph[graph::NodeId(n)].op == graph::Op::convolution;
    }
    return count;
  };
  StepGraph whole = step_of(test::tiny_network(), "adam");
  StepGraph head = step_of(frozen_tiny({"body"}), "adam");
  EXPECT_GT(convolutions(whole), 1u);
  EXPECT_EQ(convolutions(head), 1u);
  ASSERT_EQ(head.variables.size(), 6u);  // two parameters with two moments each
  for (const VariableSpec& v : head.variables) {
    EXPECT_TRUE(v.name.ends_with("matrix") || v.name.ends_with("bias")) << v.name;
  }
}

TEST(Freeze, StepsMoveTheHeadAlone) {
  Trainable t = frozen_tiny({"body"});
  StepGraph step = step_of(t, "sgd");
  ProgramOptions options;
  options.compile.target = *isa::target_from_name("native");
  auto program = StepProgram::create(step, t, options);
  ASSERT_TRUE(program) << program.error().text();
  Variables variables(step.variables);
  test::Samples batch = test::tiny_samples(test::kTinyBatch, 3);
  double first = 0, last = 0;
  for (int i = 0; i < 50; ++i) {
    last = (*program)->compute(variables, {batch.data.data(), batch.labels.data()},
                               {.learning_rate = 0.1}, 1);
    ASSERT_TRUE((*program)->finish(variables));
    if (i == 0) first = last;
  }
  EXPECT_LT(last, 0.7 * first);
  const Tensor& before = test::tiny_model().graph.initializers.at("matrix");
  EXPECT_NE(before.as_double(0), variables.find("matrix")->value.as_double(0));
}

TEST(Finetune, ATrainedNetworkGetsANewHead) {
  auto path = test::models_folder() / "classification__mobilenet_v2_128_0.5_flowers/model.onnx";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  auto model = driver::Model::load(path.string());
  ASSERT_TRUE(model) << model.error().text();
  auto last = find_classifier((*model)->proto());
  ASSERT_TRUE(last) << last.error().text();
  EXPECT_NE(last->name.find("predictions_dense"), std::string::npos);
  onnx::Model changed = replace_classifier((*model)->proto(), *last, 3, 1);
  auto t = make_trainable(changed, "flowers", *find_frozen(changed, {"body"}));
  ASSERT_TRUE(t) << t.error().text();
  EXPECT_EQ(t->parameters.size(), 2u);
  StepGraph step = step_of(*t, "sgd");
  ProgramOptions options;
  options.compile.target = *isa::target_from_name("native");
  auto program = StepProgram::create(step, *t, options);
  ASSERT_TRUE(program) << program.error().text();
  Variables variables(step.variables);
  Tensor images = test::random_weights({test::kTinyBatch, 3, 128, 128}, 1, 7);
  Tensor labels({DType::i64, {test::kTinyBatch}});
  for (int64_t i = 0; i < test::kTinyBatch; ++i) labels.set_int(i, i % 3);
  double first = 0, loss = 0;
  for (int i = 0; i < 30; ++i) {
    loss =
        (*program)->compute(variables, {images.data(), labels.data()}, {.learning_rate = 0.1}, 1);
    ASSERT_TRUE((*program)->finish(variables));
    if (i == 0) first = loss;
  }
  EXPECT_LT(loss, first);
  EXPECT_TRUE(std::isfinite(loss));
}

}  // namespace
}  // namespace burin::train
