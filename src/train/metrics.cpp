// Reads all lines, writes those that stay.
#include "train/metrics.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/output_file.h"

namespace burin::train {

std::string metrics_line(const EpochReport& r) {
  nlohmann::json line = {{"epoch", r.epoch},
                         {"step", r.step},
                         {"loss", r.loss},
                         {"accuracy", r.accuracy},
                         {"validation_loss", r.validation_loss},
                         {"validation_accuracy", r.validation_accuracy},
                         {"learning_rate", r.learning_rate},
                         {"seconds", r.seconds},
                         {"samples_per_second", r.rate},
                         {"waiting_for_data", r.waiting},
                         {"recomputed", r.recomputed}};
  return line.dump();
}

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
