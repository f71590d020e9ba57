// Runs training steps and evaluations as machine code: a step is one program from a batch and the
// variables to the variables' next values.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "driver/compile.h"
#include "runtime/session.h"
#include "train/training_step.h"

namespace burin::train {

struct ProgramOptions {
  driver::CompileOptions compile;
  int threads = 1;
};

// A compiled graph whose inputs are fed by name.
class FedProgram {
 public:
  static Result<FedProgram> create(const graph::Graph& graph, const ProgramOptions& options);

  // The place of an input, for feed(); `absent` where the program has no such input.
  size_t input(std::string_view name) const;
  void feed(size_t input, const void* data) {
    if (input != absent) inputs_[input] = data;
  }
  void receive(size_t output, void* data) { outputs_[output] = data; }
  void run() { session_->run(inputs_, outputs_); }
  // The same, calling after(step) when each step is done.
  void run(const std::function<void(size_t step)>& after) {
    session_->run_stepwise(inputs_, outputs_, after);
  }
  const runtime::Program& program() const { return session_->program(); }
  const driver::Recomputation& recomputation() const { return recomputation_; }

  static constexpr size_t absent = static_cast<size_t>(-1);

 private:
  std::unique_ptr<runtime::Session> session_;
  driver::Recomputation recomputation_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

class StepProgram : public TrainingStep {
 public:
  // Where the options limit memory, activations are computed again in the backward pass as far as
  // that takes.
  static Result<std::unique_ptr<StepProgram>> create(const StepGraph& step,
                                                     const Trainable& trainable,
                                                     const ProgramOptions& options);

  // `variables` are those of the step graph.
  double compute(Variables& variables, const BatchView& batch, const StepScalars& scalars,
                 uint32_t seed) override;
  const Tensor& scores() const override { return scores_; }
  const FedProgram& gradients() const override { return fed_; }
  Result<void> finish(Variables& variables) override;

 private:
  explicit StepProgram(FedProgram fed) : fed_(std::move(fed)) {}

  FedProgram fed_;
  size_t data_ = 0, labels_ = 0;
  std::vector<size_t> variables_;  // the input of each
  float learning_rate_ = 0, step_size_ = 0, root_ = 0, loss_ = 0;
  uint32_t seed_ = 0;
  Tensor scores_;
};

class EvaluationProgram {
 public:
  static Result<std::unique_ptr<EvaluationProgram>> create(const StepGraph& evaluation,
                                                           const Trainable& trainable,
                                                           const ProgramOptions& options);

  // Reads parameters and statistics; the parameters' averages in their place if there are any and
  // `averages`.
  void run(const Variables& variables, const BatchView& batch, bool averages = false);
  const runtime::Program& program() const { return fed_.program(); }
  const Tensor& losses() const { return losses_; }  // f32[N], of the last run
  const Tensor& scores() const { return scores_; }

 private:
  explicit EvaluationProgram(FedProgram fed) : fed_(std::move(fed)) {}

  FedProgram fed_;
  size_t data_ = 0, labels_ = 0;
  std::vector<std::pair<std::string, size_t>> variables_;  // their names and inputs
  Tensor losses_, scores_;
};

}  // namespace burin::train
