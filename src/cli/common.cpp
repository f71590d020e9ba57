// Shared options, formatting and loading.
#include "cli/common.h"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>

#include "base/output_file.h"
#include "driver/tune_cache.h"
#include "runtime/cpu_count.h"
#include "runtime/symbols.h"
#include "zoo/net_file.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin::cli {

void Common::add_json(CLI::App& verb) { verb.add_flag("--json", json, "machine-readable output"); }
void Common::add_threads(CLI::App& verb) {
  verb.add_option("--threads", threads, "threads to run on (default: all that may be used)")
      ->check(CLI::Range(1, 1024));
}
void Common::add_target(CLI::App& verb) {
  verb.add_option("--target", target, "native, avx512 or avx2")->capture_default_str();
}
void Common::add_tune_cache(CLI::App& verb) {
  uses_tune_cache = true;
  verb.add_flag("--no-tune-cache", no_tune_cache,
                "choose kernels as if `burin tune` had never run (or set BURIN_TUNE_CACHE=off)");
}
void Common::add_max_memory(CLI::App& verb) {
  verb.add_option("--max-memory", max_memory, "limit for weights and activations, e.g. 2G");
}
void Common::add_exact(CLI::App& verb) {
  verb.add_flag("--exact", exact,
                "no algorithm that trades precision for speed (Winograd, Strassen)");
}
void Common::add_seed(CLI::App& verb) {
  verb.add_option("--seed", seed, "seed of random numbers")->capture_default_str();
}

void Common::add_symbols(CLI::App& verb) {
  auto choose = [](const std::string& list) {
    auto sinks = runtime::parse_symbol_sinks(list);
    if (!sinks) throw CLI::ValidationError("--perf", sinks.error().reason);
    runtime::choose_symbols(*sinks);
  };
  verb.add_option_function<std::string>(
          "--perf", choose, "name kernels for perf and gdb: a list of map, jitdump and gdb")
      ->envname("BURIN_PERF");
}

int Common::thread_count() const { return threads > 0 ? threads : runtime::usable_cpus(); }

Result<int64_t> Common::memory_limit() const {
  if (max_memory.empty()) return 0;
  auto bytes = parse_bytes(max_memory);
  if (!bytes) return fail("--max-memory", bytes.error().reason, bytes.error().hint);
  return bytes;
}

Result<driver::CompileOptions> Common::compile_options() const {
  driver::CompileOptions options;
  BURIN_ASSIGN(options.target, isa::target_from_name(target));
  BURIN_ASSIGN(options.max_memory, memory_limit());
  options.exact = exact;
  if (!uses_tune_cache || no_tune_cache) return options;
  auto choices = driver::load_choices(options.target);
  if (!choices) fmt::print(stderr, "burin: not used: {}\n", choices.error().text());
  if (choices) options.choices = *choices;
  return options;
}

Result<int64_t> parse_bytes(const std::string& text) {
  size_t end = 0;
  double number = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    return fail("", "'" + text + "' is not a size", "write 4096, 512M or 2G");
  }
  std::string unit = text.substr(end);
  double scale = 0;
  if (unit.empty() || unit == "B") scale = 1;
  if (unit == "K" || unit == "KiB") scale = 1024;
  if (unit == "M" || unit == "MiB") scale = 1 << 20;
  if (unit == "G" || unit == "GiB") scale = 1 << 30;
  if (scale == 0 || !(number > 0) || number * scale > 9e18) {
    return fail("", "'" + text + "' is not a size", "write 4096, 512M or 2G");
  }
  return static_cast<int64_t>(number * scale);
}

Result<std::pair<std::string, std::string>> parse_dump(const std::string& text) {
  size_t equals = text.rfind('=');
  bool whole = equals != text.npos && equals > 0 && equals + 1 < text.size();
  if (!whole) return fail("--dump", "'" + text + "' names no file", "write NAME=value.npy");
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::unique_ptr<driver::Model>> load_network(const std::string& name, const Common& common) {
  BURIN_ASSIGN(int64_t limit, common.memory_limit());
  std::error_code ignored;
  const zoo::ZooEntry* entry = zoo::find(name);
  if (entry && !std::filesystem::exists(name, ignored)) {
    BURIN_ASSIGN(zoo::Bytes bytes, zoo::to_bytes(*entry, common.seed));
    return driver::Model::from_memory(name, std::move(bytes), limit);
  }
  if (name.ends_with(".net")) {
    BURIN_ASSIGN(zoo::Net net, zoo::read_net(name, {.seed = common.seed, .max_memory = limit}));
    BURIN_ASSIGN(zoo::Bytes bytes, zoo::to_bytes(std::move(net)));
    return driver::Model::from_memory(name, std::move(bytes), limit);
  }
  return driver::Model::load(name, limit);
}

void set_body(CLI::App& verb, int& exit_code, VerbBody body) {
  verb.callback([&exit_code, body = std::move(body)] {
    Result<int> result = body();
    if (result) {
      exit_code = *result;
      return;
    }
    std::fprintf(stderr, "burin: %s\n", result.error().text().c_str());
    exit_code = 1;
  });
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    if (row.size() > widths.size()) widths.resize(row.size());
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      if (i) line += "  ";
      bool text = i == 0 || i + 1 == widths.size();
      line += text ? fmt::format("{:<{}}", row[i], widths[i])
                   : fmt::format("{:>{}}", row[i], widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Result<void> write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return {};
  }
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(text);
  return file->commit();
}

}  // namespace burin::cli
