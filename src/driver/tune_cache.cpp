// JSON in and out.
#include "driver/tune_cache.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/output_file.h"

namespace burin::driver {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// Raise it when code is generated so differently that measured choices should not hold.
constexpr int kGenerator = 1;
constexpr uintmax_t kMostBytes = 64 << 20;

Result<lower::Choice> read_choice(const Json& entry, const char* name) {
  auto at = entry.find(name);
  if (at == entry.end() || !at->is_string()) return fail("", std::string("no ") + name);
  auto choice = lower::parse_choice(at->get_ref<const std::string&>());
  if (!choice) return fail("", "'" + at->get<std::string>() + "' is not a choice");
  return *choice;
}

double read_seconds(const Json& entry, const char* name) {
  auto at = entry.find(name);
  return at != entry.end() && at->is_number() ? at->get<double>() : 0;
}

Result<TunedChoice> read_entry(const Json& json) {
  if (!json.is_object()) return fail("", "an entry is not an object");
  TunedChoice entry;
  BURIN_ASSIGN(entry.best, read_choice(json, "best"));
  BURIN_ASSIGN(entry.untuned, read_choice(json, "untuned"));
  entry.seconds = read_seconds(json, "seconds");
  entry.untuned_seconds = read_seconds(json, "untuned_seconds");
  auto tried = json.find("tried");
  if (tried == json.end() || !tried->is_array()) return entry;
  for (const Json& text : *tried) {
    if (text.is_string()) entry.tried.push_back(text.get<std::string>());
  }
  return entry;
}

}  // namespace

std::string TuneCache::machine_text(const isa::Target& target) {
  const loop::Machine& m = target.machine;
  return fmt::format("{}; {}; caches {} {} {}; {}; target {}; generator {}", target.cpu_name,
                     target.cpu_model, m.l1_bytes, m.l2_bytes, m.l3_bytes,
                     fmt::join(target.features, " "), target.name, kGenerator);
}

Result<TuneCache> TuneCache::parse(const std::string& path, const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  auto machines = json.is_object() ? json.find("machines") : json.end();
  if (!json.is_object() || machines == json.end() || !machines->is_object()) {
    return fail(path, "is not a tuning cache", "remove it, or name another file");
  }
  TuneCache cache;
  for (const auto& [machine, kernels] : machines->items()) {
    if (!kernels.is_object()) return fail(path, "is not a tuning cache: " + machine);
    for (const auto& [signature, json_entry] : kernels.items()) {
      auto entry = read_entry(json_entry);
      if (!entry) return fail(path, "is not a tuning cache: " + entry.error().reason);
      cache.machines_[machine].emplace(signature, *std::move(entry));
    }
  }
  return cache;
}

Result<TuneCache> TuneCache::load(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return TuneCache();
  uintmax_t bytes = fs::file_size(path, error);
  if (error || bytes > kMostBytes) return fail(path, "is not a tuning cache", "name another file");
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(path, "cannot be read");
  return parse(path, text);
}

std::string TuneCache::print() const {
  Json machines = Json::object();
  for (const auto& [machine, kernels] : machines_) {
    if (kernels.empty()) continue;
    Json& out = machines[machine] = Json::object();
    for (const auto& [signature, entry] : kernels) {
      out[signature] = {{"best", entry.best.text()},
                        {"untuned", entry.untuned.text()},
                        {"seconds", entry.seconds},
                        {"untuned_seconds", entry.untuned_seconds},
                        {"tried", entry.tried}};
    }
  }
  return Json{{"machines", machines}}.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> TuneCache::save(const std::string& path) const {
  BURIN_ASSIGN(TuneCache merged, load(path));
  for (const auto& [machine, kernels] : machines_) {
    for (const auto& [signature, entry] : kernels) merged.machines_[machine][signature] = entry;
  }
  std::error_code error;
  fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) return fail(folder.string(), error.message());
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(merged.print());
  return file->commit();
}

lower::Choices TuneCache::choices(const isa::Target& target) const {
  lower::Choices choices;
  auto found = machines_.find(machine_text(target));
  if (found == machines_.end()) return choices;
  for (const auto& [signature, entry] : found->second) choices.emplace(signature, entry.best);
  return choices;
}

std::string tune_cache_path() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  std::string named = variable("BURIN_TUNE_CACHE");
  if (!named.empty()) return named == "off" ? "" : named;
  if (std::string folder = variable("XDG_CACHE_HOME"); !folder.empty()) {
    return folder + "/burin/tune.json";
  }
  std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/burin/tune.json";
}

Result<std::shared_ptr<const lower::Choices>> load_choices(const isa::Target& target) {
  std::string path = tune_cache_path();
  if (path.empty()) return nullptr;
  BURIN_ASSIGN(TuneCache cache, TuneCache::load(path));
  lower::Choices choices = cache.choices(target);
  if (choices.empty()) return nullptr;
  return std::make_shared<const lower::Choices>(std::move(choices));
}

}  // namespace burin::driver
