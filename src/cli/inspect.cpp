// burin inspect: what each stage made of a network, as text.
#include <fmt/core.h>

#include "cli/common.h"
#include "cli/explain.h"
#include "cli/inputs.h"
#include "graph/print.h"
#include "loop/print.h"

namespace burin::cli {

namespace {

struct InspectOptions {
  Common common;
  InputOptions inputs;
  std::string model, what = "kernels", output = "-", kernel;
  std::vector<std::string> disabled;
  int bisect = -1;
  bool explain = false;
};

std::string kernel_table(const driver::Compiled& compiled) {
  std::vector<std::vector<std::string>> rows = {
      {"step", "layer", "kernel", "tiles", "MFLOP", "bytes", "code", "algorithm"}};
  const runtime::Program& p = compiled.program;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const runtime::Step& s = p.steps[i];
    rows.push_back({std::to_string(i), s.name, "k" + std::to_string(s.kernel),
                    std::to_string(s.tiles), fmt::format("{:.2f}", s.flops / 1e6),
                    human_bytes(s.bytes),
                    human_bytes(static_cast<double>(p.kernels[s.kernel].size)), s.algorithm});
  }
  return format_table(rows);
}

std::string memory_table(const driver::Compiled& compiled) {
  std::vector<std::vector<std::string>> rows = {{"buffer", "offset", "bytes", "steps"}};
  const driver::Intermediates& kept = *compiled.intermediates;
  int64_t sum = 0;
  for (size_t i = 0; i < kept.buffers.size(); ++i) {
    const driver::ArenaBuffer& b = kept.buffers[i];
    rows.push_back({"b" + std::to_string(i), std::to_string(b.offset), std::to_string(b.bytes),
                    fmt::format("{}-{}", b.first, b.last)});
    sum += b.bytes;
  }
  const runtime::Program& p = compiled.program;
  return format_table(rows) + fmt::format("arena {} for {} of buffers; weights {}; code {}\n",
                                          human_bytes(static_cast<double>(p.arena_bytes)),
                                          human_bytes(static_cast<double>(sum)),
                                          human_bytes(static_cast<double>(p.constant_bytes)),
                                          human_bytes(static_cast<double>(p.code.size())));
}

// "k3" or a layer's name selects kernels; nothing selects all.
bool selected(const driver::Compiled& compiled, size_t kernel, const std::string& wanted) {
  if (wanted.empty() || wanted == "k" + std::to_string(kernel)) return true;
  for (const runtime::Step& s : compiled.program.steps) {
    if (s.kernel == kernel && s.name == wanted) return true;
  }
  return false;
}

// "; k2 of Gemm_13, Gemm_17: the algorithm", as a comment line.
std::string describe_kernel(const driver::Compiled& compiled, size_t kernel) {
  std::string layers, algorithm;
  for (const runtime::Step& s : compiled.program.steps) {
    if (s.kernel != kernel) continue;
    layers += (layers.empty() ? "" : ", ") + s.name;
    algorithm = s.algorithm;
  }
  return fmt::format("; k{} of {}: {}\n", kernel, layers, algorithm);
}

template <class Text>
Result<std::string> per_kernel(const driver::Compiled& compiled, const std::string& wanted,
                               Text text) {
  std::string out;
  for (size_t k = 0; k < compiled.program.kernels.size(); ++k) {
    if (!selected(compiled, k, wanted)) continue;
    out += describe_kernel(compiled, k) + text(k) + "\n";
  }
  if (out.empty())
    return fail("--kernel", "no kernel '" + wanted + "'", "burin inspect lists them");
  return out;
}

Result<std::string> view(const InspectOptions& options, const graph::Graph& imported,
                         const driver::Compiled& compiled) {
  const driver::Intermediates& kept = *compiled.intermediates;
  if (options.explain) {
    return options.common.json ? explain_json(compiled).dump(2) + "\n" : explain_text(compiled);
  }
  if (options.what == "model") return graph::print(imported);
  if (options.what == "graph") return graph::print(kept.graph);
  if (options.what == "kernels") return kernel_table(compiled);
  if (options.what == "memory") return memory_table(compiled);
  if (options.what == "loop") {
    return per_kernel(compiled, options.kernel,
                      [&](size_t k) { return loop::print(kept.functions[k]); });
  }
  return per_kernel(compiled, options.kernel, [&](size_t k) { return kept.listings[k]; });
}

Result<int> inspect(const InspectOptions& options) {
  if (options.common.json && !options.explain) {
    return fail("--json", "goes with --explain", "burin inspect lenet --explain --json");
  }
  BURIN_ASSIGN(auto model, load_network(options.model, options.common));
  BURIN_ASSIGN(auto specs, prepare_inputs(model->proto(), options.inputs, options.common.seed));
  BURIN_ASSIGN(onnx::Imported imported, model->import(specs));
  BURIN_ASSIGN(auto compile, options.common.compile_options());
  compile.keep = true;
  compile.listing = options.what == "asm";
  compile.disabled_passes = options.disabled;
  compile.bisect_limit = options.bisect;
  BURIN_ASSIGN(driver::Compiled compiled, driver::compile(imported.graph, compile));
  BURIN_ASSIGN(std::string text, view(options, imported.graph, compiled));
  BURIN_TRY(write_text(options.output, text));
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("inspect", "show what each stage makes of a network");
  auto options = std::make_shared<InspectOptions>();
  verb->add_option("model", options->model, "ONNX file or built-in network")->required();
  verb->add_option("what", options->what,
                   "model (as imported), graph (optimised), kernels, loop, asm or memory")
      ->check(CLI::IsMember({"model", "graph", "kernels", "loop", "asm", "memory"}))
      ->capture_default_str();
  verb->add_flag("--explain", options->explain,
                 "why each kernel is what it is: method, refusals, what was fused and why no more");
  verb->add_option("--kernel", options->kernel, "only this kernel: k3, or a layer's name");
  verb->add_option("--disable", options->disabled, "passes to switch off");
  verb->add_option("--bisect", options->bisect, "run only the first N passes");
  verb->add_option("-o,--output", options->output, "file to write (default: standard output)");
  options->inputs.add_shapes(*verb);
  options->common.add_target(*verb);
  options->common.add_tune_cache(*verb);
  options->common.add_max_memory(*verb);
  options->common.add_exact(*verb);
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer(
      "Example: burin inspect lenet asm --kernel k0 --target avx2\n"
      "         burin inspect lenet --explain");
  set_body(*verb, exit_code, [options] { return inspect(*options); });
}

}  // namespace burin::cli
