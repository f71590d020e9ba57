// Variables are the tensors; the rest is one JSON text in the metadata.
#include "train/checkpoint.h"

#include "tensor/safetensors.h"

namespace burin::train {

namespace {

using nlohmann::json;

constexpr const char* kKey = "burin.checkpoint";
constexpr int kVersion = 1;

json to_json(const Checkpoint& c) {
  return {{"version", kVersion},
          {"network", c.network},
          {"options", c.options},
          {"classes", c.classes},
          {"step", c.step},
          {"epoch_steps", c.epoch_steps},
          {"epoch_loss", c.sums.loss},
          {"epoch_correct", c.sums.correct},
          {"epoch_samples", c.sums.samples},
          {"best", c.best}};
}

// Throws json::exception where something is missing or of another type.
Checkpoint from_json(const json& j) {
  Checkpoint c;
  c.network = j.at("network").get<std::string>();
  c.options = j.at("options");
  c.classes = j.at("classes").get<std::vector<std::string>>();
  c.step = j.at("step").get<int64_t>();
  c.epoch_steps = j.at("epoch_steps").get<int64_t>();
  c.sums.loss = j.at("epoch_loss").get<double>();
  c.sums.correct = j.at("epoch_correct").get<int64_t>();
  c.sums.samples = j.at("epoch_samples").get<int64_t>();
  c.best = j.at("best").get<double>();
  return c;
}

}  // namespace

std::vector<NamedTensor> values_of(const Variables& variables) {
  std::vector<NamedTensor> values;
  for (const Variable& v : variables.all()) values.push_back({v.name, v.value});
  return values;
}

std::vector<NamedTensor> trained_weights(const Variables& variables) {
  std::vector<NamedTensor> weights;
  for (const Variable& v : variables.all()) {
    bool weight = v.kind == VariableKind::parameter || v.kind == VariableKind::statistic;
    if (!weight) continue;
    const Variable* average = variables.find("ema:" + v.name);
    weights.push_back({v.name, average ? average->value : v.value});
  }
  return weights;
}

Result<void> save_checkpoint(const Checkpoint& checkpoint, const std::string& path) {
  SafeTensors file;
  file.metadata[kKey] = to_json(checkpoint).dump(-1, ' ', false, json::error_handler_t::replace);
  for (const NamedTensor& v : checkpoint.variables) file.tensors.emplace_back(v.name, v.value);
  return write_safetensors(path, file);
}

Result<Checkpoint> load_checkpoint(const std::string& path) {
  BURIN_ASSIGN(SafeTensors file, read_safetensors(path));
  auto text = file.metadata.find(kKey);
  if (text == file.metadata.end()) return fail(path, "is no checkpoint of a training");
  json j = json::parse(text->second, nullptr, false);
  Checkpoint checkpoint;
  try {
    if (j.at("version").get<int>() != kVersion) {
      return fail(path, "is a checkpoint of another version of Burin");
    }
    checkpoint = from_json(j);
  } catch (const json::exception&) {
    return fail(path, "its description of the training is damaged");
  }
  if (checkpoint.step < 0) return fail(path, "its description of the training is damaged");
  for (auto& [name, value] : file.tensors) checkpoint.variables.push_back({name, value});
  return checkpoint;
}

Result<void> restore(const Checkpoint& checkpoint, const std::string& path, Variables& variables) {
  auto refuse = [&](const std::string& reason) {
    return fail(path, "does not fit this network and optimiser: " + reason,
                "it was made by training " + checkpoint.network);
  };
  if (checkpoint.variables.size() != variables.all().size()) {
    return refuse("it has " + std::to_string(checkpoint.variables.size()) +
                  " tensors where there are " + std::to_string(variables.all().size()));
  }
  for (const NamedTensor& v : checkpoint.variables) {
    auto done = variables.set(v.name, v.value);
    if (!done) return refuse(done.error().where + " " + done.error().reason);
  }
  return {};
}

}  // namespace burin::train
