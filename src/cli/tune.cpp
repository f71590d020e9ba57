// burin tune: measures alternatives to the kernels of a network and keeps the winners.
#include <fmt/core.h>

#include <algorithm>

#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/progress.h"
#include "driver/tune.h"

namespace burin::cli {

namespace {

struct TuneVerb {
  Common common;
  InputOptions inputs;
  std::string model, cache, budget = "60s";
};

// "90", "90s", "5m", "1h" -> seconds.
Result<double> parse_seconds(const std::string& text) {
  size_t end = 0;
  double number = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  std::string unit = text.substr(end);
  double scale = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  double seconds = number * scale;
  if (end == 0 || !(seconds > 0) || seconds > 1e6) {
    return fail("--budget", "'" + text + "' is not a time", "write 60s, 5m or 1h");
  }
  return seconds;
}

std::string progress_text(const driver::TuneProgress& p) {
  return fmt::format("{} measured, {} left at least, {:.0f} s gone, about {:.0f} s to go",
                     p.measured, p.left, p.elapsed, p.remaining);
}

// What the graph's inputs are fed with.
Result<std::vector<const void*>> values_of(const graph::Graph& graph,
                                           std::span<const driver::InputSpec> specs) {
  std::vector<const void*> values;
  for (const graph::Port& port : graph.inputs) {
    auto spec = std::find_if(specs.begin(), specs.end(),
                             [&](const auto& s) { return s.name == port.name; });
    if (spec == specs.end()) return fail(port.name, "input without a value");
    values.push_back(spec->value.data());
  }
  return values;
}

double slower(double untuned, double tuned) { return 100 * (untuned / tuned - 1); }

nlohmann::json to_json(const TuneVerb& verb, const driver::TuneReport& report, int threads) {
  nlohmann::json j = {{"model", verb.model},
                      {"threads", threads},
                      {"measurements", report.measured},
                      {"complete", report.complete},
                      {"untuned_ms", report.untuned_seconds * 1e3},
                      {"tuned_ms", report.tuned_seconds * 1e3},
                      {"kernels", nlohmann::json::array()}};
  j["untuned_is_slower_percent"] = slower(report.untuned_seconds, report.tuned_seconds);
  for (const driver::TunedKernel& k : report.kernels) {
    j["kernels"].push_back(
        {{"layer", k.layer},
         {"layers", k.layers},
         {"signature", k.signature},
         {"alternatives", k.measured},
         {"untuned", k.untuned.text()},
         {"tuned", k.tuned.text()},
         {"untuned_ms", k.untuned_seconds * 1e3},
         {"tuned_ms", k.tuned_seconds * 1e3},
         {"untuned_is_slower_percent", slower(k.untuned_seconds, k.tuned_seconds)}});
  }
  return j;
}

void print_text(const driver::TuneReport& report, const std::string& cache) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "layers", "tried", "untuned", "tuned", "untuned is", "tuned choice"}};
  for (const driver::TunedKernel& k : report.kernels) {
    bool same = k.tuned == k.untuned;
    rows.push_back(
        {k.layer, std::to_string(k.layers), std::to_string(k.measured),
         human_seconds(k.untuned_seconds), human_seconds(k.tuned_seconds),
         same ? "best" : fmt::format("{:.1f} % slower", slower(k.untuned_seconds, k.tuned_seconds)),
         same ? "" : k.tuned.text()});
  }
  fmt::print("{}\n", format_table(rows));
  fmt::print("network   tuned {}, untuned {}: untuned is {:.1f} % slower\n",
             human_seconds(report.tuned_seconds), human_seconds(report.untuned_seconds),
             slower(report.untuned_seconds, report.tuned_seconds));
  fmt::print("measured  {} programs; {}\n", report.measured,
             report.complete ? "nothing is left to measure"
                             : "the budget ended first, run it again to go on");
  fmt::print("cache     {}\n", cache);
}

Result<int> tune(const TuneVerb& verb) {
  std::string path = verb.cache.empty() ? driver::tune_cache_path() : verb.cache;
  if (path.empty()) return fail("--cache", "there is no cache folder", "name a file");
  driver::TuneOptions options;
  BURIN_ASSIGN(options.budget, parse_seconds(verb.budget));
  BURIN_ASSIGN(driver::TuneCache cache, driver::TuneCache::load(path));
  BURIN_ASSIGN(auto model, load_network(verb.model, verb.common));
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), verb.inputs, verb.common.seed));
  BURIN_ASSIGN(onnx::Imported imported, model->import(specs));
  BURIN_ASSIGN(options.compile, verb.common.compile_options());
  if (!isa::can_run(options.compile.target)) {
    return fail("--target", "this processor cannot run " + options.compile.target.name);
  }
  options.threads = verb.common.thread_count();
  BURIN_ASSIGN(auto inputs, values_of(imported.graph, specs));
  ProgressLine line;
  options.progress = [&](const driver::TuneProgress& p) {
    if (line.due()) line.show(progress_text(p));
  };
  options.stop = was_interrupted;
  stop_on_interrupt();
  auto report =
      driver::tune(imported.graph, inputs, options, cache.kernels(options.compile.target));
  line.clear();
  if (!report) return std::unexpected(report.error());
  BURIN_TRY(cache.save(path));
  if (verb.common.json) {
    fmt::print("{}\n", to_json(verb, *report, options.threads).dump(2));
  } else {
    print_text(*report, path);
  }
  return 0;
}

}  // namespace

void add_tune(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("tune", "measure alternatives to kernels and keep the winners");
  auto options = std::make_shared<TuneVerb>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  options->inputs.add_files(*verb);
  options->inputs.add_shapes(*verb);
  verb->add_option("--budget", options->budget, "time to spend: 60s, 5m, 1h")
      ->capture_default_str();
  verb->add_option("--cache", options->cache,
                   "file of winners (default: $BURIN_TUNE_CACHE, else burin/tune.json in the "
                   "user's cache folder), which the other verbs use");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_exact(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer(
      "Ctrl-C ends it early and keeps what was found; run again, it goes on.\n"
      "Example: burin tune resnet50 --budget 2m");
  set_body(*verb, exit_code, [options] { return tune(*options); });
}

}  // namespace burin::cli
