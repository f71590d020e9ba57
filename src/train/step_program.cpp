// Programs and the pointers that they are fed with.
#include "train/step_program.h"

#include "base/check.h"

namespace burin::train {

Result<FedProgram> FedProgram::create(const graph::Graph& graph, const ProgramOptions& options) {
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, options.compile));
  auto program = std::make_shared<const runtime::Program>(std::move(compiled.program));
  FedProgram fed;
  fed.recomputation_ = compiled.recomputation;
  fed.inputs_.resize(program->inputs.size());
  fed.outputs_.resize(program->outputs.size());
  BURIN_ASSIGN(fed.session_, runtime::Session::create(program, options.threads));
  return fed;
}

size_t FedProgram::input(std::string_view name) const {
  const auto& ports = program().inputs;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == name) return i;
  }
  return absent;
}

Result<std::unique_ptr<StepProgram>> StepProgram::create(const StepGraph& step,
                                                         const Trainable& trainable,
                                                         const ProgramOptions& options) {
  ProgramOptions with_loss = options;
  with_loss.compile.recompute_after = 0;
  BURIN_ASSIGN(FedProgram fed, FedProgram::create(step.graph, with_loss));
  std::unique_ptr<StepProgram> p(new StepProgram(std::move(fed)));
  FedProgram& f = p->fed_;
  p->data_ = f.input(trainable.input);
  p->labels_ = f.input(kLabelsInput);
  f.feed(f.input(kLearningRateInput), &p->learning_rate_);
  f.feed(f.input(kStepSizeInput), &p->step_size_);
  f.feed(f.input(kRootInput), &p->root_);
  f.feed(f.input(kSeedInput), &p->seed_);
  for (const VariableSpec& spec : step.variables) p->variables_.push_back(f.input(spec.name));
  p->scores_ = Tensor(f.program().outputs[1].type);
  f.receive(0, &p->loss_);
  f.receive(1, p->scores_.mutable_data());
  return p;
}

double StepProgram::compute(Variables& variables, const BatchView& batch,
                            const StepScalars& scalars, uint32_t seed) {
  BURIN_CHECK(variables.all().size() == variables_.size(), "variables of another step");
  learning_rate_ = static_cast<float>(scalars.learning_rate);
  step_size_ = static_cast<float>(scalars.step_size);
  root_ = static_cast<float>(scalars.root);
  seed_ = seed;
  fed_.feed(data_, batch.data);
  fed_.feed(labels_, batch.labels);
  for (size_t i = 0; i < variables_.size(); ++i) {
    fed_.feed(variables_[i], variables.all()[i].value.data());
    fed_.receive(i + 2, variables.next(i));
  }
  fed_.run();
  return loss_;
}

Result<void> StepProgram::finish(Variables& variables) {
  variables.advance();
  return {};
}

Result<std::unique_ptr<EvaluationProgram>> EvaluationProgram::create(
    const StepGraph& evaluation, const Trainable& trainable, const ProgramOptions& options) {
  BURIN_ASSIGN(FedProgram fed, FedProgram::create(evaluation.graph, options));
  std::unique_ptr<EvaluationProgram> p(new EvaluationProgram(std::move(fed)));
  FedProgram& f = p->fed_;
  p->data_ = f.input(trainable.input);
  p->labels_ = f.input(kLabelsInput);
  for (const VariableSpec& spec : evaluation.variables) {
    p->variables_.emplace_back(spec.name, f.input(spec.name));
  }
  p->losses_ = Tensor(f.program().outputs[0].type);
  p->scores_ = Tensor(f.program().outputs[1].type);
  f.receive(0, p->losses_.mutable_data());
  f.receive(1, p->scores_.mutable_data());
  return p;
}

void EvaluationProgram::run(const Variables& variables, const BatchView& batch, bool averages) {
  fed_.feed(data_, batch.data);
  fed_.feed(labels_, batch.labels);
  for (const auto& [name, input] : variables_) {
    const Variable* variable = averages ? variables.find("ema:" + name) : nullptr;
    if (!variable) variable = variables.find(name);
    BURIN_CHECK(variable, "a variable of another step");
    fed_.feed(input, variable->value.data());
  }
  fed_.run();
}

}  // namespace burin::train
