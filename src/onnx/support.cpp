// Walks the nodes, collects those without a rule, and words the list.
#include "onnx/support.h"

#include <algorithm>

#include "onnx/wire.h"

namespace burin::onnx {

int64_t opset_of(const Model& model, std::string_view domain) {
  auto found = model.opsets.find(domain);
  return found == model.opsets.end() ? 0 : found->second;
}

namespace {

struct Missing {
  size_t count = 0;
  std::string_view refusal;        // empty: the op is not known
  std::vector<std::string> names;  // the first few
};

using MissingOps = std::map<std::pair<std::string, std::string>, Missing>;

void collect(const Model& model, const GraphProto& graph, MissingOps& missing) {
  constexpr size_t kMostNames = 8;
  for (const NodeView& node : graph.nodes) {
    const OnnxOp* op = find_onnx_op(node.domain, node.op_type, opset_of(model, node.domain));
    if (!op || !op->build) {
      Missing& entry = missing[{node.domain, node.op_type}];
      if (op) entry.refusal = op->refusal;
      ++entry.count;
      if (entry.names.size() < kMostNames) entry.names.push_back(quote_name(node.name));
    }
    for (const auto& [name, value] : node.attributes) {
      if (auto* body = std::get_if<std::shared_ptr<const GraphProto>>(&value)) {
        collect(model, **body, missing);
      }
    }
  }
}

std::string describe(const Model& model, const std::string& domain, const std::string& op_type,
                     const Missing& missing) {
  std::string out = clip_name(domain.empty() ? op_type : domain + "." + op_type);
  int64_t opset = opset_of(model, domain);
  std::string supported = supported_opsets(domain, op_type);
  if (std::ranges::find(model.functions, domain + ":" + op_type) != model.functions.end()) {
    out += " (a function of the model";
  } else if (opset == 0) {
    out += " (its domain is not imported";
  } else {
    out += " (opset " + std::to_string(opset);
  }
  if (!missing.refusal.empty()) {
    out += ", " + std::string(missing.refusal);
  } else if (!supported.empty()) {
    out += ", supported in " + supported;
  }
  out += "): " + std::to_string(missing.count) + (missing.count == 1 ? " node " : " nodes ");
  for (size_t i = 0; i < missing.names.size(); ++i) out += (i ? ", " : "") + missing.names[i];
  return missing.count > missing.names.size() ? out + ", ..." : out;
}

}  // namespace

Result<void> check_support(const Model& model) {
  constexpr size_t kMostOps = 100;
  MissingOps missing;
  collect(model, model.graph, missing);
  if (missing.empty()) return {};
  size_t nodes = 0, listed = 0;
  std::string list;
  for (const auto& [op, entry] : missing) {
    nodes += entry.count;
    if (listed++ < kMostOps) list += "; " + describe(model, op.first, op.second, entry);
  }
  if (listed > kMostOps) list += "; ...";
  return fail("", std::to_string(nodes) + (nodes == 1 ? " node is" : " nodes are") +
                      " not supported" + list);
}

}  // namespace burin::onnx
