// burin run: feeds a network and shows or saves what comes out; a classifier's answer is a class.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <numeric>

#include "cli/common.h"
#include "cli/inputs.h"
#include "cli/outputs.h"
#include "driver/find_nonfinite.h"
#include "runtime/session.h"
#include "tensor/npy.h"
#include "train/classifier_notes.h"

namespace burin::cli {

namespace {

struct RunOptions {
  Common common;
  InputOptions inputs;
  std::string model, labels, output;
  std::vector<std::string> dumps;
  bool check_finite = false;
  int top = 0;
};

constexpr int kShownClasses = 5;

Result<std::vector<std::string>> read_labels(const std::string& path) {
  std::vector<std::string> labels;
  if (path.empty()) return labels;
  std::ifstream file(path);
  if (!file) return fail(path, "cannot read the labels");
  for (std::string line; std::getline(file, line);) labels.push_back(line);
  return labels;
}

// The indices of the k largest values, best first.
std::vector<int64_t> top_indices(const Tensor& scores, int k) {
  std::vector<int64_t> order(static_cast<size_t>(scores.elements()));
  std::iota(order.begin(), order.end(), 0);
  auto count = std::min(order.size(), static_cast<size_t>(k));
  auto better = [&](int64_t a, int64_t b) { return scores.as_double(a) > scores.as_double(b); };
  std::partial_sort(order.begin(), order.begin() + static_cast<int64_t>(count), order.end(),
                    better);
  order.resize(count);
  return order;
}

// Whether an output has a score for each of the classes, or one for two of them.
bool answers_with(const Tensor& output, size_t classes) {
  if (!is_float(output.dtype()) || output.shape().rank() == 0 || classes < 2) return false;
  return output.elements() == static_cast<int64_t>(classes) ||
         (output.elements() == 1 && classes == 2);
}

// The class with its probability, and those of the likeliest ones.
nlohmann::json classify(const Tensor& output, const std::vector<std::string>& classes,
                        train::Head head, int shown) {
  std::vector<double> p = train::probabilities(output.to_doubles(), head);
  Tensor probabilities({DType::f64, {static_cast<int64_t>(p.size())}});
  for (size_t i = 0; i < p.size(); ++i) probabilities.set_double(static_cast<int64_t>(i), p[i]);
  nlohmann::json j;
  for (int64_t i : top_indices(probabilities, shown)) {
    auto k = static_cast<size_t>(i);
    j["top"].push_back({{"index", i}, {"probability", p[k]}, {"label", classes[k]}});
  }
  j["class"] = j["top"][0]["label"];
  return j;
}

nlohmann::json summary_of(const std::string& name, const Tensor& value) {
  std::vector<double> v = value.to_doubles();
  double sum = std::accumulate(v.begin(), v.end(), 0.0);
  auto [lo, hi] = std::minmax_element(v.begin(), v.end());
  nlohmann::json j = {{"name", name}, {"type", value.type().text()}};
  if (v.empty()) return j;
  j["min"] = *lo, j["max"] = *hi, j["mean"] = sum / static_cast<double>(v.size());
  if (v.size() <= 16) j["values"] = v;
  return j;
}

void add_top(nlohmann::json& j, const Tensor& value, int k,
             const std::vector<std::string>& labels) {
  for (int64_t i : top_indices(value, k)) {
    std::string label =
        i < static_cast<int64_t>(labels.size()) ? labels[static_cast<size_t>(i)] : "";
    j["top"].push_back({{"index", i}, {"score", value.as_double(i)}, {"label", label}});
  }
}

void print_classes(const nlohmann::json& answer) {
  for (const auto& t : answer["top"]) {
    fmt::print("{:>8.2f} %  {}\n", 100 * t["probability"].get<double>(),
               t["label"].get<std::string>());
  }
}

void print_text(const nlohmann::json& outputs) {
  for (const auto& j : outputs) {
    if (j.contains("class")) {
      fmt::print("{}\n", j["class"].get<std::string>());
      print_classes(j);
      continue;
    }
    fmt::print("{}  {}", j["name"].get<std::string>(), j["type"].get<std::string>());
    if (j.contains("min")) {
      fmt::print("  min {:.6g}  mean {:.6g}  max {:.6g}", j["min"].get<double>(),
                 j["mean"].get<double>(), j["max"].get<double>());
    }
    fmt::print("\n");
    if (j.contains("values") && !j.contains("top")) {
      for (const auto& v : j["values"]) fmt::print("  {:.6g}\n", v.get<double>());
    }
    if (!j.contains("top")) continue;
    for (const auto& t : j["top"]) {
      fmt::print("  {:>6}  {:>12.6g}  {}\n", t["index"].get<int64_t>(), t["score"].get<double>(),
                 t["label"].get<std::string>());
    }
  }
}

// -o FILE for one output; -o DIR/ (or several outputs) writes DIR/NAME.npy.
Result<void> save(const std::string& target, const NamedTensors& outputs) {
  if (outputs.size() == 1 && target.back() != '/') return write_npy(target, outputs[0].value);
  for (const NamedTensor& output : outputs) {
    std::string name = output.name;
    std::replace(name.begin(), name.end(), '/', '_');
    BURIN_TRY(write_npy(target + "/" + name + ".npy", output.value));
  }
  return {};
}

// Fails with the first node that makes a NaN or an infinity.
Result<void> check_finite(const driver::Model& model, const std::vector<driver::InputSpec>& specs,
                          driver::CompileOptions compile, int threads) {
  if (!isa::can_run(compile.target)) {
    return fail("--target", "this processor cannot run " + compile.target.name);
  }
  compile.keep = true;
  BURIN_ASSIGN(onnx::Imported imported, model.import(specs));
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(imported.graph, compile));
  std::vector<Tensor> inputs;
  for (const graph::Port& port : imported.graph.inputs) {
    inputs.push_back(std::ranges::find(specs, port.name, &driver::InputSpec::name)->value);
  }
  BURIN_ASSIGN(auto found, driver::find_nonfinite(compiled, inputs, threads));
  if (found) return fail(model.path(), found->text());
  return {};
}

// Takes the dumped values off the outputs and writes each to its file.
Result<void> write_dumps(const std::vector<std::pair<std::string, std::string>>& dumps,
                         NamedTensors& outputs) {
  size_t first = outputs.size() - dumps.size();
  for (size_t i = 0; i < dumps.size(); ++i) {
    BURIN_TRY(write_npy(dumps[i].second, outputs[first + i].value));
  }
  outputs.resize(first);
  return {};
}

Result<nlohmann::json> report_on(const RunOptions& options, const onnx::Model& model,
                                 const NamedTensors& outputs) {
  BURIN_ASSIGN(auto labels, read_labels(options.labels));
  BURIN_ASSIGN(train::ClassifierNotes notes, train::read_notes(model.metadata));
  const auto& classes = labels.empty() ? notes.classes : labels;
  auto report = nlohmann::json::array();
  for (const NamedTensor& output : outputs) {
    report.push_back(summary_of(output.name, output.value));
    bool answer = !notes.classes.empty() && outputs.size() == 1;
    if (answer && answers_with(output.value, classes.size())) {
      report.back().update(classify(output.value, classes, train::head_of(model),
                                    options.top > 0 ? options.top : kShownClasses));
    } else if (options.top > 0) {
      add_top(report.back(), output.value, options.top, classes);
    }
  }
  return report;
}

Result<int> run(const RunOptions& options) {
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  int threads = options.common.thread_count();
  if (options.check_finite) BURIN_TRY(check_finite(*model, specs, compile, threads));
  std::vector<std::pair<std::string, std::string>> dumps;
  for (const std::string& text : options.dumps) {
    BURIN_ASSIGN(dumps.emplace_back(), parse_dump(text));
    BURIN_TRY(model->add_output(dumps.back().first));
  }
  BURIN_ASSIGN(auto engraved, model->engrave(specs, compile));
  BURIN_ASSIGN(NamedTensors outputs, run_once(*engraved, specs, threads, compile.target));
  BURIN_TRY(write_dumps(dumps, outputs));
  if (!options.output.empty()) BURIN_TRY(save(options.output, outputs));
  BURIN_ASSIGN(nlohmann::json report, report_on(options, model->proto(), outputs));
  if (options.common.json) {
    fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    print_text(report);
  }
  return 0;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("run", "run a network on files or random inputs");
  auto options = std::make_shared<RunOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  options->inputs.add_files(*verb);
  options->inputs.add_shapes(*verb);
  verb->add_option("--top", options->top, "show the N largest values of each output")
      ->check(CLI::Range(1, 1000000));
  verb->add_option("--labels", options->labels,
                   "file with one class name a line (default: those in the model)");
  verb->add_option("--dump", options->dumps,
                   "write any value: NAME=FILE.npy, by its name or its node's");
  verb->add_flag("--check-finite", options->check_finite,
                 "fail with the first node that makes a NaN or an infinity");
  verb->add_option("-o,--output", options->output,
                   "write the outputs: FILE.npy, or DIR/ for several");
  options->common.add_threads(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_symbols(*verb);
  options->common.add_json(*verb);
  verb->footer(
      "A network of burin train says the class of a photo of any size.\n"
      "Example: burin run squeezenet.onnx cat.jpg --normalise imagenet --top 5");
  set_body(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace burin::cli
