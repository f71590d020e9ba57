// Values inside a model by name, to make them outputs and look at them.
#pragma once

#include <string>

#include "onnx/model.h"

namespace burin::onnx {

// The value that `name` means in the main graph: a value's own name, or a node's for its first
// output. Only the result's name is set, which is enough for an output. Refuses unknown names.
Result<ValueInfo> find_value(const Model& model, const std::string& name);

}  // namespace burin::onnx
