// The static type of each graph input, from the model's declaration and what the caller knows.
#pragma once

#include "onnx/import.h"

namespace burin::onnx {

struct BoundInput {
  std::string name;
  TensorType type;
};

struct BoundInputs {
  std::vector<BoundInput> inputs;  // in the model's order
  std::map<std::string, int64_t, std::less<>> symbols;
};

// The graph inputs that are fed at run time: those that are no initialisers, and initialisers that
// `options` names. A given shape beats a symbol's size from another input, but must agree with
// fixed sizes and with `options.symbols`.
Result<BoundInputs> bind_inputs(const Model& model, const ImportOptions& options);

}  // namespace burin::onnx
