// What the training benchmarks share: a step graph of a network by name.
#pragma once

#include <string>

#include "train/step_graph.h"

namespace burin::bench {

struct TrainedNetwork {
  train::Trainable trainable;
  train::StepGraph step;
};

// The network is a built-in one or an ONNX file; its end decides the loss, labels are classes.
Result<TrainedNetwork> build_training(const std::string& network, int64_t batch,
                                      const train::Optimiser& optimiser);

// Refuses what does not exist.
Result<const train::Optimiser*> optimiser_named(const std::string& name);

}  // namespace burin::bench
