// Model -> graph::Graph, for one set of input shapes: symbolic dimensions are bound, what depends
// only on shapes and constants folds, and inputs that determine a shape are taken by value. The
// meaning of each op is a rule of src/ops, found through onnx/node_view.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "onnx/model.h"

namespace burin::onnx {

struct ImportOptions {
  // Shapes of graph inputs by name; those not named follow from the model and `symbols`.
  std::map<std::string, Dims, std::less<>> input_shapes;
  // Graph inputs whose value is known; each gives its shape too. Rules that need a value to fix a
  // shape take it from here; the others ignore it. May name an initialiser that is also a graph
  // input: it then is an input.
  std::map<std::string, Tensor, std::less<>> input_values;
  // Sizes of dimensions by symbol.
  std::map<std::string, int64_t, std::less<>> symbols;
  // For dimensions that none of the above fixes; nullopt refuses them.
  std::optional<int64_t> default_dim = 1;
  // Bytes that values evaluated while importing may take at most; 0 for the built-in limit.
  int64_t max_memory = 0;
};

struct Imported {
  graph::Graph graph;
  // Graph inputs that were specialised by value: with another value the graph may be wrong, so a
  // cache of programs has these values in its key. They stay inputs of the graph.
  std::vector<std::string> value_inputs;
  // The size that each symbol of the inputs has here.
  std::map<std::string, int64_t, std::less<>> symbols;
};

// The Diagnostic names the model's node, input or value at fault. Unsupported ops are all listed
// at once, before anything is built.
Result<Imported> import_model(const Model& model, const ImportOptions& options = {});

}  // namespace burin::onnx
