// Attribute access with precise refusals, and the registry of ONNX rules.
#include "onnx/node_view.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"

namespace burin::onnx {

using graph::BuildError;

namespace {

std::string quote(std::string_view name) { return "'" + std::string(name) + "'"; }

template <class T>
constexpr const char* kind_of() {
  if constexpr (std::is_same_v<T, int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, float>) return "a float";
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (std::is_same_v<T, std::vector<int64_t>>) return "a list of integers";
  if constexpr (std::is_same_v<T, std::vector<float>>) return "a list of floats";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "a list of strings";
  if constexpr (std::is_same_v<T, Tensor>) return "a tensor";
  return "a graph";
}

// The attribute's value, null if it is missing; throws if it is of another kind.
template <class T>
const T* find_attr(const NodeView& node, std::string_view name) {
  auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return nullptr;
  if (const T* value = std::get_if<T>(&found->second)) return value;
  if (auto* unsupported = std::get_if<UnsupportedAttribute>(&found->second)) {
    throw BuildError("attribute " + quote(name) + ": " + unsupported->reason);
  }
  throw BuildError("attribute " + quote(name) + " is not " + kind_of<T>());
}

template <class T>
const T& need_attr(const NodeView& node, std::string_view name) {
  const T* value = find_attr<T>(node, name);
  if (!value) throw BuildError("attribute " + quote(name) + " is missing");
  return *value;
}

}  // namespace

bool OpContext::has_input(size_t i) const {
  return i < node.inputs.size() && !node.inputs[i].empty();
}

bool OpContext::wants_output(size_t i) const {
  return i < node.outputs.size() && !node.outputs[i].empty();
}

bool OpContext::has_attr(std::string_view name) const { return node.attributes.contains(name); }

int64_t OpContext::attr_int(std::string_view name, int64_t fallback) const {
  const auto* value = find_attr<int64_t>(node, name);
  return value ? *value : fallback;
}

int64_t OpContext::attr_int(std::string_view name) const { return need_attr<int64_t>(node, name); }

float OpContext::attr_float(std::string_view name, float fallback) const {
  const auto* value = find_attr<float>(node, name);
  return value ? *value : fallback;
}

std::string OpContext::attr_string(std::string_view name, std::string_view fallback) const {
  const auto* value = find_attr<std::string>(node, name);
  return value ? *value : std::string(fallback);
}

std::vector<int64_t> OpContext::attr_ints(std::string_view name,
                                          std::vector<int64_t> fallback) const {
  const auto* value = find_attr<std::vector<int64_t>>(node, name);
  return value ? *value : fallback;
}

std::vector<float> OpContext::attr_floats(std::string_view name,
                                          std::vector<float> fallback) const {
  const auto* value = find_attr<std::vector<float>>(node, name);
  return value ? *value : fallback;
}

std::vector<std::string> OpContext::attr_strings(std::string_view name) const {
  const auto* value = find_attr<std::vector<std::string>>(node, name);
  return value ? *value : std::vector<std::string>();
}

Tensor OpContext::attr_tensor(std::string_view name) const { return need_attr<Tensor>(node, name); }

std::shared_ptr<const GraphProto> OpContext::attr_graph(std::string_view name) const {
  return need_attr<std::shared_ptr<const GraphProto>>(node, name);
}

int64_t OpContext::axis(int64_t value, size_t rank) {
  auto n = static_cast<int64_t>(rank);
  if (value < -n || value >= n) {
    throw BuildError("axis " + std::to_string(value) + " is out of range for rank " +
                     std::to_string(rank));
  }
  return value < 0 ? value + n : value;
}

namespace {

struct Registry {
  std::vector<OnnxOp> ops;
  bool sorted = false;
};

auto key_of(const OnnxOp& op) { return std::tie(op.domain, op.op_type); }

// Filled before main, sorted at the first look-up (which is then the only thing that changes it).
Registry& registry() {
  static Registry r;
  return r;
}

const std::vector<OnnxOp>& sorted_ops() {
  static const std::vector<OnnxOp>& ops = [] -> const std::vector<OnnxOp>& {
    std::ranges::sort(registry().ops, [](const OnnxOp& a, const OnnxOp& b) {
      return std::tie(a.domain, a.op_type, a.since) < std::tie(b.domain, b.op_type, b.since);
    });
    registry().sorted = true;
    return registry().ops;
  }();
  return ops;
}

std::span<const OnnxOp> versions_of(std::string_view domain, std::string_view op_type) {
  const auto& ops = sorted_ops();
  auto [begin, end] =
      std::ranges::equal_range(ops, std::tie(domain, op_type), std::less<>(), key_of);
  return {begin, end};
}

}  // namespace

RegisterOnnxOp::RegisterOnnxOp(OnnxOp op) {
  BURIN_CHECK(!registry().sorted, "an ONNX rule registered after the first look-up");
  registry().ops.push_back(op);
}

const OnnxOp* find_onnx_op(std::string_view domain, std::string_view op_type, int64_t opset) {
  const OnnxOp* best = nullptr;
  for (const OnnxOp& op : versions_of(domain, op_type)) {
    if (op.since <= opset && opset <= op.until) best = &op;
  }
  return best;
}

std::string supported_opsets(std::string_view domain, std::string_view op_type) {
  std::string out;
  for (const OnnxOp& op : versions_of(domain, op_type)) {
    if (!out.empty()) out += ", ";
    out += std::to_string(op.since);
    out += op.until == kNoLastOpset ? " on" : " to " + std::to_string(op.until);
  }
  return out;
}

std::vector<const OnnxOp*> all_onnx_ops() {
  std::vector<const OnnxOp*> out;
  for (const OnnxOp& op : sorted_ops()) out.push_back(&op);
  return out;
}

}  // namespace burin::onnx
