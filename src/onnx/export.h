// graph::Graph -> ONNX: every primitive as standard operators of opset 18, shapes static. The
// inverse of onnx/import.h up to the choice of operators: importing the result gives a graph that
// computes the same.
#pragma once

#include "graph/graph.h"
#include "onnx/write.h"

namespace burin::onnx {

// Refuses, with the node and the reason, what ONNX has no operators for: products over windows,
// shifts of signed integers to the right, contractions of 8- and 16-bit integers.
Result<ModelWriter> export_graph(const graph::Graph& graph);

}  // namespace burin::onnx
