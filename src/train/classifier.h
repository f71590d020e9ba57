// The layer at the end of a network that makes the scores of its classes: found, and replaced by
// one for other classes.
#pragma once

#include <string>
#include <vector>

#include "onnx/model.h"

namespace burin::train {

struct Classifier {
  std::string name, op_type;  // of the node: Gemm, MatMul or Conv
  std::string weights, bias;  // initialisers; bias may be empty
  size_t axis = 0;            // of the weights, along the classes
  int64_t inputs = 0;         // how many values a score is a weighted sum of
  int64_t classes = 0;
  std::vector<std::string> reshapes;  // outputs of the Reshape nodes that the scores pass

  std::string text() const;  // "fc (Gemm, 512 to 10)"
};

// Walks back from the output past activations, pooling and changes of shape. Refuses networks that
// end otherwise, or whose last weights are no f32 initialisers or are read by other nodes too.
Result<Classifier> find_classifier(const onnx::Model& model);

// The model with `classes` scores: weights drawn anew by `seed`, biases 0. All else stays.
onnx::Model replace_classifier(const onnx::Model& model, const Classifier& classifier,
                               int64_t classes, uint64_t seed);

}  // namespace burin::train
