// What the verbs share: options, errors, loading a network by file or zoo name, tables and JSON.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "driver/model.h"
#include "isa/target.h"

namespace burin::cli {

// Options that several verbs take. A verb adds those that mean something for it.
struct Common {
  bool json = false;
  int threads = 0;  // 0: all that this process may use
  std::string target = "native";
  std::string max_memory;  // "512M"
  bool exact = false;
  uint64_t seed = 1;
  bool uses_tune_cache = false, no_tune_cache = false;

  void add_json(CLI::App& verb);
  void add_threads(CLI::App& verb);
  void add_target(CLI::App& verb);
  // Choices that `burin tune` kept are used unless the user declines.
  void add_tune_cache(CLI::App& verb);
  void add_max_memory(CLI::App& verb);
  void add_exact(CLI::App& verb);
  void add_seed(CLI::App& verb);
  void add_symbols(CLI::App& verb);  // takes effect while the line is parsed

  int thread_count() const;
  Result<int64_t> memory_limit() const;  // bytes; 0 if not given
  Result<driver::CompileOptions> compile_options() const;
};

// "4096", "512M", "2G" -> bytes.
Result<int64_t> parse_bytes(const std::string& text);

// "NAME=FILE.npy" -> both. The name may have '=' in it, the file may not.
Result<std::pair<std::string, std::string>> parse_dump(const std::string& text);

// A network by file name (ONNX, or NAME.net: zoo/net_file.h), or by the name of a built-in one
// ("resnet50") when there is no such file.
Result<std::unique_ptr<driver::Model>> load_network(const std::string& name, const Common& common);

// Registers a verb whose body returns Result<int>: the exit code, or an error printed as one line
// with exit code 1.
using VerbBody = std::function<Result<int>()>;
void set_body(CLI::App& verb, int& exit_code, VerbBody body);

// First and last column left-aligned, right-aligned others, two spaces between.
std::string format_table(const std::vector<std::vector<std::string>>& rows);

// The names of a table's rows, as the values that an option takes.
template <class Row>
CLI::IsMember one_of(std::span<const Row> rows) {
  std::set<std::string> names;
  for (const Row& row : rows) names.insert(std::string(row.name));
  return CLI::IsMember(names);
}

// Prints, or writes to a file by way of a temporary name ("-" is standard output).
Result<void> write_text(const std::string& path, const std::string& text);

// The verbs, one file each.
void add_run(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
void add_verify(CLI::App& app, int& exit_code);
void add_inspect(CLI::App& app, int& exit_code);
void add_profile(CLI::App& app, int& exit_code);
void add_convert(CLI::App& app, int& exit_code);
void add_zoo(CLI::App& app, int& exit_code);
void add_tune(CLI::App& app, int& exit_code);
void add_train(CLI::App& app, int& exit_code);
void add_eval(CLI::App& app, int& exit_code);
void add_gradcheck(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

}  // namespace burin::cli
