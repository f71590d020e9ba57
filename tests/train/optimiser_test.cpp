// Optimisers over several steps against scalar code in double precision that follows PyTorch's
// single-tensor functions, on the oracle.
#include "train/optimiser.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph/eval.h"

namespace burin::train {
namespace {

constexpr int kSteps = 6;

double gradient_at(int step, double p) { return 0.3 * p + 0.5 * std::sin(step + 1.0); }

struct Plain {
  double p = 0.8, a = 0, b = 0;  // parameter and what is kept
};

using PlainStep = void (*)(Plain& s, double g, int t, const OptimiserOptions& o);

void plain_sgd(Plain& s, double g, int t, const OptimiserOptions& o) {
  g += o.weight_decay * s.p;
  if (o.momentum != 0) {
    s.a = t == 1 ? g : o.momentum * s.a + g;
    g = o.nesterov ? g + o.momentum * s.a : s.a;
  }
  s.p -= o.learning_rate * g;
}

void plain_adam(Plain& s, double g, int t, const OptimiserOptions& o) {
  g += o.weight_decay * s.p;
  s.a = o.beta1 * s.a + (1 - o.beta1) * g;
  s.b = o.beta2 * s.b + (1 - o.beta2) * g * g;
  double step_size = o.learning_rate / (1 - std::pow(o.beta1, t));
  double denominator = std::sqrt(s.b) / std::sqrt(1 - std::pow(o.beta2, t)) + o.epsilon;
  s.p -= step_size * s.a / denominator;
}

void plain_adamw(Plain& s, double g, int t, const OptimiserOptions& o) {
  s.p *= 1 - o.learning_rate * o.weight_decay;
  OptimiserOptions plain = o;
  plain.weight_decay = 0;
  plain_adam(s, g, t, plain);
}

void plain_rmsprop(Plain& s, double g, int, const OptimiserOptions& o) {
  g += o.weight_decay * s.p;
  s.a = o.alpha * s.a + (1 - o.alpha) * g * g;
  double d = g / (std::sqrt(s.a) + o.epsilon);
  if (o.momentum != 0) d = s.b = o.momentum * s.b + d;
  s.p -= o.learning_rate * d;
}

void plain_adagrad(Plain& s, double g, int, const OptimiserOptions& o) {
  g += o.weight_decay * s.p;
  s.a += g * g;
  s.p -= o.learning_rate * g / (std::sqrt(s.a) + o.epsilon);
}

void plain_lion(Plain& s, double g, int, const OptimiserOptions& o) {
  s.p *= 1 - o.learning_rate * o.weight_decay;
  double c = o.beta1 * s.a + (1 - o.beta1) * g;
  s.p -= o.learning_rate * ((c > 0) - (c < 0));
  s.a = o.beta2 * s.a + (1 - o.beta2) * g;
}

// One step as a graph: p, g, rate, size, root, states -> p, states.
graph::Graph step_graph(const Optimiser& optimiser, const OptimiserOptions& options) {
  graph::Graph graph;
  graph::Builder b(graph);
  auto input = [&](const char* name, Shape shape) {
    return Value(b, b.input(name, {DType::f64, std::move(shape)}));
  };
  Value p = input("p", {1}), g = input("g", {1}), rate = input("rate", {}),
        size = input("size", {}), root = input("root", {});
  std::vector<Value> state;
  for (std::string_view slot : optimiser.slots(options)) {
    state.push_back(input(std::string(slot).c_str(), {1}));
  }
  Updated now = optimiser.update({p, g, state, rate, size, root, options});
  b.output("p", now.parameter);
  for (const Value& v : now.state) b.output("state", v);
  return graph;
}

void expect_follows(const char* name, PlainStep plain, const OptimiserOptions& options) {
  const Optimiser& optimiser = *find_optimiser(name);
  graph::Graph graph = step_graph(optimiser, options);
  auto vector = [](double v) { return Tensor::from_doubles({DType::f64, {1}}, std::vector{v}); };
  Plain s;
  std::vector<Tensor> kept = {vector(s.p)};
  for (size_t i = 0; i < optimiser.slots(options).size(); ++i) kept.push_back(vector(0));
  for (int t = 1; t <= kSteps; ++t) {
    double g = gradient_at(t, s.p);
    StepScalars scalars = scalars_of_step(options, options.learning_rate, t);
    std::vector<Tensor> inputs = {kept[0], vector(g)};
    for (double v : {scalars.learning_rate, scalars.step_size, scalars.root}) {
      inputs.push_back(Tensor::scalar(DType::f64, v));
    }
    inputs.insert(inputs.end(), kept.begin() + 1, kept.end());
    kept = *graph::eval(graph, inputs);
    plain(s, g, t, options);
    EXPECT_NEAR(kept[0].as_double(0), s.p, 1e-12) << name << " step " << t;
  }
}

TEST(Optimiser, FollowsPyTorch) {
  const std::pair<const char*, PlainStep> kCases[] = {
      {"sgd", plain_sgd},         {"adam", plain_adam},       {"adamw", plain_adamw},
      {"rmsprop", plain_rmsprop}, {"adagrad", plain_adagrad}, {"lion", plain_lion}};
  ASSERT_EQ(std::size(kCases), all_optimisers().size());
  for (const auto& [name, plain] : kCases) {
    OptimiserOptions options = find_optimiser(name)->defaults;
    expect_follows(name, plain, options);
    options.weight_decay = 0.05;
    expect_follows(name, plain, options);
    options.momentum = 0.9;
    expect_follows(name, plain, options);
    options.nesterov = true;
    expect_follows(name, plain, options);
  }
}

TEST(Optimiser, ClippingByNormAndByValue) {
  graph::Graph graph;
  graph::Builder b(graph);
  TensorType type{DType::f64, {2}};
  std::vector<Value> g = {{b, b.input("a", type)}, {b, b.input("b", type)}};
  for (const Value& v : clip_by_norm(g, 1)) b.output("norm", v);
  for (const Value& v : clip_by_norm(g, 100)) b.output("wide", v);
  for (const Value& v : clip_by_value(g, 3)) b.output("value", v);
  std::vector<Tensor> in = {Tensor::from_doubles(type, std::vector{1.0, -2.0}),
                            Tensor::from_doubles(type, std::vector{2.0, 4.0})};
  auto out = *graph::eval(graph, in);
  EXPECT_NEAR(out[0].as_double(1), -2.0 / 5, 1e-6);  // the norm is 5
  EXPECT_NEAR(out[1].as_double(1), 4.0 / 5, 1e-6);
  EXPECT_EQ(out[3].as_double(1), 4);
  EXPECT_EQ(out[5].as_double(0), 2);
  EXPECT_EQ(out[5].as_double(1), 3);
}

}  // namespace
}  // namespace burin::train
