// burin zoo: lists the built-in networks, or writes one, or that of a net file, as ONNX.
#include "zoo/zoo.h"

#include <fmt/core.h>

#include <filesystem>

#include "cli/common.h"
#include "zoo/net_file.h"
#include "zoo/save.h"

namespace burin::cli {

namespace {

struct ZooOptions {
  Common common;
  std::string name, output;
  bool layers = false;
};

void print_two_columns(const std::vector<std::pair<std::string_view, std::string_view>>& rows) {
  size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  for (const auto& [left, right] : rows) fmt::print("{:<{}}  {}\n", left, width, right);
}

// Pairs, as two columns or as objects with these names.
Result<int> show(const ZooOptions& options, const char* left, const char* right,
                 const std::vector<std::pair<std::string_view, std::string_view>>& rows) {
  if (!options.common.json) {
    print_two_columns(rows);
    return 0;
  }
  auto report = nlohmann::json::array();
  for (const auto& [a, b] : rows) report.push_back({{left, a}, {right, b}});
  fmt::print("{}\n", report.dump(2));
  return 0;
}

Result<int> list_networks(const ZooOptions& options) {
  std::vector<std::pair<std::string_view, std::string_view>> rows;
  for (const zoo::ZooEntry& e : zoo::entries()) rows.emplace_back(e.name, e.description);
  return show(options, "name", "description", rows);
}

Result<int> list_layers(const ZooOptions& options) {
  std::vector<std::pair<std::string_view, std::string_view>> rows;
  for (const zoo::LayerSyntax& l : zoo::layer_syntax()) rows.emplace_back(l.usage, l.meaning);
  return show(options, "usage", "meaning", rows);
}

Result<void> write_network(const ZooOptions& options, const std::string& path) {
  if (options.name.ends_with(".net")) {
    BURIN_ASSIGN(zoo::Net net, zoo::read_net(options.name, {.seed = options.common.seed}));
    return zoo::save(std::move(net), path);
  }
  const zoo::ZooEntry* entry = zoo::find(options.name);
  if (!entry) return fail(options.name, "no such built-in network", "burin zoo lists them");
  return zoo::save(*entry, options.common.seed, path);
}

Result<int> zoo(const ZooOptions& options) {
  if (options.layers) return list_layers(options);
  if (options.name.empty()) return list_networks(options);
  std::string stem = std::filesystem::path(options.name).stem().string();
  std::string path = options.output.empty() ? stem + ".onnx" : options.output;
  BURIN_TRY(write_network(options, path));
  if (options.common.json) {
    fmt::print("{}\n", nlohmann::json{{"name", options.name}, {"file", path}}.dump());
  } else {
    fmt::print("wrote {}\n", path);
  }
  return 0;
}

}  // namespace

void add_zoo(CLI::App& app, int& exit_code) {
  auto* verb = app.add_subcommand("zoo", "list the built-in networks, or write a network as ONNX");
  auto options = std::make_shared<ZooOptions>();
  verb->add_option("name", options->name, "the network to write: a built-in one, or a net file");
  verb->add_option("-o,--output", options->output, "file to write (default: NAME.onnx)");
  verb->add_flag("--layers", options->layers, "show what a line of a net file may be");
  options->common.add_seed(*verb);
  options->common.add_json(*verb);
  verb->footer(
      "Example: burin zoo resnet18 -o resnet18.onnx --seed 7\n"
      "         burin zoo my.net -o my.onnx    (burin zoo --layers shows what may be in it)");
  set_body(*verb, exit_code, [options] { return zoo(*options); });
}

}  // namespace burin::cli
