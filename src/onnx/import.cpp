// Binds the inputs, then runs each node's rule in topological order inside nested name scopes.
#include "onnx/import.h"

#include <algorithm>
#include <unordered_map>

#include "onnx/input_types.h"
#include "onnx/known_values.h"
#include "onnx/order.h"
#include "onnx/support.h"
#include "onnx/wire.h"

namespace burin::onnx {

using graph::BuildError;
using graph::NodeId;

namespace {

// The graph may not grow beyond this: unrolled loops are the file's to size.
constexpr size_t kMaxGraphNodes = size_t{1} << 22;

// Carries a finished Diagnostic through the frames of rules.
struct ImportFailure {
  Diagnostic diagnostic;
};

template <class T>
T unwrap(Result<T> result) {
  if (!result) throw ImportFailure{std::move(result).error()};
  return *std::move(result);
}

// The values that names stand for inside one graph; names not found are looked up around it.
struct Scope {
  const GraphProto& graph;
  Scope* outer = nullptr;
  std::unordered_map<std::string_view, NodeId> values;

  bool defines(std::string_view name) const {
    return values.contains(name) || graph.initializers.contains(name) ||
           (outer && outer->defines(name));
  }
};

class Importer {
 public:
  Importer(const Model& model, const ImportOptions& options)
      : model_(model),
        options_(options),
        builder_(result_.graph),
        constants_(result_.graph, nullptr, options.max_memory),
        specialised_(result_.graph, &options.input_values, options.max_memory) {}

  Imported run();

  // For the contexts of nodes.
  NodeId value(Scope& scope, const std::string& name);
  std::optional<Tensor> known(NodeId id);
  Tensor required(NodeId id);
  std::vector<NodeId> inline_graph(Scope& scope, const GraphProto& body,
                                   std::span<const NodeId> inputs);

 private:
  void build_nodes(Scope& scope);
  void build_node(const NodeView& node, Scope& scope);
  void declare_outputs(Scope& scope);

  const Model& model_;
  const ImportOptions& options_;
  Imported result_;
  graph::Builder builder_;
  KnownValues constants_, specialised_;
  int depth_ = 0;
};

class NodeContext : public OpContext {
 public:
  NodeContext(const NodeView& node, graph::Builder& builder, int64_t opset_version,
              Importer& importer, Scope& scope)
      : OpContext(node, builder, opset_version),
        importer_(importer),
        scope_(scope),
        outputs_(node.outputs.size()) {}

  NodeId input(size_t i) override {
    if (!has_input(i)) throw BuildError("input " + std::to_string(i) + " is missing");
    return importer_.value(scope_, node.inputs[i]);
  }
  Tensor constant_value(NodeId id) override { return importer_.required(id); }
  std::optional<Tensor> known_value(NodeId id) override { return importer_.known(id); }
  std::vector<NodeId> inline_graph(const GraphProto& body,
                                   std::span<const NodeId> inputs) override {
    return importer_.inline_graph(scope_, body, inputs);
  }
  void set_output(size_t i, NodeId id) override {
    if (wants_output(i)) outputs_[i] = id;
  }

  // Enters the outputs into the scope; throws if the rule left out one that is used.
  void publish() {
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (!wants_output(i)) continue;
      if (!outputs_[i].valid()) {
        throw BuildError("its output " + std::to_string(i) + " (" + quote_name(node.outputs[i]) +
                         ") is not supported");
      }
      scope_.values[node.outputs[i]] = outputs_[i];
    }
  }

 private:
  Importer& importer_;
  Scope& scope_;
  std::vector<NodeId> outputs_;
};

NodeId Importer::value(Scope& scope, const std::string& name) {
  for (Scope* s = &scope; s; s = s->outer) {
    if (auto found = s->values.find(name); found != s->values.end()) return found->second;
    if (auto init = s->graph.initializers.find(name); init != s->graph.initializers.end()) {
      NodeId id = builder_.constant(init->second);
      s->values.emplace(init->first, id);
      return id;
    }
  }
  throw BuildError("the value " + quote_name(name) + " is not defined");
}

std::optional<Tensor> Importer::known(NodeId id) {
  const Tensor* value = constants_.find(id);
  return value ? std::optional(*value) : std::nullopt;
}

Tensor Importer::required(NodeId id) {
  if (const Tensor* value = constants_.find(id)) return *value;
  const Tensor* value = specialised_.find(id);
  if (!value) {
    throw BuildError(
        "it needs a value that is not known while compiling: " + specialised_.obstacle(id),
        "give that input's value, or make it a constant of the model");
  }
  for (std::string& name : specialised_.inputs_of(id)) {
    if (std::ranges::find(result_.value_inputs, name) == result_.value_inputs.end()) {
      result_.value_inputs.push_back(std::move(name));
    }
  }
  return *value;
}

std::vector<NodeId> Importer::inline_graph(Scope& outer, const GraphProto& body,
                                           std::span<const NodeId> inputs) {
  if (body.inputs.size() != inputs.size()) {
    throw BuildError("a subgraph takes " + std::to_string(body.inputs.size()) + " inputs, not " +
                     std::to_string(inputs.size()));
  }
  Scope scope{body, &outer, {}};
  for (size_t i = 0; i < inputs.size(); ++i) scope.values[body.inputs[i].name] = inputs[i];
  graph::SourceId source = builder_.source();
  build_nodes(scope);
  builder_.set_source(source);
  std::vector<NodeId> outputs;
  for (const ValueInfo& output : body.outputs) outputs.push_back(value(scope, output.name));
  return outputs;
}

void Importer::build_nodes(Scope& scope) {
  auto is_outer = [&](std::string_view name) { return scope.outer && scope.outer->defines(name); };
  for (size_t i : unwrap(order_nodes(scope.graph, is_outer))) {
    build_node(scope.graph.nodes[i], scope);
  }
}

void Importer::build_node(const NodeView& node, Scope& scope) {
  int64_t opset = opset_of(model_, node.domain);
  const OnnxOp* op = find_onnx_op(node.domain, node.op_type, opset);
  builder_.set_source(result_.graph.sources.push_back({node.name, node.op_type}));
  try {
    if (node.outputs.empty()) throw graph::BuildError("the node has no outputs");
    NodeContext context(node, builder_, opset, *this, scope);
    op->build(context);
    context.publish();
    if (result_.graph.size() > kMaxGraphNodes) {
      throw BuildError("the graph grows beyond " + std::to_string(kMaxGraphNodes) + " nodes");
    }
  } catch (const BuildError& e) {
    throw ImportFailure{{node_label(node), e.what(), e.hint}};
  } catch (const ImportFailure& e) {  // of a node in a subgraph
    Diagnostic d = e.diagnostic;
    d.where = node_label(node) + ": " + d.where;
    throw ImportFailure{std::move(d)};
  } catch (const std::out_of_range&) {  // of Shape
    throw ImportFailure{{node_label(node), "an operand has fewer dimensions than it needs", ""}};
  } catch (const std::bad_alloc&) {
    throw ImportFailure{{node_label(node), "not enough memory", ""}};
  }
}

void Importer::declare_outputs(Scope& scope) {
  if (model_.graph.outputs.empty()) throw ImportFailure{{"", "the model has no outputs", ""}};
  for (const ValueInfo& output : model_.graph.outputs) {
    if (!scope.defines(output.name)) {
      throw ImportFailure{{"output " + quote_name(output.name), "is produced by no node", ""}};
    }
    NodeId id = value(scope, output.name);
    if (output.dtype && *output.dtype != builder_.dtype(id)) {
      throw ImportFailure{
          {"output " + quote_name(output.name),
           "is declared as " + output.text() + " and computed as " + builder_.type(id).text(), ""}};
    }
    builder_.output(output.name, id);
  }
}

Imported Importer::run() {
  unwrap(check_support(model_));
  BoundInputs inputs = unwrap(bind_inputs(model_, options_));
  result_.graph.name = model_.graph.name;
  result_.symbols = std::move(inputs.symbols);
  Scope scope{model_.graph, nullptr, {}};
  for (const BoundInput& input : inputs.inputs) {
    NodeId id = builder_.input(input.name, input.type);
    scope.values.emplace(input.name, id);  // views `inputs`, which outlives the scope
  }
  build_nodes(scope);
  declare_outputs(scope);
  return std::move(result_);
}

}  // namespace

Result<Imported> import_model(const Model& model, const ImportOptions& options) {
  try {
    return Importer(model, options).run();
  } catch (ImportFailure& e) {
    return std::unexpected(std::move(e.diagnostic));
  } catch (const BuildError& e) {
    return fail("", e.what(), e.hint);
  } catch (const std::bad_alloc&) {
    return fail("", "not enough memory to import the model");
  }
}

}  // namespace burin::onnx
