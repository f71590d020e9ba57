// One step by itself, outside the loop: its inputs as tensors, for the evaluator and for programs
// that look inside. In: a step graph and what it is to be fed. Look next: train/step_watch.h.
#pragma once

#include <vector>

#include "train/step_program.h"

namespace burin::train {

// Everything that a step depends on.
struct StepState {
  const Variables& variables;
  BatchView batch;
  StepScalars scalars;
  uint32_t seed = 0;
};

// A tensor for each input of the graph; they view the state, which must outlive them.
std::vector<Tensor> step_inputs(const graph::Graph& graph, const Trainable& trainable,
                                const StepState& state);

// The first step on samples that are made up: normal floats, 0 and 1 for integers, any class.
class MadeUpStep {
 public:
  // Takes options.batch and sets options.labels.
  static Result<MadeUpStep> create(const Trainable& trainable, StepOptions options, uint64_t seed);

  const graph::Graph& graph() const { return step_.graph; }
  // Those of graph(); this must outlive them.
  std::vector<Tensor> inputs() const;

 private:
  MadeUpStep(const Trainable& trainable, StepGraph step)
      : trainable_(trainable), step_(std::move(step)) {}

  const Trainable& trainable_;
  StepGraph step_;
  Variables variables_{step_.variables};
  Tensor data_, labels_;
  StepScalars scalars_;
  uint32_t seed_ = 0;
};

}  // namespace burin::train
