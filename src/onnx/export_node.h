// One primitive at a time as ONNX nodes; driven by onnx/export.cpp. Throws graph::BuildError for
// what ONNX cannot say.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/op_def.h"
#include "onnx/emitter.h"

namespace burin::onnx {

class Exporter {
 public:
  using Value = Emitter::Value;

  Exporter(const graph::Graph& graph, std::set<std::string> reserved)
      : g_(graph), e_(std::move(reserved)), values_(graph.size()), narrow_(graph.size()) {}

  // Emits a node whose operands have been added before.
  void add(graph::NodeId id);
  Value value(graph::NodeId id) const { return values_[id]; }
  Emitter& emitter() { return e_; }

 private:
  Value build(graph::NodeId id);
  Value elementwise(graph::NodeId id);
  Value unary(graph::NodeId id, const Value& x);
  Value binary(graph::NodeId id, const Value& a, const Value& b);
  Value logical(graph::NodeId id, const Value& a, const Value& b);
  Value integer_div(const Value& a, const Value& b, const TensorType& type);
  Value expm1(const Value& x);
  Value log1p(const Value& x);

  // Movement, in export_movement.cpp.
  Value iota(graph::NodeId id);
  Value broadcast(graph::NodeId id);
  Value reverse(graph::NodeId id);
  Value gather(graph::NodeId id);
  Value scatter(graph::NodeId id);
  Value argsort(graph::NodeId id);

  // Contractions and windows, in export_contract.cpp.
  Value reduce(graph::NodeId id);
  Value reduce_window(graph::NodeId id);
  Value pool(const Value& x, const graph::WindowAttr& window, const Dims& axes);
  Value sum_pool(const Value& x, const Dims& window, const Dims& dilation, const TensorType& type,
                 Attributes attributes);
  Value dot_general(graph::NodeId id);
  Value convolution(graph::NodeId id);

  Value operand(graph::NodeId id, size_t i) const { return values_[g_[id].operands[i]]; }
  // An elementwise op's operands; those that are broadcast stay small where another one is whole.
  std::vector<Value> operands(graph::NodeId id) const;
  // x (op) a constant of x's dtype.
  Value with(const char* op_type, const Value& x, double constant);

  const graph::Graph& g_;
  Emitter e_;
  IdVector<graph::NodeId, Value> values_;
  IdVector<graph::NodeId, Value> narrow_;  // of broadcasts: the value before it is expanded
};

}  // namespace burin::onnx
