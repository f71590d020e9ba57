// What a trainer asks of a step, whether one process takes it or the ranks of a job take it
// together. In: a batch and the variables. Out: the variables' next values. Look next:
// train/step_program.h (one program), train/split_step.h (the ranks add their gradients).
#pragma once

#include <memory>
#include <vector>

#include "exchange/exchange.h"
#include "train/step_graph.h"
#include "train/variables.h"

namespace burin::train {

class FedProgram;
struct ProgramOptions;

// Data and labels of one batch, of the program's types.
struct BatchView {
  const void* data = nullptr;
  const void* labels = nullptr;
};

class TrainingStep {
 public:
  virtual ~TrainingStep() = default;

  // Works on a batch and leaves the variables' current values as they are. `seed` is for layers
  // that are random. Returns the mean loss of the batch.
  virtual double compute(Variables& variables, const BatchView& batch, const StepScalars& scalars,
                         uint32_t seed) = 0;
  virtual const Tensor& scores() const = 0;  // of the last batch
  // The program that computes gradients, and whatever else with them.
  virtual const FedProgram& gradients() const = 0;
  // The next values become current. On an error, which a lost rank is, none of them has.
  virtual Result<void> finish(Variables& variables) = 0;
};

struct MadeStep {
  std::unique_ptr<TrainingStep> step;
  std::vector<VariableSpec> variables;
};

// Of this rank's slice if there are several ranks. A limit on memory is one for the step, the
// variables and `taken` bytes beside them. The exchange must outlive the step.
Result<MadeStep> make_training_step(const Trainable& trainable, StepOptions options,
                                    const ProgramOptions& programs, int64_t taken,
                                    exchange::Exchange& exchange);

}  // namespace burin::train
