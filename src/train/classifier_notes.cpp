// Metadata as text and JSON.
#include "train/classifier_notes.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

namespace burin::train {

namespace {

using nlohmann::json;

constexpr const char *kLabels = "labels", *kPictures = "burin.pictures", *kLoss = "burin.loss";
constexpr int kMaxSide = 16384;

std::string join_lines(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "\n") + name;
  return text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  return lines;
}

json format_to_json(const data::PictureFormat& f) {
  auto channels = static_cast<size_t>(f.channels);
  auto first = [&](const std::array<float, 3>& a) {
    return std::vector<float>(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(channels));
  };
  return {{"width", f.width},
          {"height", f.height},
          {"channels", f.channels},
          {"layout", f.layout == data::Layout::nchw ? "nchw" : "nhwc"},
          {"mean", first(f.normalisation.mean)},
          {"deviation", first(f.normalisation.deviation)}};
}

// One number for each channel. Throws json::exception.
void read_channels(const json& list, int channels, std::array<float, 3>& out) {
  for (int c = 0; c < channels; ++c)
    list.at(static_cast<size_t>(c)).get_to(out[static_cast<size_t>(c)]);
}

// Throws json::exception where something is missing or of another type.
data::PictureFormat format_from_json(const json& j) {
  data::PictureFormat f;
  f.width = j.at("width").get<int>();
  f.height = j.at("height").get<int>();
  f.channels = j.at("channels").get<int>() == 1 ? 1 : 3;
  f.layout = j.at("layout").get<std::string>() == "nhwc" ? data::Layout::nhwc : data::Layout::nchw;
  read_channels(j.at("mean"), f.channels, f.normalisation.mean);
  read_channels(j.at("deviation"), f.channels, f.normalisation.deviation);
  return f;
}

bool is_sane(const data::PictureFormat& f) {
  const data::Normalisation& n = f.normalisation;
  auto finite = [](float v) { return std::isfinite(v); };
  auto divides = [](float v) { return std::isfinite(v) && v > 0; };
  return f.width > 0 && f.height > 0 && f.width <= kMaxSide && f.height <= kMaxSide &&
         std::ranges::all_of(n.mean, finite) && std::ranges::all_of(n.deviation, divides);
}

}  // namespace

void write_notes(const ClassifierNotes& notes, Metadata& metadata) {
  if (!notes.classes.empty()) metadata[kLabels] = join_lines(notes.classes);
  if (notes.pictures) metadata[kPictures] = format_to_json(*notes.pictures).dump();
  if (!notes.loss.empty()) metadata[kLoss] = notes.loss;
}

Result<ClassifierNotes> read_notes(const Metadata& metadata) {
  ClassifierNotes notes;
  auto text_of = [&](const char* key) {
    auto found = metadata.find(key);
    return found == metadata.end() ? std::string() : found->second;
  };
  notes.classes = split_lines(text_of(kLabels));
  notes.loss = text_of(kLoss);
  std::string pictures = text_of(kPictures);
  if (pictures.empty()) return notes;
  try {
    notes.pictures = format_from_json(json::parse(pictures));
  } catch (const json::exception&) {
    return fail(kPictures, "the model's metadata does not describe pictures",
                "export the network again");
  }
  if (is_sane(*notes.pictures)) return notes;
  return fail(kPictures, "the model's metadata asks for impossible pictures",
              "export the network again");
}

std::string default_loss(Head head) {
  return head == Head::sigmoid ? "bce_with_logits" : "cross_entropy";
}

std::vector<double> probabilities(std::vector<double> outputs, Head head) {
  if (outputs.size() == 1) {
    double p = head == Head::sigmoid ? outputs[0] : 1 / (1 + std::exp(-outputs[0]));
    return {1 - p, p};
  }
  if (outputs.empty() || head == Head::softmax || head == Head::sigmoid) return outputs;
  double top = std::ranges::max(outputs), sum = 0;
  for (double& v : outputs) sum += v = std::exp(v - top);
  for (double& v : outputs) v /= sum;
  return outputs;
}

}  // namespace burin::train
