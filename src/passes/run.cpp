// The ordered list of passes and the loop over it.
#include "passes/run.h"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "base/clock.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "passes/canonicalise_dot_general.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/eliminate_dead_nodes.h"
#include "passes/factor_slopes.h"
#include "passes/fold_constants.h"
#include "passes/fold_scale_into_weights.h"
#include "passes/move_transposes.h"
#include "passes/simplify.h"
#include "passes/split_dilated_convolution.h"
#include "passes/split_reductions.h"
#include "passes/sum_deviations.h"
#include "passes/sum_integers_in_floats.h"
#include "passes/widen_halves.h"

namespace burin::passes {

namespace {

constexpr Pass kPasses[] = {
    {"eliminate_dead_nodes", eliminate_dead_nodes, ""},
    {"widen_halves", widen_halves, ""},
    {"fold_constants", fold_constants, ""},
    {"simplify", simplify, ""},
    {"eliminate_common_subexpressions", eliminate_common_subexpressions, ""},
    {"move_transposes", move_transposes, "simplify"},
    {"simplify", simplify, ""},
    {"fold_constants", fold_constants, ""},
    {"fold_scale_into_weights", fold_scale_into_weights, "simplify"},
    {"sum_integers_in_floats", sum_integers_in_floats, ""},
    {"split_dilated_convolution", split_dilated_convolution, ""},
    {"canonicalise_dot_general", canonicalise_dot_general, ""},
    {"fold_constants", fold_constants, ""},
    {"simplify", simplify, ""},
    {"eliminate_common_subexpressions", eliminate_common_subexpressions, ""},
    {"factor_slopes", factor_slopes, ""},
    {"sum_deviations", sum_deviations, ""},
    {"split_reductions", split_reductions, ""},
};

Result<void> check_names(const std::vector<std::string>& disabled) {
  for (const std::string& name : disabled) {
    if (find_pass(name)) continue;
    std::vector<std::string_view> known;
    for (const Pass& pass : kPasses) {
      if (std::ranges::find(known, pass.name) == known.end()) known.push_back(pass.name);
    }
    std::string list;
    for (std::string_view word : known) list += (list.empty() ? "" : ", ") + std::string(word);
    return fail(name, "there is no such pass", "the passes are " + list);
  }
  return {};
}

bool is_disabled(const Pass& pass, const std::vector<std::string>& disabled) {
  auto listed = [&](std::string_view name) {
    return std::ranges::find(disabled, name) != disabled.end();
  };
  return listed(pass.name) || (!pass.requires_pass.empty() && listed(pass.requires_pass));
}

// What follows each pass, and stands before the first.
Result<void> inspect(std::string_view after, const graph::Graph& graph,
                     const PassOptions& options) {
  if (options.dump) {
    *options.dump << "// after " << after << "\n" << graph::print(graph, {16, true});
  }
  if (options.verify) {
    if (auto wrong = graph::verify(graph)) {
      return fail(wrong->where,
                  "the graph is broken after " + std::string(after) + ": " + wrong->reason);
    }
  }
  return {};
}

// For each layer of the model a digest of its nodes, of their types and of what they read.
std::vector<uint64_t> digest_layers(const graph::Graph& graph) {
  std::vector<uint64_t> digests(graph.sources.size(), 0);
  auto mix = [](uint64_t a, uint64_t b) { return (a ^ b) * 0x9e3779b97f4a7c15u + (a >> 29); };
  for (size_t i = 0; i < graph.size(); ++i) {
    const graph::Node& node = graph[graph::NodeId(i)];
    if (!node.source.valid()) continue;
    uint64_t h = mix(static_cast<uint64_t>(node.op) + 1, static_cast<uint64_t>(node.type.dtype));
    for (int64_t d : node.type.shape.dims()) h = mix(h, static_cast<uint64_t>(d));
    for (graph::NodeId operand : node.operands) {
      h = mix(h, static_cast<uint64_t>(graph[operand].op) << 32 | graph[operand].source.index);
    }
    digests[node.source.index] += mix(h, h >> 32);
  }
  return digests;
}

// The layers whose digests differ; `digests` becomes the later ones.
std::vector<graph::SourceId> changed_layers(std::vector<uint64_t>& digests,
                                            const graph::Graph& graph) {
  std::vector<uint64_t> now = digest_layers(graph);
  std::vector<graph::SourceId> changed;
  for (size_t i = 0; i < now.size(); ++i) {
    if (i >= digests.size() || digests[i] != now[i]) changed.push_back(graph::SourceId(i));
  }
  digests = std::move(now);
  return changed;
}

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

const Pass* find_pass(std::string_view name) {
  auto found = std::ranges::find(kPasses, name, &Pass::name);
  return found == std::end(kPasses) ? nullptr : found;
}

Result<Optimized> run_passes(const graph::Graph& graph, const PassOptions& options) {
  BURIN_TRY(check_names(options.disabled));
  BURIN_TRY(inspect("import", graph, options));
  Optimized out;
  const graph::Graph* current = &graph;
  std::vector<uint64_t> digests;
  if (options.changes) digests = digest_layers(graph);
  for (const Pass& pass : kPasses) {
    if (static_cast<int>(out.times.size()) == options.bisect_limit) break;
    if (is_disabled(pass, options.disabled)) continue;
    auto start = Clock::now();
    graph::Graph next = pass.run(*current);
    double taken = seconds_since(start);
    out.graph = std::move(next);
    current = &out.graph;
    out.times.push_back({pass.name, taken, out.graph.size()});
    if (options.changes) out.times.back().changed = changed_layers(digests, out.graph);
    BURIN_TRY(inspect(pass.name, out.graph, options));
  }
  if (current == &graph) out.graph = graph;
  return out;
}

}  // namespace burin::passes
