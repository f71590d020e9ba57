// The page of a training: sections in the order in which a reader asks.
#include "report/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/units.h"
#include "report/parts.h"
#include "report/training_parts.h"

namespace burin::report {

namespace {

const TrainingEpoch& best_of(const Training& t) {
  return *std::ranges::max_element(t.epochs, {}, &TrainingEpoch::validation_accuracy);
}

int64_t total(const std::vector<int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

std::string duration(double seconds) {
  auto s = std::llround(seconds);
  if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  return s >= 100 ? fmt::format("{} min {:02} s", s / 60, s % 60) : fmt::format("{} s", s);
}

// "60,000"
std::string grouped(int64_t count) {
  std::string text = std::to_string(count);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

std::string figures(const Training& t) {
  double seconds = 0;
  for (const TrainingEpoch& e : t.epochs) seconds += e.seconds;
  std::string out = "<div class='figures'>\n";
  if (!t.epochs.empty()) {
    const TrainingEpoch& best = best_of(t);
    out += figure(fmt::format("{:.2f} %", 100 * best.validation_accuracy), "validation accuracy");
    out += figure(fmt::format("{:.3g}", best.validation_loss), "validation loss");
    out += figure(fmt::format("{} of {}", best.epoch, t.epochs.back().epoch), "the best epoch");
  }
  out += figure(duration(seconds), "of training");
  out += figure(grouped(total(t.training_samples)),
                fmt::format("samples, {} to validate", grouped(total(t.validation_samples))));
  return out + "</div>\n";
}

// What the curves say, in a sentence.
std::string verdict(const Training& t) {
  if (t.epochs.empty()) return {};
  const TrainingEpoch &best = best_of(t), &last = t.epochs.back();
  double gap = last.accuracy - last.validation_accuracy;
  std::string text;
  if (!std::isfinite(last.loss)) {
    text = "The loss is no longer a number: a smaller learning rate may help.";
  } else if (gap > 0.05) {
    text = fmt::format(
        "It knows the training samples better than others, by {:.1f} points: more samples, "
        "augmentation, dropout or weight decay may help.",
        100 * gap);
  } else if (best.epoch == last.epoch && t.epochs.size() > 1) {
    text = "The last epoch is the best one: more epochs may help.";
  }
  return text.empty() ? "" : "<p class='verdict'>" + escaped(text) + "</p>\n";
}

Curve curve(const Training& t, const char* name, const char* kind, double TrainingEpoch::*field) {
  Curve c{name, kind, {}};
  for (const TrainingEpoch& e : t.epochs) {
    c.points.emplace_back(static_cast<double>(e.epoch), e.*field);
  }
  return c;
}

std::string chart_box(const char* title, const Chart& chart) {
  return fmt::format("<div><h3>{}</h3>{}</div>\n", title, chart_svg(chart));
}

std::string curves_part(const Training& t) {
  if (t.epochs.empty()) return "<p class='note'>No epoch has come to its end yet.</p>\n";
  double epochs = static_cast<double>(t.epochs.back().epoch);
  double marked = t.epochs.size() > 1 ? static_cast<double>(best_of(t).epoch) : 0;
  Chart accuracy{"accuracy by epoch",
                 {curve(t, "training", "train", &TrainingEpoch::accuracy),
                  curve(t, "validation", "validation", &TrainingEpoch::validation_accuracy)},
                 epochs,
                 true,
                 marked};
  Chart loss{"loss by epoch",
             {curve(t, "training", "train", &TrainingEpoch::loss),
              curve(t, "validation", "validation", &TrainingEpoch::validation_loss)},
             epochs,
             false,
             marked};
  Chart rate{"learning rate over time", {{"learning rate", "rate", t.learning_rates}}, epochs};
  rate.height = 200, rate.width = 1140;
  return "<div class='charts'>" + chart_box("Accuracy", accuracy) + chart_box("Loss", loss) +
         "</div>\n" + chart_box("Learning rate", rate);
}

}  // namespace

std::string mistakes_part(const Training& t) {
  if (t.mistakes.empty()) return "<p class='note'>None.</p>\n";
  std::string out = "<div class='mistakes'>\n";
  for (const Mistake& m : t.mistakes) {
    out += fmt::format(
        "<figure title='{}'><img class='{}' alt='{}' width='{}' height='{}' "
        "src='data:image/jpeg;base64,{}'><figcaption><b>{}</b> {:.1f} %<br><span>is {} "
        "{:.1f} %</span></figcaption></figure>\n",
        escaped(m.name), std::max(m.width, m.height) < 64 ? "coarse" : "fine", escaped(m.name),
        m.width, m.height, base64(m.jpeg), escaped(t.classes[static_cast<size_t>(m.guess)]),
        100 * m.guess_probability, escaped(t.classes[static_cast<size_t>(m.label)]),
        100 * m.label_probability);
  }
  out += "</div>\n";
  auto left = t.mistakes_in_all - static_cast<int64_t>(t.mistakes.size());
  if (left > 0) out += fmt::format("<p class='note'>and {} more mistakes</p>\n", left);
  return out;
}

std::string training_page(const Training& t) {
  std::string body = fmt::format("<header><h1>{}</h1><p>trained by Burin on {}</p></header>\n",
                                 escaped(t.network), escaped(t.samples));
  body += "<section class='first'>" + figures(t) + verdict(t) + "</section>\n";
  body += section("How it went",
                  "Training values are means over an epoch, while the network still changes; "
                  "validation is on samples that it never learns from.",
                  curves_part(t));
  body += section("What is taken for what",
                  "Validation samples by the best network: a row for each class. Found: the share "
                  "of the row that is right; right: that of the column.",
                  confusion_part(t));
  body += section("The worst mistakes",
                  "Validation samples by how sure the best network is of a wrong class. Some may "
                  "be labelled wrongly.",
                  mistakes_part(t));
  body += section("How many samples each class has", "For training, + for validation.",
                  balance_part(t));
  body += "<section class='settings'>" + facts_table("Settings", t.settings) + "</section>\n";
  return document(t.network + " – Burin training",
                  std::string(page_style()) + std::string(training_style()), body);
}

}  // namespace burin::report
