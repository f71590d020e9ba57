// Which parts of a network training leaves as they are.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "onnx/model.h"

namespace burin::train {

using Names = std::set<std::string, std::less<>>;

// By their names. Frozen weights are constants of a step: no gradient, no state of the optimiser.
// Frozen BatchNormalization keeps its form of inference, and its statistics.
struct Frozen {
  Names nodes, weights;
};

// A part is "body", everything before the classifier (train/classifier.h), or the beginning of
// names of nodes or weights. Refuses a part that names nothing.
Result<Frozen> find_frozen(const onnx::Model& model, const std::vector<std::string>& parts);

}  // namespace burin::train
