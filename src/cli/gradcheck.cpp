// burin gradcheck: the gradients of a network against finite differences and the evaluator.
#include <fmt/core.h>

#include "cli/common.h"
#include "cli/progress.h"
#include "train/classifier_notes.h"
#include "train/gradient_check.h"

namespace burin::cli {

namespace {

struct GradcheckVerb {
  Common common;
  std::string model, loss;
  int64_t batch = 2;
  int samples = 8;
  double tolerance = 1e-4;
};

nlohmann::json to_json(const std::vector<train::GradientReport>& reports) {
  auto list = nlohmann::json::array();
  for (const train::GradientReport& r : reports) {
    list.push_back({{"parameter", r.name},
                    {"type", r.type.text()},
                    {"checked", r.checked},
                    {"kinks", r.kinks},
                    {"wrong", r.wrong},
                    {"difference_error", r.error},
                    {"compiled_error", r.compiled.relative()},
                    {"compiled_tolerance", r.compiled_tolerance},
                    {"ok", r.good()}});
  }
  return list;
}

std::string verdict(const train::GradientReport& r) {
  if (r.wrong > 0) return fmt::format("WRONG at {}", r.wrong);
  if (r.checked == 0) return "NOT CHECKED: kinks everywhere";
  return r.good() ? "ok" : "machine code DIFFERS";
}

void print_table(const std::vector<train::GradientReport>& reports) {
  std::vector<std::vector<std::string>> rows = {
      {"gradient of", "type", "checked", "kinks", "by differences", "compiled", "tolerance", ""}};
  for (const train::GradientReport& r : reports) {
    rows.push_back({r.name, r.type.text(), std::to_string(r.checked), std::to_string(r.kinks),
                    fmt::format("{:.1e}", r.error), fmt::format("{:.1e}", r.compiled.relative()),
                    fmt::format("{:.1e}", r.compiled_tolerance), verdict(r)});
  }
  fmt::print("{}", format_table(rows));
  fmt::print(
      "Errors are relative to the largest element of each gradient.\n"
      "by differences: autodiff against central differences of the loss, both in double precision; "
      "1e-5 is\n  allowed, more only as far as rounding explains it. kinks: elements where the "
      "loss "
      "bends within the step.\ncompiled: machine code against the evaluator; the tolerance is "
      "--tolerance, or four times what rounding\n  each value to its type makes, if that is "
      "more.\n");
}

Result<int> gradcheck(const GradcheckVerb& verb) {
  BURIN_ASSIGN(auto model, load_network(verb.model, verb.common));
  BURIN_ASSIGN(train::Trainable trainable, train::make_trainable(model->proto(), verb.model));
  train::GradientCheckOptions options;
  options.step.batch = train::fixed_batch(trainable).value_or(verb.batch);
  options.step.loss = verb.loss.empty() ? train::default_loss(trainable.head) : verb.loss;
  options.step.optimiser = "sgd";
  options.samples = verb.samples;
  options.seed = verb.common.seed;
  options.tolerance = verb.tolerance;
  BURIN_ASSIGN(options.programs.compile, verb.common.compile_options());
  if (!isa::can_run(options.programs.compile.target)) {
    return fail("--target", "this processor cannot run " + verb.common.target);
  }
  options.programs.threads = verb.common.thread_count();
  ProgressLine line;
  options.progress = [&](size_t done, size_t parameters) {
    if (line.due()) line.show(fmt::format("{} of {} gradients", done, parameters));
  };
  stop_on_interrupt();
  options.stop = was_interrupted;
  auto reports = train::check_gradients(trainable, options);
  line.clear();
  if (!reports) return std::unexpected(reports.error());
  bool good = reports->size() == trainable.parameters.size();
  for (const train::GradientReport& r : *reports) good = good && r.good();
  if (verb.common.json) {
    fmt::print("{}\n", nlohmann::json{{"ok", good}, {"gradients", to_json(*reports)}}.dump(2));
  } else {
    print_table(*reports);
    fmt::print("{}\n", was_interrupted() ? "stopped"
                       : good            ? "all gradients agree"
                                         : "NOT all agree");
  }
  return good ? 0 : 1;
}

}  // namespace

void add_gradcheck(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("gradcheck", "check a network's gradients on made-up samples");
  auto options = std::make_shared<GradcheckVerb>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  verb->add_option("--samples", options->samples,
                   "elements of each parameter to difference; each takes two evaluations")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  verb->add_option("--batch", options->batch, "samples in the step")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  verb->add_option("--loss", options->loss,
                   "what is differentiated (default: by the network's end)")
      ->check(one_of(train::all_losses()));
  verb->add_option("--tolerance", options->tolerance,
                   "allowed error of machine code, relative to a gradient's largest element")
      ->capture_default_str();
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_exact(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin gradcheck lenet");
  set_body(*verb, exit_code, [options] { return gradcheck(*options); });
}

}  // namespace burin::cli
