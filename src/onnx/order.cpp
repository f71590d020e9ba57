// Kahn's algorithm over value names; a node also depends on what its subgraphs take from outside.
#include "onnx/order.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "onnx/wire.h"

namespace burin::onnx {

namespace {

using NameSet = std::unordered_set<std::string_view>;

void add_captures(const GraphProto& graph, NameSet& captures);

// All names that a node reads, those read inside its subgraphs included.
void add_uses(const NodeView& node, NameSet& uses) {
  for (const std::string& name : node.inputs) {
    if (!name.empty()) uses.insert(name);
  }
  for (const auto& [key, value] : node.attributes) {
    if (auto* body = std::get_if<std::shared_ptr<const GraphProto>>(&value)) {
      add_captures(**body, uses);
    }
  }
}

// The names that a subgraph reads and does not define.
void add_captures(const GraphProto& graph, NameSet& captures) {
  NameSet uses, defined;
  for (const ValueInfo& input : graph.inputs) defined.insert(input.name);
  for (const auto& [name, value] : graph.initializers) defined.insert(name);
  for (const NodeView& node : graph.nodes) {
    add_uses(node, uses);
    for (const std::string& name : node.outputs) defined.insert(name);
  }
  for (const ValueInfo& output : graph.outputs) uses.insert(output.name);
  for (std::string_view name : uses) {
    if (!defined.contains(name)) captures.insert(name);
  }
}

constexpr size_t kNoNode = ~size_t{0};  // defined by the graph itself

struct Definitions {
  std::unordered_map<std::string_view, size_t> producer;
};

Result<Definitions> find_definitions(const GraphProto& graph) {
  Definitions d;
  for (const ValueInfo& input : graph.inputs) {
    if (!d.producer.emplace(input.name, kNoNode).second) {
      return fail("input " + quote_name(input.name), "is declared twice");
    }
  }
  for (const auto& [name, value] : graph.initializers) d.producer.emplace(name, kNoNode);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& name : graph.nodes[i].outputs) {
      if (name.empty()) continue;
      auto [entry, added] = d.producer.emplace(name, i);
      if (added) continue;
      std::string other = entry->second == kNoNode ? "an input or initialiser of the graph"
                                                   : node_label(graph.nodes[entry->second]);
      return fail(node_label(graph.nodes[i]),
                  "its output " + quote_name(name) + " is already produced by " + other);
    }
  }
  return d;
}

// producers[i]: the nodes that node i waits for.
using Edges = std::vector<std::vector<size_t>>;

Result<Edges> find_edges(const GraphProto& graph, const Definitions& definitions,
                         const std::function<bool(std::string_view)>& is_outer) {
  Edges producers(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    NameSet uses;
    add_uses(graph.nodes[i], uses);
    for (std::string_view name : uses) {
      auto found = definitions.producer.find(name);
      if (found != definitions.producer.end()) {
        if (found->second != kNoNode) producers[i].push_back(found->second);
      } else if (!is_outer(name)) {
        return fail(
            node_label(graph.nodes[i]),
            "its input " + quote_name(name) + " is produced by no node, input or initialiser");
      }
    }
  }
  return producers;
}

bool in_file_order(const Edges& producers) {
  for (size_t i = 0; i < producers.size(); ++i) {
    for (size_t p : producers[i]) {
      if (p >= i) return false;
    }
  }
  return true;
}

// The first node of a cycle: walking back from an unplaced node along unplaced producers ends in
// one.
size_t node_on_cycle(const Edges& producers, const std::vector<bool>& placed) {
  auto step = [&](size_t at) {
    for (size_t p : producers[at]) {
      if (!placed[p]) return p;
    }
    return at;
  };
  size_t at = 0;
  while (placed[at]) ++at;
  for (size_t steps = 0; steps < producers.size(); ++steps) at = step(at);
  size_t first = at;
  for (size_t i = step(at); i != at; i = step(i)) first = std::min(first, i);
  return first;
}

Result<std::vector<size_t>> sort_nodes(const GraphProto& graph, const Edges& producers) {
  size_t n = producers.size();
  std::vector<std::vector<size_t>> users(n);
  std::vector<size_t> waiting(n), order;
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < n; ++i) {
    waiting[i] = producers[i].size();
    for (size_t p : producers[i]) users[p].push_back(i);
    if (waiting[i] == 0) ready.push(i);
  }
  std::vector<bool> placed(n);
  while (!ready.empty()) {
    size_t i = ready.top();
    ready.pop();
    placed[i] = true;
    order.push_back(i);
    for (size_t user : users[i]) {
      if (--waiting[user] == 0) ready.push(user);
    }
  }
  if (order.size() < n) {
    return fail(node_label(graph.nodes[node_on_cycle(producers, placed)]),
                "it depends on its own output: the graph has a cycle");
  }
  return order;
}

}  // namespace

std::string node_label(const NodeView& node) {
  return "node " + quote_name(node.name) + " (" + clip_name(node.op_type) + ")";
}

Result<std::vector<size_t>> order_nodes(const GraphProto& graph,
                                        const std::function<bool(std::string_view)>& is_outer) {
  BURIN_ASSIGN(Definitions definitions, find_definitions(graph));
  BURIN_ASSIGN(Edges producers, find_edges(graph, definitions, is_outer));
  if (in_file_order(producers)) {
    std::vector<size_t> order(graph.nodes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    return order;
  }
  return sort_nodes(graph, producers);
}

}  // namespace burin::onnx
