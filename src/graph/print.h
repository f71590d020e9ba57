// The graph as text, one node a line, for dumps, tests and people; graph/parse.h reads it back.
//
//   graph "lenet" {
//     source @0 "conv1" "Conv"
//     %0 = parameter() {index=0} : f32[1,28,28,1]
//     %1 = constant() {value=[1, -2.5]} : f32[2]
//     %2 = add(%0, %1) : f32[2] @0
//     input "image" = %0
//     output "scores" = %2
//   }
#pragma once

#include <string>

#include "graph/graph.h"

namespace burin::graph {

struct PrintOptions {
  // Constants of more elements are hexadecimal blobs of their bytes.
  int64_t max_inline_elements = 16;
  // Writes `...` for those blobs: shorter, but it does not read back.
  bool elide = false;
};

// Ids are numbered in node order, so print(*parse(print(g))) == print(g).
std::string print(const Graph& graph, const PrintOptions& options = {});
// One node's line without indentation or line end, for errors and listings.
std::string print_node(const Graph& graph, NodeId id, const PrintOptions& options = {16, true});
// " {stride=[1,1], groups=1}"; nothing for an op without attributes. Long constants are elided.
std::string attr_text(const Attr& attr);
// "f32[2,3]"
std::string type_text(const TensorType& type);

}  // namespace burin::graph
