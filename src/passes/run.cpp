// The ordered list of passes and the loop over it.
#include "passes/run.h"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "graph/print.h"
#include "graph/verify.h"
#include "passes/canonicalise_dot_general.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/eliminate_dead_nodes.h"
#include "passes/fold_constants.h"
#include "passes/fold_scale_into_weights.h"
#include "passes/move_transposes.h"
#include "passes/simplify.h"
#include "passes/split_dilated_convolution.h"
#include "passes/split_reductions.h"
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
    {"split_dilated_convolution", split_dilated_convolution, ""},
    {"canonicalise_dot_general", canonicalise_dot_general, ""},
    {"fold_constants", fold_constants, ""},
    {"simplify", simplify, ""},
    {"eliminate_common_subexpressions", eliminate_common_subexpressions, ""},
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

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

const Pass* find_pass(std::string_view name) {
  auto found = std::ranges::find(kPasses, name, &Pass::name);
  return found == std::end(kPasses) ? nullptr : found;
}

Result<Optimized> run_passes(const graph::Graph& graph, const PassOptions& options) {
  using Clock = std::chrono::steady_clock;
  BURIN_TRY(check_names(options.disabled));
  BURIN_TRY(inspect("import", graph, options));
  Optimized out;
  const graph::Graph* current = &graph;
  for (const Pass& pass : kPasses) {
    if (static_cast<int>(out.times.size()) == options.bisect_limit) break;
    if (is_disabled(pass, options.disabled)) continue;
    auto start = Clock::now();
    graph::Graph next = pass.run(*current);
    std::chrono::duration<double> taken = Clock::now() - start;
    out.graph = std::move(next);
    current = &out.graph;
    out.times.push_back({pass.name, taken.count(), out.graph.size()});
    BURIN_TRY(inspect(pass.name, out.graph, options));
  }
  if (current == &graph) out.graph = graph;
  return out;
}

}  // namespace burin::passes
