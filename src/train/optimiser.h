// Optimisers as graph nodes: one row an optimiser. In: a parameter, its gradient and what the
// optimiser keeps for it. Out: their new values. Formulas and defaults are PyTorch 1.13's
// (torch/optim); Lion is Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/value.h"

namespace burin::train {

using ops::Value;

struct OptimiserOptions {
  double learning_rate = 1e-3;
  double momentum = 0;      // sgd, rmsprop
  bool nesterov = false;    // sgd
  double beta1 = 0.9;       // adam, adamw, lion
  double beta2 = 0.999;     // adam, adamw, lion
  double alpha = 0.99;      // rmsprop
  double epsilon = 1e-8;    // adam, adamw, rmsprop, adagrad
  double weight_decay = 0;  // sgd, adam, rmsprop, adagrad add it to the gradient
};

// What changes from step to step, computed in double precision outside the graph.
struct StepScalars {
  double learning_rate = 0;
  double step_size = 0;  // learning_rate / (1 - beta1^t)
  double root = 1;       // sqrt(1 - beta2^t)
};

struct UpdateArgs {
  Value parameter, gradient;
  std::vector<Value> state;  // in the order of slots()
  Value learning_rate, step_size, root;
  const OptimiserOptions& options;
};

struct Updated {
  Value parameter;
  std::vector<Value> state;
};

struct Optimiser {
  std::string_view name;
  std::string_view formula;
  OptimiserOptions defaults;
  // What is kept for each parameter, of its type and zero at first.
  std::vector<std::string_view> (*slots)(const OptimiserOptions& options);
  Updated (*update)(const UpdateArgs& args);
};

std::span<const Optimiser> all_optimisers();
// Null if there is none of this name.
const Optimiser* find_optimiser(std::string_view name);

// step counts from 1.
StepScalars scalars_of_step(const OptimiserOptions& options, double learning_rate, int64_t step);

// g min(1, max_norm / (norm + 1e-6)), norm that of all gradients together (clip_grad_norm_).
std::vector<Value> clip_by_norm(std::vector<Value> gradients, double max_norm);
// Each element brought into [-limit, limit].
std::vector<Value> clip_by_value(std::vector<Value> gradients, double limit);

}  // namespace burin::train
