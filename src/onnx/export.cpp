// One function per primitive or family; elementwise ops that ONNX has come from a table.
#include "onnx/export.h"

#include "onnx/export_node.h"

namespace burin::onnx {

using graph::NodeId;
using graph::Op;

namespace {

std::string label(const graph::Graph& g, NodeId id) {
  std::string op(name_of(g[id].op));
  graph::SourceId source = g[id].source;
  if (!source.valid()) return "node " + std::to_string(id.index) + " (" + op + ")";
  return "node '" + g.sources[source].name + "' (" + op + ")";
}

std::set<std::string> port_names(const graph::Graph& g) {
  std::set<std::string> names;
  for (const graph::Port& port : g.inputs) names.insert(port.name);
  for (const graph::Port& port : g.outputs) names.insert(port.name);
  return names;
}

// Outputs are copies of values: one node may be several outputs, or an input.
std::vector<std::string> name_outputs(const graph::Graph& g, Exporter& exporter,
                                      ModelWriter& writer) {
  std::vector<std::string> names;
  for (const graph::Port& port : g.outputs) {
    writer.add_output(port.name, g.type(port.node));
    exporter.emitter().set_layer(port.name);
    exporter.emitter().emit_named("Identity", {exporter.value(port.node)}, port.name);
    names.push_back(port.name);
  }
  return names;
}

}  // namespace

Result<ModelWriter> export_graph(const graph::Graph& g) {
  constexpr int64_t kOpset = 18;
  ModelWriter writer(g.name, kOpset);
  for (const graph::Port& port : g.inputs) writer.add_input(port.name, g.type(port.node));
  Exporter exporter(g, port_names(g));
  for (size_t i = 0; i < g.size(); ++i) {
    NodeId id(i);
    graph::SourceId source = g[id].source;
    exporter.emitter().set_layer(source.valid() ? g.sources[source].name : "");
    try {
      exporter.add(id);
    } catch (const graph::BuildError& e) {
      return fail(label(g, id), std::string("cannot be written as ONNX: ") + e.what(), e.hint);
    }
  }
  std::vector<std::string> outputs = name_outputs(g, exporter, writer);
  exporter.emitter().finish(writer, outputs);
  return writer;
}

}  // namespace burin::onnx
