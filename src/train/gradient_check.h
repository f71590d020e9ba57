// Checks the gradients of a training step: what autodiff says against finite differences, both in
// double precision by the evaluator; and what the machine code gives against the evaluator.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "driver/compare.h"
#include "train/one_step.h"

namespace burin::train {

struct GradientCheckOptions {
  StepOptions step;  // labels are made up
  int samples = 8;   // elements of each parameter that are differenced
  uint64_t seed = 1;
  double tolerance = 1e-4;  // of machine code, relative to a gradient's range
  ProgramOptions programs;
  std::function<void(size_t done, size_t parameters)> progress;  // may be empty
  std::function<bool()> stop = [] { return false; };
};

// Of one parameter. A central difference with step h is off by h^2/6 times the third derivative and
// by the loss's rounding over h; where the loss has a kink (a ReLU that turns, another maximum)
// within h, it says nothing. So each element is tried with h = 1e-5, 1e-6 and 1e-7: it agrees if
// one of them agrees within 1e-5 of the gradient's largest element and the rounding; it is a kink
// if the loss bends at all of them; else the gradient is wrong.
struct GradientReport {
  std::string name;
  TensorType type;
  int checked = 0, kinks = 0, wrong = 0;
  double error = 0;  // the largest of the elements that agree, relative to the gradient's range
  driver::Difference compiled;
  // The tolerance asked for, or four times what rounding every value alone makes, if that is more:
  // a ReLU that turns by rounding moves a gradient by more than its last places.
  double compiled_tolerance = 0;

  // Elements were checked, none is wrong, and the machine code is within its tolerance.
  bool good() const {
    return checked > 0 && wrong == 0 && compiled.relative() <= compiled_tolerance;
  }
};

enum class Verdict { agrees, kink, wrong };
struct Judgement {
  Verdict verdict = Verdict::kink;
  double error = 0;  // absolute, where it agrees or is wrong
};
// `moved(step)`: how much the loss changes where an element moves by so much, with up to `noise` of
// rounding. `range`: the largest element of the gradient.
Result<Judgement> judge_gradient(const std::function<Result<double>(double step)>& moved,
                                 double gradient, double range, double noise);

// In the order of the parameters; fewer if it was stopped.
Result<std::vector<GradientReport>> check_gradients(const Trainable& trainable,
                                                    const GradientCheckOptions& options);

}  // namespace burin::train
