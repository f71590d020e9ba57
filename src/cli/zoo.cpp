// burin zoo: lists the built-in networks, or writes one as ONNX.
#include "zoo/zoo.h"

#include <fmt/core.h>

#include "cli/common.h"
#include "zoo/save.h"

namespace burin::cli {

namespace {

struct ZooOptions {
  Common common;
  std::string name, output;
};

Result<int> list(const ZooOptions& options) {
  auto report = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows;
  for (const zoo::ZooEntry& entry : zoo::entries()) {
    report.push_back({{"name", entry.name}, {"description", entry.description}});
    rows.push_back({std::string(entry.name) + "  " + std::string(entry.description)});
  }
  if (options.common.json) {
    fmt::print("{}\n", report.dump(2));
  } else {
    size_t width = 0;
    for (const zoo::ZooEntry& entry : zoo::entries()) width = std::max(width, entry.name.size());
    for (const zoo::ZooEntry& entry : zoo::entries()) {
      fmt::print("{:<{}}  {}\n", entry.name, width, entry.description);
    }
  }
  return 0;
}

Result<int> zoo(const ZooOptions& options) {
  if (options.name.empty()) return list(options);
  const zoo::ZooEntry* entry = zoo::find(options.name);
  if (!entry) return fail(options.name, "no such built-in network", "burin zoo lists them");
  std::string path = options.output.empty() ? options.name + ".onnx" : options.output;
  BURIN_TRY(zoo::save(*entry, options.common.seed, path));
  if (options.common.json) {
    fmt::print("{}\n", nlohmann::json{{"name", options.name}, {"file", path}}.dump());
  } else {
    fmt::print("wrote {}\n", path);
  }
  return 0;
}

}  // namespace

void add_zoo(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("zoo", "list the built-in networks, or write one as ONNX");
  auto options = std::make_shared<ZooOptions>();
  verb->add_option("name", options->name, "the network to write");
  verb->add_option("-o,--output", options->output, "file to write (default: NAME.onnx)");
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer("Example: burin zoo resnet18 -o resnet18.onnx --seed 7");
  set_body(*verb, exit_code, [options] { return zoo(*options); });
}

}  // namespace burin::cli
