// Why the kernels of a network are what they are, in the words of its layers: what each one holds,
// why its value goes to memory there, which methods were refused. For people; nothing is decided
// here.
#pragma once

#include <string>
#include <vector>

#include "lower/kernel.h"

namespace burin::lower {

// A layer of the model with the primitives that it became inside one kernel.
struct FusedLayer {
  graph::SourceId source;  // may be invalid
  std::string layer;
  std::vector<std::string> ops;
};

struct KernelStory {
  std::string kind;               // "convolution", "elementwise map", "rows"
  std::vector<FusedLayer> fused;  // in the order of computation
  std::string ended;              // why nothing more was fused behind it
};

// One story per kernel, in their order.
std::vector<KernelStory> explain(const graph::Graph& graph, const Lowered& lowered);

}  // namespace burin::lower
