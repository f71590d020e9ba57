// Types and constants; no op's attributes name a float type.
#include "graph/in_doubles.h"

namespace burin::graph {

void in_doubles(Graph& graph) {
  for (Node& node : graph.nodes) {
    if (!is_float(node.type.dtype)) continue;
    node.type.dtype = DType::f64;
    if (auto* constant = std::get_if<ConstantAttr>(&node.attr)) {
      constant->value = in_doubles(constant->value);
    }
  }
}

Tensor in_doubles(const Tensor& tensor) {
  if (!is_float(tensor.dtype())) return tensor;
  return Tensor::from_doubles({DType::f64, tensor.shape()}, tensor.to_doubles());
}

}  // namespace burin::graph
