// One process needs no exchange: its step is one program.
#include "train/training_step.h"

#include <fmt/format.h>

#include "train/split_step.h"
#include "train/step_program.h"

namespace burin::train {

namespace {

// What the limit on memory leaves for programs beside the variables, current values and next ones.
Result<ProgramOptions> left_for_programs(ProgramOptions options,
                                         const std::vector<VariableSpec>& variables,
                                         int64_t taken) {
  int64_t& limit = options.compile.max_memory;
  if (limit == 0) return options;
  for (const VariableSpec& v : variables) taken += 2 * v.initial.type().bytes();
  if (taken >= limit) {
    return fail("memory",
                fmt::format("the variables and the evaluation take {} bytes, the limit is {}",
                            taken, limit),
                "raise --max-memory or use a smaller batch");
  }
  limit -= taken;
  return options;
}

}  // namespace

Result<MadeStep> make_training_step(const Trainable& trainable, StepOptions options,
                                    const ProgramOptions& programs, int64_t taken,
                                    exchange::Exchange& exchange) {
  MadeStep made;
  options.slices = exchange.ranks();
  options.slice = exchange.rank();
  if (exchange.ranks() == 1) {
    BURIN_ASSIGN(StepGraph step, build_step_graph(trainable, options));
    BURIN_ASSIGN(ProgramOptions left, left_for_programs(programs, step.variables, taken));
    BURIN_ASSIGN(made.step, StepProgram::create(step, trainable, left));
    made.variables = std::move(step.variables);
  } else {
    BURIN_ASSIGN(SplitStepGraph split, build_split_step_graph(trainable, options));
    BURIN_ASSIGN(ProgramOptions left, left_for_programs(programs, split.update.variables, taken));
    BURIN_ASSIGN(made.step, SplitStep::create(split, trainable, left, exchange));
    made.variables = std::move(split.update.variables);
  }
  return made;
}

}  // namespace burin::train
