// A step again, with other outputs or kernel by kernel.
#include "train/step_watch.h"

#include <algorithm>
#include <cmath>

#include "driver/find_nonfinite.h"
#include "driver/run_program.h"
#include "tensor/npy.h"

namespace burin::train {

StepWatch::StepWatch(const Trainable& trainable, const StepOptions& step,
                     const ProgramOptions& programs, WatchOptions options)
    : trainable_(trainable), step_(step), programs_(programs), options_(std::move(options)) {
  for (const Dump& dump : options_.dumps) step_.watched.push_back(dump.value);
}

Result<void> StepWatch::check_names() const {
  if (options_.dumps.empty()) return {};
  BURIN_TRY(build_step_graph(trainable_, step_));
  return {};
}

Result<void> StepWatch::before(int64_t number, const StepState& state) const {
  if (options_.dumps.empty() || number != options_.dump_step) return {};
  BURIN_ASSIGN(StepGraph step, build_step_graph(trainable_, step_));
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(step.graph, programs_.compile));
  std::vector<Tensor> inputs = step_inputs(step.graph, trainable_, state);
  BURIN_ASSIGN(auto outputs, driver::run_program(compiled, inputs, programs_.threads));
  size_t first = outputs.size() - options_.dumps.size();
  for (size_t i = 0; i < options_.dumps.size(); ++i) {
    BURIN_TRY(write_npy(options_.dumps[i].path, outputs[first + i]));
  }
  return {};
}

bool StepWatch::is_finite(double loss, const Variables& variables) const {
  return std::isfinite(loss) && std::ranges::all_of(variables.all(), [](const Variable& v) {
           return driver::all_finite(v.value);
         });
}

Result<void> StepWatch::after(int64_t number, double loss, Variables& variables,
                              const StepState& state) const {
  if (!options_.check_finite || is_finite(loss, variables)) return {};
  variables.retreat();
  BURIN_ASSIGN(StepGraph step, build_step_graph(trainable_, step_));
  driver::CompileOptions compile = programs_.compile;
  compile.keep = true;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(step.graph, compile));
  StepState same{variables, state.batch, state.scalars, state.seed};
  std::vector<Tensor> inputs = step_inputs(step.graph, trainable_, same);
  BURIN_ASSIGN(auto found, driver::find_nonfinite(compiled, inputs, programs_.threads));
  std::string where = "step " + std::to_string(number);
  if (!found)
    return fail(where, "the loss or a weight is not finite, but no single value is first");
  return fail(where, found->text(),
              found->op == "parameter" ? "" : "try a lower --lr, --clip-norm 1 or a --warmup");
}

}  // namespace burin::train
