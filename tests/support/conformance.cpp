// Runs ONNX's test cases: read, import for the inputs at hand, execute, compare.
#include "tests/support/conformance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/eval.h"
#include "onnx/import.h"
#include "onnx/tensor_file.h"
#include "tests/support/compare.h"

namespace burin::test {

namespace fs = std::filesystem;

std::string_view name_of(Status status) {
  switch (status) {
#define X(name) \
  case Status::name: return #name;
    BURIN_CASE_STATUSES(X)
#undef X
  }
  return "?";
}

std::string_view title_of(Column column) {
  switch (column) {
#define X(name, title) \
  case Column::name: return title;
    BURIN_CASE_COLUMNS(X)
#undef X
  }
  return "?";
}

fs::path conformance_folder() {
  const char* folder = std::getenv("BURIN_CONFORMANCE");
  return folder ? folder : "/usr/share/libonnx-testdata/data";
}

std::vector<ConformanceCase> conformance_cases() {
  std::vector<ConformanceCase> cases;
  std::error_code error;
  for (const auto& group : fs::directory_iterator(conformance_folder(), error)) {
    for (const auto& entry : fs::directory_iterator(group.path(), error)) {
      if (!fs::exists(entry.path() / "model.onnx")) continue;
      cases.push_back({group.path().filename(), entry.path().filename(), entry.path()});
    }
  }
  std::ranges::sort(cases, {}, [](const auto& c) { return std::pair(c.group, c.name); });
  return cases;
}

namespace {

struct DataSet {
  std::vector<Tensor> inputs, outputs;
};

Result<std::vector<Tensor>> read_tensors(const fs::path& folder, const char* kind) {
  std::vector<Tensor> out;
  for (int i = 0;; ++i) {
    fs::path path = folder / fmt::format("{}_{}.pb", kind, i);
    if (!fs::exists(path)) return out;
    BURIN_ASSIGN(onnx::TensorFile file, onnx::read_tensor_file(path.string()));
    out.push_back(std::move(file.tensor));
  }
}

Result<std::vector<DataSet>> read_data_sets(const fs::path& folder) {
  std::vector<DataSet> sets;
  for (int i = 0;; ++i) {
    fs::path path = folder / fmt::format("test_data_set_{}", i);
    if (!fs::exists(path)) return sets;
    DataSet set;
    BURIN_ASSIGN(set.inputs, read_tensors(path, "input"));
    BURIN_ASSIGN(set.outputs, read_tensors(path, "output"));
    sets.push_back(std::move(set));
  }
}

std::string op_types(const onnx::Model& model) {
  std::vector<std::string> seen;
  for (const onnx::NodeView& node : model.graph.nodes) {
    if (std::ranges::find(seen, node.op_type) == seen.end()) seen.push_back(node.op_type);
  }
  return fmt::format("{}", fmt::join(seen, " "));
}

// Some cases store bf16 as the bits in u16.
Tensor as_declared(const Tensor& tensor, DType declared) {
  if (tensor.dtype() != DType::u16 || declared != DType::bf16) return tensor;
  return Tensor({DType::bf16, tensor.shape()}, tensor.bytes(), std::make_shared<Tensor>(tensor));
}

Result<onnx::Imported> import_for(const onnx::Model& model, DataSet& set) {
  std::vector<const onnx::ValueInfo*> required = model.required_inputs();
  onnx::ImportOptions options;
  for (size_t i = 0; i < std::min(required.size(), set.inputs.size()); ++i) {
    set.inputs[i] = as_declared(set.inputs[i], *required[i]->dtype);
    options.input_values[required[i]->name] = set.inputs[i];
  }
  return onnx::import_model(model, options);
}

using Execute = Result<std::vector<Tensor>> (*)(const graph::Graph&, std::span<const Tensor>,
                                                const CaseOptions&);

Result<std::vector<Tensor>> evaluate(const graph::Graph& graph, std::span<const Tensor> inputs,
                                     const CaseOptions&) {
  return graph::eval(graph, inputs);
}

double largest(const Tensor& tensor) {
  double most = 0;
  for (double v : tensor.to_doubles()) most = std::max(most, std::isfinite(v) ? std::abs(v) : 0);
  return most;
}

std::string compare_outputs(const graph::Graph& graph, const std::vector<Tensor>& actual,
                            const std::vector<Tensor>& expected, const CaseOptions& options) {
  if (actual.size() < expected.size()) return "outputs are missing";
  for (size_t i = 0; i < expected.size(); ++i) {
    Tensor wanted = as_declared(expected[i], actual[i].dtype());
    Tolerance tolerance;
    if (options.relative_to_largest > 0) {
      tolerance.absolute += options.relative_to_largest * largest(wanted);
    }
    std::string wrong = difference_within(actual[i], wanted, tolerance);
    if (!wrong.empty()) return fmt::format("output '{}' {}", graph.outputs[i].name, wrong);
  }
  return {};
}

Outcome run_column(const onnx::Model& model, std::vector<DataSet> sets, Execute execute,
                   const CaseOptions& options) {
  for (DataSet& set : sets) {
    Result<onnx::Imported> imported = import_for(model, set);
    if (!imported) return {Status::unsupported, imported.error().text()};
    Result<std::vector<Tensor>> outputs = execute(imported->graph, set.inputs, options);
    if (!outputs) return {Status::unsupported, outputs.error().text()};
    std::string wrong = compare_outputs(imported->graph, *outputs, set.outputs, options);
    if (!wrong.empty()) return {Status::fail, wrong};
  }
  return {};
}

// A child tells its case's ops, then one line for each column as it is done.
void run_case(const ConformanceCase& test, const CaseOptions& options,
              const std::function<void(const std::string&)>& say) {
  auto tell = [&](const Outcome& outcome) {
    std::string reason = outcome.reason, folder = test.folder.string() + "/";
    for (size_t at; (at = reason.find(folder)) != std::string::npos;)
      reason.erase(at, folder.size());
    std::ranges::replace(reason, '\n', ' ');
    say(fmt::format("{} {}\n", static_cast<int>(outcome.status), reason));
  };
  auto tell_all = [&](const Outcome& outcome) {
    for (size_t i = 0; i < kColumns; ++i) tell(outcome);
  };
  Result<onnx::Model> model = onnx::read_model((test.folder / "model.onnx").string());
  say((model ? op_types(*model) : std::string()) + "\n");
  if (!model) return tell_all({Status::unsupported, model.error().text()});
  for (const onnx::ValueInfo* input : model->required_inputs()) {
    if (!input->dtype) {
      return tell_all({Status::unsupported, "input '" + input->name + "': " + input->problem});
    }
  }
  Result<std::vector<DataSet>> sets = read_data_sets(test.folder);
  if (!sets) return tell_all({Status::unsupported, sets.error().text()});
  tell(run_column(*model, *sets, evaluate, options));
  tell(run_column(*model, *sets, run_as_machine_code, options));
}

CaseResult to_result(const ConformanceCase& test, const IsolatedResult& ran) {
  CaseResult result{test, "", {}};
  Status last = ran.end == IsolatedResult::End::timed_out ? Status::hang : Status::crash;
  result.outcomes.fill({last, ran.detail});
  size_t at = ran.output.find('\n');
  if (at == std::string::npos) return result;
  result.ops = ran.output.substr(0, at);
  for (size_t i = 0; i < kColumns; ++i) {
    size_t end = ran.output.find('\n', at + 1);
    if (end == std::string::npos) break;
    std::string line = ran.output.substr(at + 1, end - at - 1);
    result.outcomes[i] = {static_cast<Status>(line.at(0) - '0'), line.substr(2)};
    at = end;
  }
  return result;
}

}  // namespace

std::vector<CaseResult> run_conformance(const std::vector<ConformanceCase>& cases,
                                        const CaseOptions& options) {
  auto task = [&](size_t i) -> IsolatedTask {
    return [&, i](const auto& say) { run_case(cases[i], options, say); };
  };
  std::vector<IsolatedResult> ran = run_isolated(cases.size(), task, options.jobs, options.limits);
  std::vector<CaseResult> results;
  for (size_t i = 0; i < cases.size(); ++i) results.push_back(to_result(cases[i], ran[i]));
  return results;
}

}  // namespace burin::test
