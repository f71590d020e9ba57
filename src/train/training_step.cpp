// One process needs no exchange: its step is one program.
#include "train/training_step.h"

#include "train/split_step.h"
#include "train/step_program.h"

namespace burin::train {

Result<MadeStep> make_training_step(const Trainable& trainable, StepOptions options,
                                    const ProgramOptions& programs, exchange::Exchange& exchange) {
  MadeStep made;
  options.slices = exchange.ranks();
  options.slice = exchange.rank();
  if (exchange.ranks() == 1) {
    BURIN_ASSIGN(StepGraph step, build_step_graph(trainable, options));
    BURIN_ASSIGN(made.step, StepProgram::create(step, trainable, programs));
    made.variables = std::move(step.variables);
  } else {
    BURIN_ASSIGN(SplitStepGraph split, build_split_step_graph(trainable, options));
    BURIN_ASSIGN(made.step, SplitStep::create(split, trainable, programs, exchange));
    made.variables = std::move(split.update.variables);
  }
  return made;
}

}  // namespace burin::train
