// The rows. In the formulas p is the parameter, g the gradient, lr the learning rate, wd the weight
// decay, t the step counted from 1.
#include "train/optimiser.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace burin::train {

namespace {

using Slots = std::vector<std::string_view>;

// g + wd p
Value with_decay(const UpdateArgs& a) {
  if (a.options.weight_decay == 0) return a.gradient;
  return a.gradient + a.parameter * a.options.weight_decay;
}

// p (1 - lr wd)
Value decayed(const UpdateArgs& a) {
  if (a.options.weight_decay == 0) return a.parameter;
  return a.parameter * (1.0 - a.learning_rate * a.options.weight_decay);
}

// keep old + (1 - keep) now
Value blend(double keep, Value old, Value now) { return old * keep + now * (1 - keep); }

Slots sgd_slots(const OptimiserOptions& o) {
  return o.momentum == 0 ? Slots{} : Slots{"momentum_buffer"};
}

// g' = g + wd p;  b = momentum b + g' (b = g' at first);  p -= lr b, or lr (g' + momentum b)
Updated sgd(const UpdateArgs& a) {
  Value g = with_decay(a);
  if (a.options.momentum == 0) return {a.parameter - a.learning_rate * g, {}};
  Value buffer = a.state[0] * a.options.momentum + g;
  Value direction = a.options.nesterov ? g + buffer * a.options.momentum : buffer;
  return {a.parameter - a.learning_rate * direction, {buffer}};
}

Slots adam_slots(const OptimiserOptions&) { return {"exp_avg", "exp_avg_sq"}; }

// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
// p -= lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
Updated adam_step(const UpdateArgs& a, Value parameter, Value g) {
  Value m = blend(a.options.beta1, a.state[0], g);
  Value v = blend(a.options.beta2, a.state[1], g * g);
  Value denominator = sqrt(v) / a.root + a.options.epsilon;
  return {parameter - a.step_size * (m / denominator), {m, v}};
}

Updated adam(const UpdateArgs& a) { return adam_step(a, a.parameter, with_decay(a)); }
Updated adamw(const UpdateArgs& a) { return adam_step(a, decayed(a), a.gradient); }

Slots rmsprop_slots(const OptimiserOptions& o) {
  return o.momentum == 0 ? Slots{"square_avg"} : Slots{"square_avg", "momentum_buffer"};
}

// s = alpha s + (1 - alpha) g'^2;  d = g' / (sqrt(s) + eps);  p -= lr d, or lr b with
// b = momentum b + d
Updated rmsprop(const UpdateArgs& a) {
  Value g = with_decay(a);
  Value square = blend(a.options.alpha, a.state[0], g * g);
  Value direction = g / (sqrt(square) + a.options.epsilon);
  if (a.options.momentum == 0) return {a.parameter - a.learning_rate * direction, {square}};
  Value buffer = a.state[1] * a.options.momentum + direction;
  return {a.parameter - a.learning_rate * buffer, {square, buffer}};
}

Slots adagrad_slots(const OptimiserOptions&) { return {"sum"}; }

// s += g'^2;  p -= lr g' / (sqrt(s) + eps)
Updated adagrad(const UpdateArgs& a) {
  Value g = with_decay(a);
  Value sum = a.state[0] + g * g;
  return {a.parameter - a.learning_rate * (g / (sqrt(sum) + a.options.epsilon)), {sum}};
}

Slots lion_slots(const OptimiserOptions&) { return {"exp_avg"}; }

// p = p (1 - lr wd) - lr sign(b1 m + (1 - b1) g);  m = b2 m + (1 - b2) g
Updated lion(const UpdateArgs& a) {
  Value direction = sign(blend(a.options.beta1, a.state[0], a.gradient));
  Value m = blend(a.options.beta2, a.state[0], a.gradient);
  return {decayed(a) - a.learning_rate * direction, {m}};
}

constexpr Optimiser kOptimisers[] = {
    {"sgd", "b = momentum b + g;  p -= lr b", {.learning_rate = 0.01}, sgd_slots, sgd},
    {"adam",
     "p -= lr m / (sqrt(v) + eps), m and v unbiased averages of g and g^2",
     {.learning_rate = 1e-3},
     adam_slots,
     adam},
    {"adamw",
     "adam with p = p (1 - lr wd) before",
     {.learning_rate = 1e-3, .weight_decay = 0.01},
     adam_slots,
     adamw},
    {"rmsprop",
     "p -= lr g / (sqrt(s) + eps), s the average of g^2",
     {.learning_rate = 0.01},
     rmsprop_slots,
     rmsprop},
    {"adagrad",
     "p -= lr g / (sqrt(s) + eps), s the sum of g^2",
     {.learning_rate = 0.01, .epsilon = 1e-10},
     adagrad_slots,
     adagrad},
    {"lion",
     "p -= lr sign(average of g)",
     {.learning_rate = 1e-4, .beta2 = 0.99},
     lion_slots,
     lion},
};

}  // namespace

std::span<const Optimiser> all_optimisers() { return kOptimisers; }

const Optimiser* find_optimiser(std::string_view name) {
  auto found = std::ranges::find(kOptimisers, name, &Optimiser::name);
  return found == std::end(kOptimisers) ? nullptr : found;
}

StepScalars scalars_of_step(const OptimiserOptions& options, double learning_rate, int64_t step) {
  auto t = static_cast<double>(step);
  return {learning_rate, learning_rate / (1 - std::pow(options.beta1, t)),
          std::sqrt(1 - std::pow(options.beta2, t))};
}

std::vector<Value> clip_by_norm(std::vector<Value> gradients, double max_norm) {
  std::optional<Value> squares;
  for (const Value& g : gradients) {
    Dims axes(g.rank());
    std::iota(axes.begin(), axes.end(), 0);
    Value sum = (g * g).reduce(graph::ReduceKind::sum, axes);
    squares = squares ? *squares + sum : sum;
  }
  if (!squares) return gradients;
  Value scale = min(max_norm / (sqrt(*squares) + 1e-6), 1.0);
  for (Value& g : gradients) g = g * scale;
  return gradients;
}

std::vector<Value> clip_by_value(std::vector<Value> gradients, double limit) {
  for (Value& g : gradients) g = clip(g, -limit, limit);
  return gradients;
}

}  // namespace burin::train
