// Makes a network trainable. In: a model as loaded. Out: two models whose weights are graph inputs,
// for steps and for evaluation, and what those inputs are at first. Look next: train/step_graph.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "onnx/model.h"
#include "train/freeze.h"

namespace burin::train {

// Of a model, as it stands in the file.
using Metadata = std::map<std::string, std::string, std::less<>>;

struct NamedTensor {
  std::string name;
  Tensor value;
};

// The activation at the end of a network. Training goes on from its operand, which losses take.
enum class Head { none, softmax, log_softmax, sigmoid };

struct Trainable {
  std::string name;   // of the network
  std::string input;  // the data, [N, ...]
  Head head = Head::none;
  onnx::Model original;
  // The first output is the scores. `training` normalises by the statistics of the batch, has one
  // further output for each of `statistics` (its new value), and drops out at random if
  // `is_random`, by the input kSeedInput. `evaluation` is the network in inference.
  onnx::Model training, evaluation;
  std::vector<NamedTensor> parameters;  // f32, inputs of both models
  std::vector<NamedTensor> statistics;  // of BatchNormalization, in the order of the outputs
  bool is_random = false;
};

inline constexpr std::string_view kSeedInput = "burin.seed";  // u32[], another one each step

// Refuses networks with several inputs or several outputs, and those without weights to train.
// Parameters and statistics that are frozen stay initialisers.
Result<Trainable> make_trainable(const onnx::Model& model, const std::string& name,
                                 const Frozen& frozen = {});

// A network that stays as it is: only `evaluation` is made, its weights are constants, and there
// are no parameters and no statistics. Refuses networks with several inputs or several outputs.
Result<Trainable> make_evaluable(const onnx::Model& model, const std::string& name);

// The activation that makes the first output.
Head head_of(const onnx::Model& model);

// The batch size, where the network takes no other.
std::optional<int64_t> fixed_batch(const Trainable& trainable);

// The shape of one sample of the data, 1 for open dimensions.
Result<Shape> sample_shape(const Trainable& trainable);

// The original with these weights (parameters and statistics) in place of its own, as an ONNX file
// with this metadata.
Result<void> save_model(const Trainable& trainable, const std::vector<NamedTensor>& weights,
                        const Metadata& metadata, const std::string& path);

}  // namespace burin::train
