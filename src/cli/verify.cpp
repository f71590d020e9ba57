// burin verify: machine code against the double-precision evaluator, kernel by kernel, and against
// stored outputs.
#include <fmt/core.h>

#include <limits>

#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/outputs.h"
#include "cli/test_data.h"
#include "driver/trace.h"
#include "graph/eval.h"
#include "runtime/session.h"
#include "train/classifier_notes.h"
#include "train/one_step.h"

namespace burin::cli {

namespace {

struct VerifyOptions {
  Common common;
  InputOptions inputs;
  std::string model, test_data;
  double tolerance = 1e-4;
  bool all = false;
  bool outputs_only = false;
  bool train = false;
  int64_t batch = 2;
  std::string optimiser = "sgd", loss;
};

constexpr double kNoTolerance = std::numeric_limits<double>::infinity();  // shown, not judged

struct Check {
  std::string what;  // "output y", "conv1 convolution"
  std::string type, algorithm;
  driver::Difference difference;
  double tolerance = 0;

  bool good() const { return difference.relative() <= tolerance; }
};

// Outputs computed with --exact are held to a fifth of the tolerance; where the network makes more
// than half of that from rounding alone, to twice what it makes, up to the whole tolerance.
constexpr double kExactShare = 0.2;

double exact_tolerance(double tolerance, const driver::Difference& rounding) {
  return std::clamp(2 * rounding.relative(), kExactShare * tolerance, tolerance);
}

// Stored outputs come from another engine with an error of its own: they are judged by the oracle
// too, and against ours may differ by both tolerances. `rounding` is the oracle with every value
// rounded against the oracle: no verdict, but what single precision can be held to.
struct Report {
  std::vector<Check> kernels, rounding, outputs, exact, stored_oracle, stored;
  double tolerance = 0;

  bool good() const {
    for (const auto* list : {&kernels, &outputs, &exact, &stored_oracle, &stored}) {
      for (const Check& c : *list) {
        if (!c.good()) return false;
      }
    }
    return true;
  }
};

// Values stored with fewer bits are held to eight of their last places: f16 has 2^-10, bf16 2^-7.
double tolerance_for(DType dtype, double tolerance) {
  double last_place = dtype == DType::f16 ? 0x1p-10 : dtype == DType::bf16 ? 0x1p-7 : 0;
  return std::max(tolerance, 8 * last_place);
}

std::vector<Tensor> values_in_order(const graph::Graph& graph,
                                    const std::vector<driver::InputSpec>& specs) {
  std::vector<Tensor> values;
  for (const graph::Port& port : graph.inputs) {
    for (const driver::InputSpec& spec : specs) {
      if (spec.name == port.name) values.push_back(spec.value);
    }
  }
  return values;
}

// One set of inputs, the outputs that the oracle makes of it, and what rounding does to them.
struct Question {
  const std::vector<driver::InputSpec>& specs;
  std::string prefix;  // of what the report calls its values
  std::vector<Tensor> values, wanted = {};
  std::vector<driver::Difference> rounding = {};

  Result<void> ask(const graph::Graph& graph) {
    BURIN_ASSIGN(wanted, graph::eval(graph, values));
    BURIN_ASSIGN(auto rounded, graph::eval(graph, values, {.round_values = true}));
    for (size_t i = 0; i < wanted.size(); ++i) {
      rounding.push_back(driver::compare(rounded[i], wanted[i]));
    }
    return {};
  }

  // Output i as somebody computed it.
  Check check(size_t i, const std::string& name, const Tensor& got, double tolerance,
              bool exact) const {
    if (exact) tolerance = exact_tolerance(tolerance, rounding[i]);
    return {prefix + name, got.type().text(), "", driver::compare(got, wanted[i]),
            tolerance_for(got.dtype(), tolerance)};
  }
};

// The outputs with --exact against the oracle's.
Result<void> check_exact(const graph::Graph& graph, driver::CompileOptions compile,
                         const VerifyOptions& options, const Question& question, Report& report) {
  compile.exact = true;
  compile.keep = false;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, compile));
  driver::Engraved engraved;
  engraved.program = std::make_shared<runtime::Program>(std::move(compiled.program));
  BURIN_ASSIGN(NamedTensors outputs,
               run_once(engraved, question.specs, options.common.thread_count(), compile.target));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [name, got] = outputs[i];
    report.exact.push_back(question.check(i, name, got, options.tolerance, true));
  }
  return {};
}

Result<void> check_kernels(const driver::Compiled& compiled, const VerifyOptions& options,
                           const Question& question, Report& report) {
  BURIN_ASSIGN(auto traced,
               driver::trace(compiled, question.values, options.common.thread_count()));
  for (driver::TracedValue& v : traced) {
    report.kernels.push_back({question.prefix + v.layer + " " + v.op, v.type.text(), v.algorithm,
                              v.difference, tolerance_for(v.type.dtype, options.tolerance)});
  }
  return {};
}

// Outputs, and stored ones if any, against the oracle's and each other.
Result<void> check_outputs(const NamedTensors& outputs, const std::vector<Tensor>* stored,
                           const VerifyOptions& options, const Question& question, Report& report) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [name, got] = outputs[i];
    Check check = question.check(i, name, got, options.tolerance, options.common.exact);
    report.outputs.push_back(check);
    report.rounding.push_back({check.what, check.type, "", question.rounding[i], kNoTolerance});
    if (!stored || i >= stored->size()) continue;
    const Tensor& kept = (*stored)[i];
    if (kept.elements() != got.elements()) {
      return fail(name, "is " + check.type + ", the stored output is " + kept.type().text());
    }
    report.stored_oracle.push_back(
        {check.what, check.type, "", driver::compare(kept, question.wanted[i]), check.tolerance});
    report.stored.push_back(
        {check.what, check.type, "", driver::compare(got, kept), 2 * check.tolerance});
  }
  return {};
}

// One set of inputs: every kernel and output against the oracle, outputs against `stored` if any.
Result<void> check_inputs(const graph::Graph& graph, const VerifyOptions& options,
                          const std::vector<driver::InputSpec>& specs,
                          const std::vector<Tensor>* stored, const std::string& prefix,
                          Report& report) {
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  if (!isa::can_run(compile.target)) {
    return fail("--target", "this processor cannot run " + compile.target.name);
  }
  compile.keep = compile.verify = true;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(graph, compile));
  Question question{specs, prefix, values_in_order(graph, specs)};

  auto engraved = std::make_shared<driver::Engraved>();
  engraved->program = std::make_shared<runtime::Program>(compiled.program);
  int threads = options.common.thread_count();
  BURIN_ASSIGN(NamedTensors outputs, run_once(*engraved, specs, threads, compile.target));
  BURIN_TRY(question.ask(graph));
  if (!options.outputs_only) BURIN_TRY(check_kernels(compiled, options, question, report));
  BURIN_TRY(check_outputs(outputs, stored, options, question, report));
  if (options.common.exact) return {};
  return check_exact(graph, compile, options, question, report);
}

// The network in inference.
Result<void> check_model(const driver::Model& model, const VerifyOptions& options,
                         const std::vector<driver::InputSpec>& specs,
                         const std::vector<Tensor>* stored, const std::string& prefix,
                         Report& report) {
  BURIN_ASSIGN(onnx::Imported imported, model.import(specs));
  return check_inputs(imported.graph, options, specs, stored, prefix, report);
}

// Its first training step, on samples that are made up.
Result<void> check_step(const driver::Model& model, const VerifyOptions& options, Report& report) {
  BURIN_ASSIGN(train::Trainable trainable, train::make_trainable(model.proto(), model.path()));
  train::StepOptions step;
  step.batch = train::fixed_batch(trainable).value_or(options.batch);
  step.loss = options.loss.empty() ? train::default_loss(trainable.head) : options.loss;
  step.optimiser = options.optimiser;
  step.optimiser_options = train::find_optimiser(options.optimiser)->defaults;
  BURIN_ASSIGN(auto made, train::MadeUpStep::create(trainable, step, options.common.seed));
  std::vector<Tensor> inputs = made.inputs();
  std::vector<driver::InputSpec> specs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    specs.push_back({made.graph().inputs[i].name, inputs[i].type(), inputs[i]});
  }
  return check_inputs(made.graph(), options, specs, nullptr, "", report);
}

nlohmann::json to_json(const std::vector<Check>& checks) {
  auto list = nlohmann::json::array();
  for (const Check& c : checks) {
    list.push_back({{"value", c.what},
                    {"type", c.type},
                    {"relative_error", c.difference.relative()},
                    {"absolute_error", c.difference.max_absolute},
                    {"mismatches", c.difference.mismatches},
                    {"ok", c.good()}});
    if (c.tolerance < kNoTolerance) list.back()["tolerance"] = c.tolerance;
    if (!c.algorithm.empty()) list.back()["algorithm"] = c.algorithm;
  }
  return list;
}

void print_checks(const char* title, const std::vector<Check>& checks, bool all) {
  if (checks.empty()) return;
  double worst = 0;
  std::vector<std::vector<std::string>> rows = {{title, "type", "max error / range", ""}};
  const Check* first_bad = nullptr;
  for (const Check& c : checks) {
    worst = std::max(worst, c.difference.relative());
    bool good = c.good();
    if (!good && !first_bad) first_bad = &c;
    if (all || !good) {
      rows.push_back({c.what, c.type, fmt::format("{:.2e}", c.difference.relative()),
                      !good                        ? "DIFFERS"
                      : c.tolerance < kNoTolerance ? "ok"
                                                   : ""});
    }
  }
  if (rows.size() > 1) fmt::print("{}", format_table(rows));
  fmt::print("{}: {} compared, largest error {:.2e} of the range\n", title, checks.size(), worst);
  if (first_bad) {
    fmt::print("first to differ: {} {} {}\n", first_bad->what, first_bad->type,
               first_bad->algorithm);
  }
}

Result<int> verify(const VerifyOptions& options) {
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  Report report;
  report.tolerance = options.tolerance;
  if (options.train) {
    BURIN_TRY(check_step(*model, options, report));
  } else if (options.test_data.empty()) {
    BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
    BURIN_TRY(check_model(*model, options, specs, nullptr, "", report));
  } else {
    BURIN_ASSIGN(auto cases, read_test_data(options.test_data, model->proto()));
    for (size_t i = 0; i < cases.size(); ++i) {
      std::string prefix = cases.size() > 1 ? "set " + std::to_string(i) + " " : "";
      BURIN_TRY(check_model(*model, options, cases[i].inputs, &cases[i].outputs, prefix, report));
    }
  }
  if (options.common.json) {
    nlohmann::json j = {{"ok", report.good()},
                        {"tolerance", report.tolerance},
                        {"kernels", to_json(report.kernels)},
                        {"rounding", to_json(report.rounding)},
                        {"outputs", to_json(report.outputs)},
                        {"exact", to_json(report.exact)},
                        {"stored_against_oracle", to_json(report.stored_oracle)},
                        {"stored", to_json(report.stored)}};
    fmt::print("{}\n", j.dump(2));
  } else {
    print_checks("kernels against the oracle", report.kernels, options.all);
    print_checks("oracle with every value rounded", report.rounding, true);
    print_checks("outputs against the oracle", report.outputs, true);
    print_checks("outputs with --exact", report.exact, true);
    print_checks("stored outputs against the oracle", report.stored_oracle, true);
    print_checks("outputs against the stored ones", report.stored, true);
    fmt::print("{}\n", report.good() ? "verified" : "NOT verified");
  }
  return report.good() ? 0 : 1;
}

}  // namespace

void add_training(CLI::App& verb, VerifyOptions& o) {
  auto* train = verb.add_flag("--train", o.train,
                              "check the first step of training it, on made-up samples: loss, "
                              "gradients and update, kernel by kernel");
  verb.add_option("--batch", o.batch, "samples in the step")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str()
      ->needs(train);
  verb.add_option("--optimiser", o.optimiser, "of the step")
      ->check(one_of(train::all_optimisers()))
      ->capture_default_str()
      ->needs(train);
  verb.add_option("--loss", o.loss, "of the step (default: by the network's end)")
      ->check(one_of(train::all_losses()))
      ->needs(train);
}

void add_verify(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("verify", "check machine code against the oracle");
  auto options = std::make_shared<VerifyOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  options->inputs.add_files(*verb);
  options->inputs.add_shapes(*verb);
  verb->add_option("--test-data", options->test_data,
                   "folder with test_data_set_N/{input_K,output_K}.pb");
  verb->add_option("--tolerance", options->tolerance, "allowed error, relative to the range")
      ->capture_default_str();
  verb->add_flag("--all", options->all, "list every kernel, not only those that differ");
  verb->add_flag("--outputs-only", options->outputs_only, "do not compare kernel by kernel");
  add_training(*verb, *options);
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer(
      "Example: burin verify model.onnx --test-data . --target avx2\n"
      "         burin verify lenet --train");
  set_body(*verb, exit_code, [options] { return verify(*options); });
}

}  // namespace burin::cli
