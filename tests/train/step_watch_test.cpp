// Looking into steps: values and gradients of one step, and where numbers stop being finite.
#include "train/step_watch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tensor/npy.h"
#include "tests/support/temp_folder.h"
#include "tests/train/tiny_network.h"

namespace burin::train {
namespace {

// A network, a batch and a step program, as a trainer has them.
struct Steps {
  Trainable network = test::tiny_network();
  test::Samples samples = test::tiny_samples(test::kTinyBatch, 3);
  StepOptions options;
  ProgramOptions programs;
  std::unique_ptr<Variables> variables;
  std::unique_ptr<StepProgram> program;

  Steps() {
    options.batch = test::kTinyBatch;
    options.labels = {DType::i64, {test::kTinyBatch}};
    options.optimiser = "sgd";
    options.optimiser_options = find_optimiser("sgd")->defaults;
    programs.compile.target = *isa::target_from_name("native");
  }

  void create() {
    auto graph = build_step_graph(network, options);
    ASSERT_TRUE(graph) << graph.error().text();
    variables = std::make_unique<Variables>(graph->variables);
    auto made = StepProgram::create(*graph, network, programs);
    ASSERT_TRUE(made) << made.error().text();
    program = *std::move(made);
  }

  StepState state(double rate) const {
    return {*variables,
            {samples.data.data(), samples.labels.data()},
            scalars_of_step(options.optimiser_options, rate, 1),
            7};
  }

  double run(const StepState& s) {
    double loss = program->compute(*variables, s.batch, s.scalars, s.seed);
    EXPECT_TRUE(program->finish(*variables));
    return loss;
  }
};

TEST(StepWatch, DumpsGradientsThatTheStepFollows) {
  Steps steps;
  steps.create();
  test::TempFolder folder;
  WatchOptions watch;
  watch.dump_step = 2;
  for (const char* name : {"gradient:matrix", "gradient:scores", "scores", "kernel"}) {
    watch.dumps.push_back({name, folder.file(std::string(name) + ".npy")});
  }
  StepWatch look(steps.network, steps.options, steps.programs, watch);
  ASSERT_TRUE(look.check_names());
  StepState state = steps.state(0.5);
  Tensor before = test::filled({3, 64}, 0);
  for (int64_t i = 0; i < 192; ++i) {
    before.set_double(i, steps.variables->find("matrix")->value.as_double(i));
  }
  ASSERT_TRUE(look.before(1, state));
  EXPECT_FALSE(std::filesystem::exists(watch.dumps[0].path));
  ASSERT_TRUE(look.before(2, state));
  steps.run(state);
  Tensor gradient = *read_npy(watch.dumps[0].path), scores = *read_npy(watch.dumps[2].path);
  ASSERT_EQ(gradient.shape(), (Shape{3, 64}));
  const Tensor& after = steps.variables->find("matrix")->value;
  double largest = 0;
  for (int64_t i = 0; i < 192; ++i) {
    largest = std::max(largest, std::abs(gradient.as_double(i)));
    EXPECT_NEAR(after.as_double(i), before.as_double(i) - 0.5 * gradient.as_double(i), 1e-6);
  }
  EXPECT_GT(largest, 1e-3);
  for (int64_t i = 0; i < scores.elements(); ++i) {
    EXPECT_NEAR(scores.as_double(i), steps.program->scores().as_double(i), 1e-5);
  }
  // Of softmax and cross-entropy, each row's sum is 0.
  Tensor of_scores = *read_npy(watch.dumps[1].path);
  for (int64_t row = 0; row < test::kTinyBatch; ++row) {
    double sum = 0;
    for (int64_t c = 0; c < 3; ++c) sum += of_scores.as_double(row * 3 + c);
    EXPECT_NEAR(sum, 0, 1e-6);
  }
}

TEST(StepWatch, RefusesNamesThatTheNetworkLacks) {
  Steps steps;
  for (const char* name : {"nothing", "gradient:nothing", "", "gradient:"}) {
    WatchOptions watch;
    watch.dumps = {{name, "x.npy"}};
    StepWatch look(steps.network, steps.options, steps.programs, watch);
    EXPECT_FALSE(look.check_names()) << name;
  }
}

TEST(StepWatch, IsSilentWhileAllIsFinite) {
  Steps steps;
  steps.create();
  WatchOptions watch{.check_finite = true};
  StepWatch look(steps.network, steps.options, steps.programs, watch);
  for (int64_t step = 1; step < 4; ++step) {
    StepState state = steps.state(0.1);
    double loss = steps.run(state);
    auto checked = look.after(step, loss, *steps.variables, state);
    EXPECT_TRUE(checked) << checked.error().text();
  }
}

TEST(StepWatch, NamesTheFirstLayerThatOverflows) {
  Steps steps;
  steps.create();
  Tensor huge = test::filled({4, 1, 3, 3}, 3e38);
  ASSERT_TRUE(steps.variables->set("kernel", huge));
  StepWatch look(steps.network, steps.options, steps.programs, {.check_finite = true});
  StepState state = steps.state(0.1);
  double loss = steps.run(state);
  auto checked = look.after(57, loss, *steps.variables, state);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().where, "step 57");
  // The Conv has no name; its node is known by its output.
  EXPECT_NE(checked.error().reason.find("'c'"), std::string::npos) << checked.error().text();
  EXPECT_EQ(steps.variables->find("kernel")->value.as_double(0), huge.as_double(0));
}

TEST(StepWatch, NamesAnUpdateThatOverflowsThoughTheLossIsFine) {
  Steps steps;
  steps.create();
  StepWatch look(steps.network, steps.options, steps.programs, {.check_finite = true});
  StepState state = steps.state(3e38);
  ASSERT_TRUE(steps.variables->set("matrix", test::random_weights({3, 64}, 50, 5)));
  double loss = steps.run(state);
  ASSERT_TRUE(std::isfinite(loss));
  auto checked = look.after(1, loss, *steps.variables, state);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().reason.find("update of "), std::string::npos) << checked.error().text();
}

TEST(StepWatch, NamesAWeightThatWasNeverFinite) {
  Steps steps;
  steps.create();
  Tensor bias = test::filled({3}, 0);
  bias.set_double(1, std::numeric_limits<double>::quiet_NaN());
  ASSERT_TRUE(steps.variables->set("bias", bias));
  StepWatch look(steps.network, steps.options, steps.programs, {.check_finite = true});
  StepState state = steps.state(0.1);
  double loss = steps.run(state);
  auto checked = look.after(1, loss, *steps.variables, state);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().reason.find("the input 'bias' has 1 NaN of 3 values"),
            std::string::npos)
      << checked.error().text();
}

}  // namespace
}  // namespace burin::train
