// What a rule for an ONNX op sees: one node of the model, its inputs as graph values, and the
// builder. A rule is registered by src/ops with BURIN_ONNX_OP and builds primitives; whatever it
// cannot do it refuses by throwing graph::BuildError with the reason.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/builder.h"

namespace burin::onnx {

struct GraphProto;  // a parsed subgraph attribute; onnx/model.h

// An attribute that is in the file but cannot be represented; reading it throws the reason.
struct UnsupportedAttribute {
  std::string reason;
};

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                                    std::vector<float>, std::vector<std::string>, Tensor,
                                    std::shared_ptr<const GraphProto>, UnsupportedAttribute>;

struct NodeView {
  std::string name;    // the node's own, else its first output's
  std::string domain;  // "" is ai.onnx
  std::string op_type;
  std::vector<std::string> inputs, outputs;  // "" marks an absent optional one
  std::map<std::string, AttributeValue, std::less<>> attributes;
};

class OpContext {
 public:
  virtual ~OpContext() = default;
  OpContext(const NodeView& node_view, graph::Builder& builder, int64_t opset_version)
      : node(node_view), b(builder), opset(opset_version) {}

  const NodeView& node;
  graph::Builder& b;
  const int64_t opset;  // of the node's domain

  // Inputs. `input` throws if the input is absent.
  size_t input_count() const { return node.inputs.size(); }
  bool has_input(size_t i) const;
  virtual graph::NodeId input(size_t i) = 0;
  // The value of an input that must be known while building: an initialiser, anything computed
  // from shapes and constants, or a graph input (which is then specialised by value).
  // Throws if it depends on run-time data.
  Tensor constant_input(size_t i) { return constant_value(input(i)); }
  std::vector<int64_t> ints_input(size_t i) { return constant_input(i).to_ints(); }
  // The same, but nullopt where it is not known without specialising.
  std::optional<Tensor> known_input(size_t i) { return known_value(input(i)); }

  size_t output_count() const { return node.outputs.size(); }
  bool wants_output(size_t i) const;
  virtual void set_output(size_t i, graph::NodeId value) = 0;

  // Builds the nodes of a subgraph here, in the scope of this node, with its inputs bound to
  // `inputs`; returns its outputs. For control flow that is decided while building.
  virtual std::vector<graph::NodeId> inline_graph(const GraphProto& body,
                                                  std::span<const graph::NodeId> inputs) = 0;
  // As constant_input and known_input, for any value.
  virtual Tensor constant_value(graph::NodeId value) = 0;
  virtual std::optional<Tensor> known_value(graph::NodeId value) = 0;

  // Attributes, with the default or (second form) a refusal if they are missing.
  bool has_attr(std::string_view name) const;
  int64_t attr_int(std::string_view name, int64_t fallback) const;
  int64_t attr_int(std::string_view name) const;
  float attr_float(std::string_view name, float fallback) const;
  std::string attr_string(std::string_view name, std::string_view fallback) const;
  std::vector<int64_t> attr_ints(std::string_view name, std::vector<int64_t> fallback = {}) const;
  std::vector<float> attr_floats(std::string_view name, std::vector<float> fallback = {}) const;
  std::vector<std::string> attr_strings(std::string_view name) const;  // {} if missing
  Tensor attr_tensor(std::string_view name) const;
  std::shared_ptr<const GraphProto> attr_graph(std::string_view name) const;

  // A possibly negative axis brought into [0, rank); throws when out of range.
  static int64_t axis(int64_t value, size_t rank);
};

using BuildRule = void (*)(OpContext&);

inline constexpr int64_t kNoLastOpset = 1 << 30;

struct OnnxOp {
  std::string_view domain;
  std::string_view op_type;
  int64_t since = 1;             // first opset that this rule understands
  int64_t until = kNoLastOpset;  // last opset
  BuildRule build = nullptr;
  // Where `build` is null: why this op is known and not supported, and the way out.
  std::string_view refusal = {};
};

// The rule for an op, or null.
const OnnxOp* find_onnx_op(std::string_view domain, std::string_view op_type, int64_t opset);
// The opsets that rules for this op exist for, as text ("7 to 12, 13 on"); empty if there are none.
std::string supported_opsets(std::string_view domain, std::string_view op_type);
// All rules, sorted by domain, name and version.
std::vector<const OnnxOp*> all_onnx_ops();

struct RegisterOnnxOp {
  explicit RegisterOnnxOp(OnnxOp op);
};

}  // namespace burin::onnx

// BURIN_ONNX_OP(Softmax, 1, build_softmax);   an ai.onnx op from opset 1 on
#define BURIN_ONNX_OP(type, since_opset, rule)                                          \
  static const ::burin::onnx::RegisterOnnxOp register_##type##_##since_opset {          \
    ::burin::onnx::OnnxOp { "", #type, since_opset, ::burin::onnx::kNoLastOpset, rule } \
  }
