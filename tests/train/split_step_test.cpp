// Steps of several ranks against those of one process with the same rows, and when gradients are
// handed over.
#include "train/split_step.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/train/thread_ranks.h"
#include "tests/train/tiny_network.h"

namespace burin::train {
namespace {

constexpr int64_t kRows = 8;

// x[N, 1, 6, 6]: Flatten, Gemm to 24, Relu, Dropout, Gemm to 3. Rows do not know of each other.
Trainable rowwise_network() {
  onnx::ModelWriter w("rowwise");
  w.add_input("x", DType::f32, {{.symbol = "batch"}, {1}, {6}, {6}});
  w.add_output("y", DType::f32, {{.symbol = "batch"}, {3}});
  w.add_initializer("ratio", Tensor::scalar(DType::f32, 0.25));
  w.add_initializer("first", test::random_weights({36, 24}, 0.2, 1));
  w.add_initializer("first_bias", test::random_weights({24}, 0.2, 2));
  w.add_initializer("second", test::random_weights({24, 3}, 0.2, 3));
  w.add_initializer("second_bias", test::filled({3}, 0));
  w.node("Flatten", {"x"}, {"f"});
  w.node("Gemm", {"f", "first", "first_bias"}, {"g"});
  w.node("Relu", {"g"}, {"r"});
  w.node("Dropout", {"r", "ratio"}, {"d"});
  w.node("Gemm", {"d", "second", "second_bias"}, {"y"});
  auto bytes = std::make_shared<const std::string>(*w.bytes());
  return *make_trainable(*onnx::parse_model(std::as_bytes(std::span(*bytes)), bytes), "rowwise");
}

StepOptions options_of(int64_t rows, const char* optimiser) {
  StepOptions o;
  o.batch = rows;
  o.labels = {DType::i64, {rows}};
  o.optimiser = optimiser;
  o.optimiser_options = find_optimiser(optimiser)->defaults;
  o.clip_norm = 0.5;
  o.ema_decay = 0.5;
  return o;
}

ProgramOptions program_options() {
  ProgramOptions options;
  options.compile.target = *isa::target_from_name("native");
  options.compile.verify = true;
  return options;
}

struct Outcome {
  Variables variables;
  std::vector<double> losses;
};

// Steps on the same batch, of which this rank takes its slice.
Outcome train_steps(const Trainable& network, exchange::Exchange& ranks, const char* optimiser) {
  int64_t rows = kRows / ranks.ranks();
  auto made = make_training_step(network, options_of(rows, optimiser), program_options(), 0, ranks);
  if (!made) throw std::runtime_error(made.error().text());
  test::Samples samples = test::tiny_samples(kRows, 3);
  const auto* data = reinterpret_cast<const float*>(samples.data.data()) + ranks.rank() * rows * 36;
  const auto* labels =
      reinterpret_cast<const int64_t*>(samples.labels.data()) + ranks.rank() * rows;
  Outcome out{Variables(made->variables), {}};
  for (int64_t step = 0; step < 5; ++step) {
    StepScalars scalars = scalars_of_step(OptimiserOptions{}, 1e-2, step + 1);
    double loss = made->step->compute(out.variables, {data, labels}, scalars, 7);
    if (ranks.ranks() > 1) loss /= ranks.ranks();
    EXPECT_TRUE(ranks.add({&loss, 1}));
    EXPECT_TRUE(made->step->finish(out.variables));
    out.losses.push_back(loss);
  }
  return out;
}

std::vector<Outcome> train_on(const Trainable& network, int ranks, const char* optimiser) {
  std::vector<std::optional<Outcome>> outcomes(static_cast<size_t>(ranks));
  test::ThreadRanks(ranks).run([&](exchange::Exchange& e) {
    outcomes[static_cast<size_t>(e.rank())] = train_steps(network, e, optimiser);
  });
  std::vector<Outcome> all;
  for (auto& outcome : outcomes) all.push_back(*std::move(outcome));
  return all;
}

void expect_same_bits(const Variables& a, const Variables& b) {
  for (size_t i = 0; i < a.all().size(); ++i) {
    const Tensor &x = a.all()[i].value, &y = b.all()[i].value;
    ASSERT_EQ(x.bytes().size(), y.bytes().size());
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.bytes().size()), 0) << a.all()[i].name;
  }
}

TEST(SplitStep, RanksTogetherDoWhatOneProcessDoes) {
  Trainable network = rowwise_network();
  for (const char* optimiser : {"sgd", "adamw"}) {
    Outcome whole = train_steps(network, exchange::alone(), optimiser);
    for (int ranks : {2, 4}) {
      std::vector<Outcome> parts = train_on(network, ranks, optimiser);
      ASSERT_EQ(parts[0].variables.all().size(), whole.variables.all().size());
      for (size_t s = 0; s < whole.losses.size(); ++s) {
        EXPECT_NEAR(parts[0].losses[s], whole.losses[s], 1e-5 * whole.losses[s]) << s;
      }
      for (size_t i = 0; i < whole.variables.all().size(); ++i) {
        const Variable &want = whole.variables.all()[i], &got = parts[0].variables.all()[i];
        ASSERT_EQ(got.name, want.name);
        for (int64_t k = 0; k < want.value.elements(); ++k) {
          EXPECT_NEAR(got.value.as_double(k), want.value.as_double(k), 2e-4) << want.name;
        }
      }
      for (int r = 1; r < ranks; ++r) {
        expect_same_bits(parts[0].variables, parts[static_cast<size_t>(r)].variables);
      }
    }
  }
}

TEST(SplitStep, StatisticsAreTheMeansOfTheSlices) {
  Trainable network = test::tiny_network();
  std::vector<Outcome> ranks = train_on(network, 2, "sgd");
  expect_same_bits(ranks[0].variables, ranks[1].variables);
  Outcome whole = train_steps(network, exchange::alone(), "sgd");
  const Tensor& mean = ranks[0].variables.find("mean")->value;
  const Tensor& of_whole = whole.variables.find("mean")->value;
  for (int64_t c = 0; c < 4; ++c) {
    EXPECT_NE(mean.as_double(c), 0);
    EXPECT_NEAR(mean.as_double(c), of_whole.as_double(c), 0.02);
  }
}

TEST(SplitStep, HandsGradientsOverWhileTheProgramRuns) {
  Trainable network = test::tiny_network();
  StepOptions options = options_of(kRows, "sgd");
  options.slices = 2;
  auto split = build_split_step_graph(network, options);
  ASSERT_TRUE(split) << split.error().text();
  EXPECT_EQ(split->summed, (std::vector<std::string>{"kernel", "gain", "shift", "matrix", "bias",
                                                     "mean", "variance"}));
  auto program = FedProgram::create(split->gradients, program_options());
  ASSERT_TRUE(program) << program.error().text();
  BucketPlan plan = plan_buckets(program->program(), 2, 1);
  ASSERT_GT(plan.buckets.size(), 2u);
  EXPECT_LT(plan.buckets.front().after + 1, program->program().steps.size());
  std::vector<float> block(static_cast<size_t>(plan.floats), -77.0f), seen = block;
  for (size_t i = 0; i < plan.offsets.size(); ++i) {
    program->receive(i + 2, block.data() + plan.offsets[i]);
  }
  float loss = 0;
  Tensor scores(program->program().outputs[1].type);
  program->receive(0, &loss), program->receive(1, scores.mutable_data());
  test::Samples samples = test::tiny_samples(kRows, 3);
  uint32_t seed = 1;
  program->feed(program->input("x"), samples.data.data());
  program->feed(program->input(kLabelsInput), samples.labels.data());
  program->feed(program->input(kSeedInput), &seed);
  for (const auto* group : {&network.parameters, &network.statistics}) {
    for (const NamedTensor& w : *group) program->feed(program->input(w.name), w.value.data());
  }
  size_t next = 0;
  program->run([&](size_t step) {
    for (; next < plan.buckets.size() && plan.buckets[next].after <= step; ++next) {
      const Bucket& b = plan.buckets[next];
      std::copy(block.begin() + b.begin, block.begin() + b.end, seen.begin() + b.begin);
    }
  });
  EXPECT_EQ(next, plan.buckets.size());
  EXPECT_EQ(seen, block);
  for (size_t i = 0; i < plan.offsets.size(); ++i) {
    EXPECT_NE(block[static_cast<size_t>(plan.offsets[i])], -77.0f) << split->summed[i];
  }
}

// A job of two ranks that is over from a certain question on.
class EndedJob : public exchange::Exchange {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 2; }
  void start(std::span<const float>, std::span<float>) override { ++started; }
  Result<void> wait() override { return fail("", "over"); }
  bool is_over() override { return asked++ >= 3; }
  Result<void> add(std::span<double>) override { return wait(); }
  Result<void> finish() override { return wait(); }
  int started = 0, asked = 0;
};

TEST(SplitStep, IsDroppedWhenTheJobIsOver) {
  EndedJob job;
  Trainable network = rowwise_network();
  auto made = make_training_step(network, options_of(kRows, "sgd"), program_options(), 0, job);
  ASSERT_TRUE(made) << made.error().text();
  Variables variables(made->variables), before(made->variables);
  test::Samples samples = test::tiny_samples(kRows, 3);
  made->step->compute(variables, {samples.data.data(), samples.labels.data()}, {}, 7);
  EXPECT_EQ(job.asked, 4);  // after each kernel, and after the fourth no more
  EXPECT_EQ(job.started, 0);
  EXPECT_FALSE(made->step->finish(variables));
  expect_same_bits(variables, before);
}

TEST(SplitStep, BucketsAreAsLargeAsWanted) {
  runtime::Program program;
  program.steps.resize(4);
  for (int64_t n : {1, 100, 16, 30, 5}) program.outputs.push_back({"", {DType::f32, {n}}});
  auto writes = [&](size_t step, uint32_t output) {
    program.steps[step].buffers.push_back({runtime::Place::Kind::output, output, 0});
  };
  writes(0, 3), writes(1, 2), writes(2, 2), writes(2, 1), writes(3, 0);  // 4 comes from no step
  BucketPlan plan = plan_buckets(program, 1, 32);
  EXPECT_EQ(plan.offsets, (std::vector<int64_t>{32, 144, 0, 160}));
  ASSERT_EQ(plan.buckets.size(), 3u);
  std::vector<std::vector<int64_t>> got;
  for (const Bucket& b : plan.buckets) {
    got.push_back({static_cast<int64_t>(b.after), b.begin, b.end});
  }
  EXPECT_EQ(got, (std::vector<std::vector<int64_t>>{{0, 0, 32}, {2, 32, 144}, {4, 144, 176}}));
  EXPECT_EQ(plan.floats, 176);
}

}  // namespace
}  // namespace burin::train
