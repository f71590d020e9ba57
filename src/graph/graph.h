// The tensor IR: a list of nodes in topological order, each with one typed result.
// Built with graph/builder.h, checked by graph/verify.h, evaluated by graph/eval.h,
// rewritten by making a new graph (graph/rewrite.h). What an op means is in graph/op_def.h.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "graph/op.h"

namespace burin::graph {

struct NodeTag;
struct SourceTag;
using NodeId = Id<NodeTag>;
using SourceId = Id<SourceTag>;

// Where a node came from: the layer of the model file, for errors, listings and profiles.
struct Source {
  std::string name;     // the ONNX node's name, or its first output's
  std::string op_type;  // "Conv"
};

struct Node {
  Op op = Op::parameter;
  TensorType type;
  std::vector<NodeId> operands;
  Attr attr;
  SourceId source;  // may be invalid
};

struct Port {
  std::string name;
  NodeId node;
};

struct Graph {
  std::string name;
  IdVector<NodeId, Node> nodes;  // operands precede their users
  std::vector<Port> inputs;      // each a parameter node with this position as its index
  std::vector<Port> outputs;
  IdVector<SourceId, Source> sources;

  const Node& operator[](NodeId id) const { return nodes[id]; }
  const TensorType& type(NodeId id) const { return nodes[id].type; }
  size_t size() const { return nodes.size(); }

  template <class A>
  const A& attr(NodeId id) const {
    return std::get<A>(nodes[id].attr);
  }
  bool is_constant(NodeId id) const { return nodes[id].op == Op::constant; }
  const Tensor& constant(NodeId id) const { return attr<ConstantAttr>(id).value; }
  // How many operands and outputs refer to each node.
  IdVector<NodeId, int> use_counts() const;
};

}  // namespace burin::graph
