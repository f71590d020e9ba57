// Tries policies in the order of what they cost.
#include "driver/fit_memory.h"

#include <fmt/format.h>

#include "base/units.h"
#include "driver/link.h"
#include "passes/recompute.h"

namespace burin::driver {

namespace {

// Windows of the policies, as parts of all activations; 0 for what costs little.
constexpr int64_t kParts[] = {0, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48};

Result<Fitted> lower_and_plan(const graph::Graph& graph, const CompileOptions& options,
                              const lower::ParallelFor& parallel) {
  lower::Options lowering{options.exact, options.choices.get(), options.keep, parallel};
  Fitted fitted;
  BURIN_ASSIGN(fitted.lowered, lower::lower(graph, options.target.machine, lowering));
  fitted.plan = lower::plan_memory(fitted.lowered);
  return fitted;
}

int64_t activations_of(const Fitted& fitted) {
  return fitted.plan.arena_bytes + fitted.plan.scratch_bytes;
}

double flops_of(const lower::Lowered& lowered) {
  double flops = 0;
  for (const lower::Kernel& kernel : lowered.kernels) flops += kernel.flops;
  return flops;
}

class Fitter {
 public:
  Fitter(graph::Graph& graph, const CompileOptions& options, const lower::ParallelFor& parallel)
      : graph_(graph), options_(options), parallel_(parallel), limit_(options.max_memory) {}

  Result<Fitted> run() {
    BURIN_ASSIGN(Fitted whole, lower_and_plan(graph_, options_, parallel_));
    constants_ = constant_bytes(whole.lowered);
    least_ = activations_of(whole) + constants_;
    if (limit_ == 0 || least_ <= limit_) return whole;
    if (options_.recompute_after < 0) {
      return refuse(activations_of(whole), "raise --max-memory or use a smaller batch");
    }
    int64_t first = activations_of(whole);
    double flops = flops_of(whole.lowered);
    for (int64_t parts : kParts) {
      BURIN_ASSIGN(std::optional<Fitted> found, try_parts(parts, flops));
      if (found) return *std::move(found);
    }
    return refuse(first, fmt::format("with values computed again {} bytes would do; raise "
                                     "--max-memory or use a smaller batch",
                                     least_));
  }

 private:
  // Nothing where it does not fit.
  Result<std::optional<Fitted>> try_parts(int64_t parts, double flops) {
    graph::NodeId boundary = graph_.outputs[static_cast<size_t>(options_.recompute_after)].node;
    int64_t window = 0;
    if (parts > 0) {
      window = std::max<int64_t>(passes::activation_bytes(graph_, boundary) / parts, 1);
    }
    passes::Recomputed again = passes::recompute(graph_, boundary, {window});
    BURIN_ASSIGN(Fitted fitted, lower_and_plan(again.graph, options_, parallel_));
    int64_t bytes = activations_of(fitted) + constant_bytes(fitted.lowered);
    least_ = std::min(least_, bytes);
    if (bytes > limit_) return std::nullopt;
    fitted.recomputation.nodes = again.nodes;
    if (flops > 0) fitted.recomputation.share = flops_of(fitted.lowered) / flops - 1;
    graph_ = std::move(again.graph);
    return fitted;
  }

  std::unexpected<Diagnostic> refuse(int64_t activations, std::string hint) const {
    return fail("memory",
                fmt::format("the program needs {} bytes of activations and {} of weights, the "
                            "limit is {}",
                            activations, constants_, limit_),
                std::move(hint));
  }

  graph::Graph& graph_;
  const CompileOptions& options_;
  const lower::ParallelFor& parallel_;
  int64_t limit_, constants_ = 0, least_ = 0;
};

}  // namespace

Result<Fitted> lower_to_fit(graph::Graph& graph, const CompileOptions& options,
                            const lower::ParallelFor& parallel) {
  return Fitter(graph, options, parallel).run();
}

}  // namespace burin::driver
