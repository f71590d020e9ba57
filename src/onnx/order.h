// The order in which to build a graph's nodes: producers before users.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "onnx/model.h"

namespace burin::onnx {

// Indices into graph.nodes in topological order, the file's own order where that is one already.
// `is_outer` tells which names the graphs around this one define. Refuses cycles, values that are
// produced twice, and names that nothing produces.
Result<std::vector<size_t>> order_nodes(const GraphProto& graph,
                                        const std::function<bool(std::string_view)>& is_outer);

// "node 'conv1' (Conv)".
std::string node_label(const NodeView& node);

}  // namespace burin::onnx
