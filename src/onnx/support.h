// Which of a model's nodes have no rule.
#pragma once

#include "onnx/model.h"

namespace burin::onnx {

// The opset that `domain` has in the model; 0 if the model does not import it.
int64_t opset_of(const Model& model, std::string_view domain);

// Fails with one Diagnostic that lists every unsupported op of the model, subgraphs included:
// op, domain, opset, how many nodes, and their names.
Result<void> check_support(const Model& model);

}  // namespace burin::onnx
