// Reads all lines, writes those that stay.
#include "train/metrics.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/output_file.h"

namespace burin::train {

Result<void> cut_metrics(const std::string& path, int64_t step) {
  std::ifstream in(path);
  if (!in) return {};
  std::string kept;
  bool cut = false;
  for (std::string line; std::getline(in, line);) {
    nlohmann::json j = nlohmann::json::parse(line, nullptr, false);
    bool stays = !in.eof() && j.is_object() && j.contains("step") &&
                 j["step"].is_number_integer() && j["step"].get<int64_t>() <= step;
    if (stays) kept += line + "\n";
    cut |= !stays;
  }
  if (!cut) return {};
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(kept);
  return file->commit(OutputFile::Durability::on_disk);
}

}  // namespace burin::train
