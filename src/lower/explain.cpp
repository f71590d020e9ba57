// Groups read back as sentences.
#include "lower/explain.h"

#include <algorithm>

namespace burin::lower {

namespace {

using graph::Graph;
using graph::NodeId;
using graph::Op;

constexpr size_t kMostNames = 4;

// "Conv_1, Add_2 and 3 more"
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    out += (i ? ", " : "") + names[i];
  }
  if (names.size() > kMostNames) {
    out += " and " + std::to_string(names.size() - kMostNames) + " more";
  }
  return out;
}

class Explainer {
 public:
  Explainer(const Graph& graph, const Lowered& lowered) : graph_(graph), lowered_(lowered) {}

  KernelStory tell(size_t k) const {
    const Kernel& kernel = lowered_.kernels[k];
    KernelStory story;
    if (kernel.group == Kernel::kNoGroup) {
      story.kind = "copy";
      story.ended = "an output of the network that no kernel computes: it is copied";
      return story;
    }
    const Group& group = lowered_.grouping.groups[kernel.group];
    story.kind = kind_of(group);
    for (NodeId id : nodes_of(group)) add(story, id);
    bool more = k + 1 < lowered_.kernels.size() && lowered_.kernels[k + 1].group == kernel.group;
    story.ended = more ? "the next kernel goes on with it" : end_of(group, k);
    return story;
  }

 private:
  std::string kind_of(const Group& group) const {
    switch (group.kind) {
      case Group::Kind::map: return group.members.empty() ? "movement" : "elementwise map";
      case Group::Kind::row: return "rows with reductions";
      case Group::Kind::dense: return std::string(graph::name_of(graph_[group.anchor].op));
      default: return std::string(graph::name_of(graph_[group.root].op));
    }
  }

  // Ids are in topological order.
  std::vector<NodeId> nodes_of(const Group& group) const {
    std::vector<NodeId> nodes;
    group.each([&](const Group& g) {
      for (const Member& m : g.members) nodes.push_back(m.node);
    });
    for (const DenseLeaf& operand : group.operands) {
      if (!operand.made) continue;
      for (const Member& m : operand.made->members) nodes.push_back(m.node);
    }
    if (group.anchor.valid()) nodes.push_back(group.anchor);
    if (nodes.empty() || group.value != group.root) nodes.push_back(group.root);
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    return nodes;
  }

  void add(KernelStory& story, NodeId id) const {
    graph::SourceId source = graph_[id].source;
    auto same = [&](const FusedLayer& f) { return f.source == source; };
    auto it = std::find_if(story.fused.begin(), story.fused.end(), same);
    if (it == story.fused.end()) {
      story.fused.push_back({source, source.valid() ? graph_.sources[source].name : "", {}});
      it = story.fused.end() - 1;
    }
    it->ops.emplace_back(graph::name_of(graph_[id].op));
  }

  // The later kernels that read what kernel k writes, until another writes it anew.
  std::vector<std::string> readers(size_t k) const {
    const Kernel& kernel = lowered_.kernels[k];
    std::vector<std::string> names;
    for (size_t later = k + 1; later < lowered_.kernels.size(); ++later) {
      const Kernel& reader = lowered_.kernels[later];
      if (reader.group == kernel.group || !reads(reader, kernel)) continue;
      if (names.empty() || names.back() != reader.name) names.push_back(reader.name);
    }
    return names;
  }

  static bool reads(const Kernel& reader, const Kernel& writer) {
    for (size_t w = 0; w < writer.buffers.size(); ++w) {
      if (!writer.writes[w]) continue;
      for (size_t r = 0; r < reader.buffers.size(); ++r) {
        if (!reader.writes[r] && reader.buffers[r].buffer == writer.buffers[w].buffer) return true;
      }
    }
    return false;
  }

  std::string end_of(const Group& group, size_t k) const {
    std::vector<std::string> names = readers(k);
    std::string who = names.empty() ? "its user" : listed(names);
    if (group.value != group.root) {
      return "writes its part of a buffer that several kernels fill, for " + who;
    }
    switch (lowered_.grouping.stored[group.root]) {
      case Stored::no: return "";
      case Stored::output: return "an output of the network";
      case Stored::read:
        return who + (names.size() < 2 ? " takes" : " take") + " it as an operand, from memory";
      case Stored::several: return "several kernels use it: " + who;
      case Stored::repeated: return "inside " + who + " it would be computed more than once";
      case Stored::early: return "made where what it is made of is at hand, for " + who;
      case Stored::full: return who + " holds as many nodes as a kernel may";
      case Stored::unfit: return unfit(group, who);
      case Stored::alone: return "never fused; for " + who;
    }
    return "";
  }

  std::string unfit(const Group& group, const std::string& who) const {
    Op op = graph_[group.root].op;
    if (op == Op::reduce) return "the loops of " + who + " do not run along what is reduced";
    if (group.kind == Group::Kind::dense) {
      return who + " does not visit it row by row, or reduces it";
    }
    return "inside " + who + " it would be computed more than once";
  }

  const Graph& graph_;
  const Lowered& lowered_;
};

}  // namespace

std::vector<KernelStory> explain(const Graph& graph, const Lowered& lowered) {
  Explainer explainer(graph, lowered);
  std::vector<KernelStory> stories;
  for (size_t k = 0; k < lowered.kernels.size(); ++k) stories.push_back(explainer.tell(k));
  return stories;
}

}  // namespace burin::lower
