// burin convert: writes the optimised graph as ONNX.
#include <fmt/core.h>

#include "cli/common.h"
#include "cli/inputs.h"
#include "onnx/export.h"
#include "passes/run.h"

namespace burin::cli {

namespace {

struct ConvertOptions {
  Common common;
  InputOptions inputs;
  std::string model, output;
  std::vector<std::string> disabled;
};

Result<int> convert(const ConvertOptions& options) {
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  BURIN_ASSIGN(onnx::Imported imported, model->import(specs));
  passes::PassOptions pass_options;
  pass_options.disabled = options.disabled;
  BURIN_ASSIGN(passes::Optimized optimized, passes::run_passes(imported.graph, pass_options));
  BURIN_ASSIGN(onnx::ModelWriter writer, onnx::export_graph(optimized.graph));
  BURIN_TRY(writer.save(options.output));
  size_t before = imported.graph.size(), after = optimized.graph.size();
  if (options.common.json) {
    fmt::print("{}\n",
               nlohmann::json{
                   {"file", options.output}, {"nodes_imported", before}, {"nodes_optimised", after}}
                   .dump());
  } else {
    fmt::print("wrote {}: {} primitives, {} before optimising\n", options.output, after, before);
  }
  return 0;
}

}  // namespace

void add_convert(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("convert", "write the optimised graph as ONNX");
  auto options = std::make_shared<ConvertOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  verb->add_option("output", options->output, "ONNX file to write")->required();
  verb->add_option("--disable", options->disabled, "passes to switch off");
  options->inputs.add_shapes(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin convert model.onnx optimised.onnx");
  set_body(*verb, exit_code, [options] { return convert(*options); });
}

}  // namespace burin::cli
