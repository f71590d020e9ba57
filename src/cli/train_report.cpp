// Files, predictions and settings -> report/training.h.
#include "cli/train_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "data/thumbnail.h"
#include "report/training.h"
#include "train/predictions.h"

namespace burin::cli {

namespace {

constexpr size_t kPictures = 24;
constexpr int kPictureSide = 144;
constexpr int64_t kRatePoints = 400;

double number_of(const nlohmann::json& line, const char* key) {
  auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : std::nan("");
}

// The lines of metrics.jsonl; where an epoch has several, the last one.
std::vector<report::TrainingEpoch> read_epochs(const std::string& path) {
  std::map<int64_t, report::TrainingEpoch> epochs;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("epoch") || !line["epoch"].is_number()) continue;
    auto epoch = line["epoch"].get<int64_t>();
    epochs[epoch] = {epoch,
                     number_of(line, "loss"),
                     number_of(line, "accuracy"),
                     number_of(line, "validation_loss"),
                     number_of(line, "validation_accuracy"),
                     number_of(line, "seconds")};
  }
  std::vector<report::TrainingEpoch> list;
  for (const auto& [number, epoch] : epochs) list.push_back(epoch);
  return list;
}

std::vector<int64_t> count_classes(const data::Dataset& set, const std::vector<int64_t>& items) {
  std::vector<int64_t> counts(set.classes().size());
  for (int64_t item : items) ++counts[static_cast<size_t>(set.label(item))];
  return counts;
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// The options as they hold, but those that were not used.
std::vector<std::pair<std::string, std::string>> settings_of(TrainOptions& options) {
  std::vector<std::pair<std::string, std::string>> settings;
  options.each([&](const char* name, auto& field) {
    nlohmann::json value = field;
    bool unused = value.empty() || value == "" || value == false ||
                  (value.is_number() && value.get<double>() <= 0);
    if (!unused) settings.emplace_back(name, text_of(value));
  });
  return settings;
}

// Those that the network is surest of.
std::vector<train::Prediction> worst_first(std::vector<train::Prediction> predictions) {
  std::erase_if(predictions, [](const train::Prediction& p) { return p.guess == p.label; });
  std::ranges::stable_sort(predictions, std::greater<>(), [](const train::Prediction& p) {
    return p.guess_probability - p.label_probability;
  });
  return predictions;
}

void add_mistakes(const Sources& sources, const std::vector<train::Prediction>& predictions,
                  report::Training& out) {
  const data::Dataset& set = sources.held_out();
  std::vector<train::Prediction> mistakes = worst_first(predictions);
  out.mistakes_in_all = static_cast<int64_t>(mistakes.size());
  for (const train::Prediction& p : mistakes) {
    if (out.mistakes.size() == kPictures) return;
    bool named = static_cast<size_t>(p.guess) < out.classes.size();
    int64_t item = sources.items.held_out[static_cast<size_t>(p.row)];
    auto picture = data::make_thumbnail(set, item, kPictureSide);
    if (!picture || !named) continue;
    out.mistakes.push_back({set.name(item), p.label, p.guess, p.label_probability,
                            p.guess_probability, picture->width, picture->height,
                            std::move(picture->jpeg)});
  }
}

void add_learning_rates(const train::Trainer& trainer, report::Training& out) {
  if (out.epochs.empty()) return;
  int64_t steps = out.epochs.back().epoch * trainer.steps_per_epoch();
  int64_t every = std::max<int64_t>(1, steps / kRatePoints);
  for (int64_t step = 0; step < steps; step += every) {
    out.learning_rates.emplace_back(
        static_cast<double>(step) / static_cast<double>(trainer.steps_per_epoch()),
        trainer.learning_rate_at(step));
  }
}

}  // namespace

Result<void> write_training_report(TrainOptions& options, Sources& sources,
                                   const train::Trainer& trainer) {
  std::string best = options.out + "/best.onnx";
  std::error_code ignored;
  if (!std::filesystem::exists(best, ignored)) return {};
  BURIN_ASSIGN(int64_t limit, options.common.memory_limit());
  BURIN_ASSIGN(auto model, driver::Model::load(best, limit));
  BURIN_ASSIGN(train::Trainable trainable, train::make_trainable(model->proto(), best));
  train::ProgramOptions programs;
  BURIN_ASSIGN(programs.compile, options.common.compile_options());
  programs.threads = options.common.thread_count();
  BURIN_ASSIGN(auto predictions, train::predict(trainable, *sources.validation, programs));

  report::Training page;
  page.network = options.network.name();
  page.samples = options.samples.data;
  page.epochs = read_epochs(options.out + "/metrics.jsonl");
  page.classes = sources.sets.train->classes();
  auto classes = static_cast<int64_t>(page.classes.size());
  page.confusion = train::confusion_matrix(predictions, classes);
  page.training_samples = count_classes(*sources.sets.train, sources.items.train);
  page.validation_samples = count_classes(sources.held_out(), sources.items.held_out);
  page.settings = settings_of(options);
  add_mistakes(sources, predictions, page);
  add_learning_rates(trainer, page);
  return write_text(options.out + "/report.html", report::training_page(page));
}

}  // namespace burin::cli
