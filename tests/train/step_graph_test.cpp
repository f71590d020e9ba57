// What a step computes: gradients, updates, statistics, random masks; on the oracle and as machine
// code.
#include "train/step_graph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "graph/eval.h"
#include "graph/verify.h"
#include "onnx/import.h"
#include "tests/train/tiny_network.h"
#include "train/step_program.h"

namespace burin::train {
namespace {

StepOptions options_of(const char* optimiser) {
  StepOptions o;
  o.batch = test::kTinyBatch;
  o.labels = {DType::i64, {test::kTinyBatch}};
  o.optimiser = optimiser;
  o.optimiser_options = find_optimiser(optimiser)->defaults;
  return o;
}

// Feeds a step graph's inputs by name: variables, scalars and a batch.
std::vector<Tensor> inputs_of(const StepGraph& step, const test::Samples& batch, double rate,
                              uint32_t seed) {
  std::map<std::string, Tensor, std::less<>> values;
  for (const VariableSpec& v : step.variables) values[v.name] = v.initial;
  values["x"] = batch.data;
  values[std::string(kLabelsInput)] = batch.labels;
  values[std::string(kLearningRateInput)] = Tensor::scalar(DType::f32, rate);
  values[std::string(kStepSizeInput)] = Tensor::scalar(DType::f32, rate / (1 - 0.9));
  values[std::string(kRootInput)] = Tensor::scalar(DType::f32, std::sqrt(1 - 0.999));
  values[std::string(kSeedInput)] = Tensor::scalar(DType::u32, seed);
  std::vector<Tensor> inputs;
  for (const graph::Port& port : step.graph.inputs) inputs.push_back(values.at(port.name));
  return inputs;
}

TEST(Trainable, KnowsWeightsStatisticsAndTheHead) {
  Trainable t = test::tiny_network();
  std::vector<std::string> names;
  for (const NamedTensor& p : t.parameters) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"kernel", "gain", "shift", "matrix", "bias"}));
  ASSERT_EQ(t.statistics.size(), 2u);
  EXPECT_EQ(t.statistics[1].name, "variance");
  EXPECT_EQ(t.head, Head::softmax);
  EXPECT_TRUE(t.is_random);
}

// The loss of a step by its gradients: a small step of plain descent on one parameter changes the
// loss by -rate |g|^2.
TEST(StepGraph, AStepDescends) {
  Trainable t = test::tiny_network();
  test::Samples batch = test::tiny_samples(test::kTinyBatch, 3);
  auto step = build_step_graph(t, options_of("sgd"));
  ASSERT_TRUE(step) << step.error().text();
  ASSERT_FALSE(graph::verify(step->graph));
  constexpr double kRate = 1e-2;
  auto before = *graph::eval(step->graph, inputs_of(*step, batch, kRate, 7));
  double squares = 0;
  for (size_t i = 0; i < step->variables.size(); ++i) {
    VariableSpec& v = step->variables[i];
    if (v.kind != VariableKind::parameter) continue;
    for (int64_t k = 0; k < v.initial.elements(); ++k) {
      double g = (v.initial.as_double(k) - before[i + 2].as_double(k)) / kRate;
      squares += g * g;
    }
    v.initial = before[i + 2];
  }
  auto after = *graph::eval(step->graph, inputs_of(*step, batch, kRate, 7));
  double change = after[0].as_double(0) - before[0].as_double(0);
  EXPECT_GT(squares, 0.01);
  EXPECT_NEAR(change, -kRate * squares, 0.2 * kRate * squares);
}

TEST(StepGraph, StatisticsFollowTheBatch) {
  Trainable t = test::tiny_network();
  auto step = build_step_graph(t, options_of("sgd"));
  test::Samples batch = test::tiny_samples(test::kTinyBatch, 3);
  auto out = *graph::eval(step->graph, inputs_of(*step, batch, 0.1, 7));
  const Tensor& variance = out.back();
  for (int64_t c = 0; c < 4; ++c) {
    EXPECT_NE(variance.as_double(c), 1);
    EXPECT_GT(variance.as_double(c), 0.9);  // 0.9 old + 0.1 new
  }
}

TEST(StepGraph, AveragesAndClippingTakePart) {
  Trainable t = test::tiny_network();
  StepOptions o = options_of("sgd");
  o.ema_decay = 0.5;
  o.clip_value = 1e-3;
  auto step = build_step_graph(t, o);
  ASSERT_TRUE(step) << step.error().text();
  auto out =
      *graph::eval(step->graph, inputs_of(*step, test::tiny_samples(test::kTinyBatch, 3), 1, 7));
  const VariableSpec& kernel = step->variables[0];
  ASSERT_EQ(step->variables[1].name, "ema:kernel");
  for (int64_t k = 0; k < kernel.initial.elements(); ++k) {
    double before = kernel.initial.as_double(k), now = out[2].as_double(k);
    EXPECT_LE(std::abs(now - before), 1.001e-3);
    EXPECT_NEAR(out[3].as_double(k), (before + now) / 2, 1e-6);
  }
}

TEST(StepGraph, DropoutIsAsRareAsItsRatioAndFollowsTheSeed) {
  Trainable t = test::tiny_network();
  onnx::Model model = t.training;
  model.graph.outputs.resize(1);
  model.graph.outputs[0] = {};
  model.graph.outputs[0].name = "d";
  onnx::ImportOptions import;
  import.input_shapes["x"] = {64, 1, 6, 6};
  auto imported = onnx::import_model(model, import);
  ASSERT_TRUE(imported) << imported.error().text();
  auto zeros = [&](uint32_t seed) {
    std::vector<Tensor> in;
    for (const graph::Port& port : imported->graph.inputs) {
      Tensor v(imported->graph.type(port.node));
      for (int64_t i = 0; i < v.elements(); ++i) v.set_double(i, 1);
      if (port.name == "x") v = test::random_weights({64, 1, 6, 6}, 1, 9);
      if (port.name == "shift") v = test::filled({4}, 9);  // so that Relu zeroes nothing
      if (port.name == kSeedInput) v = Tensor::scalar(DType::u32, seed);
      in.push_back(v);
    }
    std::vector<double> y = (*graph::eval(imported->graph, in))[0].to_doubles();
    std::vector<bool> dropped;
    for (double v : y) dropped.push_back(v == 0);
    return dropped;
  };
  std::vector<bool> first = zeros(1), second = zeros(2);
  EXPECT_EQ(first, zeros(1));
  EXPECT_NE(first, second);
  auto share = static_cast<double>(std::count(first.begin(), first.end(), true)) /
               static_cast<double>(first.size());
  EXPECT_NEAR(share, 0.25, 0.02);
}

// Machine code against the oracle, for every optimiser.
TEST(StepProgram, ComputesWhatTheOracleDoes) {
  Trainable t = test::tiny_network();
  test::Samples batch = test::tiny_samples(test::kTinyBatch, 3);
  for (const Optimiser& optimiser : all_optimisers()) {
    StepOptions o = options_of(std::string(optimiser.name).c_str());
    o.clip_norm = 1;
    auto step = build_step_graph(t, o);
    ASSERT_TRUE(step) << step.error().text();
    ProgramOptions options;
    options.compile.target = *isa::target_from_name("native");
    options.compile.verify = true;
    auto program = StepProgram::create(*step, t, options);
    ASSERT_TRUE(program) << program.error().text();
    Variables variables(step->variables);
    auto expected = *graph::eval(step->graph, inputs_of(*step, batch, 1e-3, 7));
    double loss = (*program)->compute(variables, {batch.data.data(), batch.labels.data()},
                                      scalars_of_step(OptimiserOptions{}, 1e-3, 1), 7);
    ASSERT_TRUE((*program)->finish(variables));
    EXPECT_NEAR(loss, expected[0].as_double(0), 1e-5);
    for (size_t i = 0; i < step->variables.size(); ++i) {
      for (int64_t k = 0; k < expected[i + 2].elements(); ++k) {
        double want = expected[i + 2].as_double(k);
        EXPECT_NEAR(variables.all()[i].value.as_double(k), want, 1e-5 * (1 + std::abs(want)))
            << optimiser.name << " " << step->variables[i].name << " " << k;
      }
    }
  }
}

// Gradients of later layers are known first.
TEST(StepGraph, UpdatesStandWhereTheirGradientsAreKnown) {
  Trainable t = test::tiny_network();
  for (const char* optimiser : {"sgd", "adam"}) {
    auto step = build_step_graph(t, options_of(optimiser));
    ASSERT_TRUE(step) << step.error().text();
    std::map<std::string, graph::NodeId> outputs;
    for (const graph::Port& port : step->graph.outputs) outputs[port.name] = port.node;
    EXPECT_LT(outputs.at("next:bias"), outputs.at("next:gain"));
    EXPECT_LT(outputs.at("next:matrix"), outputs.at("next:gain"));
    EXPECT_LT(outputs.at("next:gain"), outputs.at("next:kernel"));
  }
}

TEST(StepGraph, WhatDoesNotFitIsRefused) {
  Trainable t = test::tiny_network();
  StepOptions o = options_of("sgd");
  o.labels = {DType::i64, {test::kTinyBatch, 2}};
  EXPECT_FALSE(build_step_graph(t, o));
  o = options_of("sgd");
  o.loss = "hinge";
  EXPECT_FALSE(build_step_graph(t, o));
}

}  // namespace
}  // namespace burin::train
