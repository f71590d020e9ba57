// Axes, levels and saved values of a row kernel.
#include "lower/kernels/row_plan.h"

#include <algorithm>

#include "lower/costs.h"

namespace burin::lower {

using graph::Op;

namespace {

constexpr double kFirst = 1e18;  // a vote that outweighs all elements

// The view that walks most axes decides the order of the loops.
const View& main_view(const FusedJob& job) {
  auto walked = [](const View& v) {
    return std::count_if(v.strides.begin(), v.strides.end(), [](int64_t s) { return s != 0; });
  };
  const View* best = &job.outputs[0];
  for (const View& view : job.expr.views) {
    if (walked(view) > walked(*best)) best = &view;
  }
  return *best;
}

// The axis along which most is contiguous of what the views touch; reduced axes win ties. Only
// stores must be contiguous, so the axis of an output that holds every point comes before all
// others.
size_t choose_lane_axis(const FusedJob& job) {
  std::vector<double> votes(job.space.size(), 0);
  auto vote = [&](const View& view, double weight) {
    for (size_t a = 0; a < votes.size(); ++a) {
      if (view.strides[a] == 1 && job.space[a] > 1) votes[a] += weight;
    }
  };
  auto touched = [&](const View& view) {
    return static_cast<double>(elements_touched(view, job.space));
  };
  auto holds_points = [&](const View& view) {
    for (size_t a = 0; a < votes.size(); ++a) {
      if (job.reduced[a] && view.strides[a] != 0) return true;
    }
    return false;
  };
  for (const View& view : job.expr.views) vote(view, touched(view));
  for (const View& view : job.outputs) vote(view, holds_points(view) ? kFirst : touched(view));
  for (size_t a = 0; a < votes.size(); ++a) {
    if (votes[a] > 0 && job.reduced[a]) votes[a] += 0.5;
  }
  return static_cast<size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
}

// Kept axes, then reduced ones, each by falling stride, the lane axis last of its class.
std::vector<size_t> loop_order(const FusedJob& job, size_t lane) {
  const View& main = main_view(job);
  std::vector<size_t> order(job.space.size());
  for (size_t a = 0; a < order.size(); ++a) order[a] = a;
  auto rank = [&](size_t a) {
    return std::tuple(static_cast<bool>(job.reduced[a]), a == lane, -std::abs(main.strides[a]));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t c) { return rank(a) < rank(c); });
  return order;
}

std::vector<bool> find_row_nodes(const FusedJob& job) {
  std::vector<bool> of_row(job.expr.nodes.size(), true);
  for (size_t i = 0; i < of_row.size(); ++i) {
    const ExprNode& node = job.expr.nodes[i];
    if (node.kind == ExprNode::Kind::load) {
      const View& view = job.expr.views[static_cast<size_t>(node.view)];
      for (size_t a = 0; a < job.space.size(); ++a) {
        if (job.reduced[a] && view.strides[a] != 0) of_row[i] = false;
      }
    } else if (node.kind == ExprNode::Kind::index) {
      of_row[i] = !job.reduced[static_cast<size_t>(node.acc)];
    } else if (node.kind == ExprNode::Kind::op) {
      for (int operand : node.operands) {
        if (operand >= 0 && !of_row[static_cast<size_t>(operand)]) of_row[i] = false;
      }
    }
  }
  return of_row;
}

// The pass after which each node is known: 0 without reductions, else that of the latest one it
// depends on, plus one.
std::vector<size_t> find_levels(const FusedJob& job) {
  std::vector<size_t> levels(job.expr.nodes.size(), 0);
  for (size_t i = 0; i < levels.size(); ++i) {
    const ExprNode& node = job.expr.nodes[i];
    if (node.kind == ExprNode::Kind::acc) {
      auto operand = static_cast<size_t>(job.reduces[static_cast<size_t>(node.acc)].operand);
      levels[i] = levels[operand] + 1;
    }
    for (int operand : node.operands) {
      if (operand >= 0) levels[i] = std::max(levels[i], levels[static_cast<size_t>(operand)]);
    }
  }
  return levels;
}

// Marks what the points compute for `targets`; lists the row's values that they use.
void find_needed(const RowPlan& plan, std::span<const int> targets, RowPass& pass) {
  const Expr& expr = plan.job.expr;
  std::vector<bool> reached(expr.nodes.size(), false);
  pass.needed.assign(expr.nodes.size(), false);
  for (int target : targets) reached[static_cast<size_t>(target)] = true;
  for (size_t i = expr.nodes.size(); i-- > 0;) {
    if (!reached[i]) continue;
    if (plan.of_row[i]) {
      if (expr.nodes[i].kind != ExprNode::Kind::literal) {
        pass.row_values.push_back(static_cast<int>(i));
      }
      continue;
    }
    pass.needed[i] = true;
    for (int operand : expr.nodes[i].operands) {
      if (operand >= 0) reached[static_cast<size_t>(operand)] = true;
    }
  }
}

void make_passes(RowPlan& plan) {
  const FusedJob& job = plan.job;
  std::vector<size_t> levels = find_levels(job);
  for (size_t r = 0; r < job.reduces.size(); ++r) {
    size_t level = levels[static_cast<size_t>(job.reduces[r].operand)];
    if (plan.passes.size() <= level) plan.passes.resize(level + 1);
    plan.passes[level].reduces.push_back(static_cast<int>(r));
  }
  for (RowPass& pass : plan.passes) {
    std::vector<int> targets;
    for (int r : pass.reduces) targets.push_back(job.reduces[static_cast<size_t>(r)].operand);
    find_needed(plan, targets, pass);
  }
  std::vector<int> stored;
  for (size_t i = 0; i < job.outputs.size(); ++i) {
    if (plan.full[i]) stored.push_back(job.expr.results[i]);
  }
  plan.stores_points = !stored.empty();
  if (stored.empty()) return;
  plan.passes.emplace_back();
  find_needed(plan, stored, plan.passes.back());
}

// The last node behind a costly op that two passes compute is kept in the output by the first of
// them.
void choose_saved(RowPlan& plan) {
  const FusedJob& job = plan.job;
  if (!plan.stores_points || !plan.full[0] || size_of(job.outputs[0].dtype) < 4) return;
  std::vector<bool> costly(job.expr.nodes.size(), false);
  for (size_t i = 0; i < costly.size(); ++i) {
    const ExprNode& node = job.expr.nodes[i];
    if (node.kind != ExprNode::Kind::op || plan.of_row[i]) continue;
    costly[i] = costs_much(node.op);
    for (int operand : node.operands) {
      if (operand >= 0 && costly[static_cast<size_t>(operand)]) costly[i] = true;
    }
  }
  for (size_t i = costly.size(); i-- > 0;) {
    if (!costly[i] || job.expr.nodes[i].dtype != job.outputs[0].dtype) continue;
    auto computes = [&](const RowPass& pass) { return pass.needed[i]; };
    if (std::count_if(plan.passes.begin(), plan.passes.end(), computes) < 2) continue;
    std::find_if(plan.passes.begin(), plan.passes.end(), computes)->save = static_cast<int>(i);
    return;
  }
}

}  // namespace

RowPlan plan_row(const FusedJob& job) {
  RowPlan plan;
  size_t lane = job.space.empty() ? 0 : choose_lane_axis(job);
  plan.lanes_in_row = job.space.empty() || job.reduced[lane];
  plan.job = collapse(job, loop_order(job, lane));
  const FusedJob& made = plan.job;
  plan.kept = static_cast<size_t>(std::count(made.reduced.begin(), made.reduced.end(), false));
  size_t reduced = made.space.size() - plan.kept;
  if (plan.lanes_in_row ? reduced > 0 : plan.kept > 0) {
    plan.lane_axis = static_cast<int>(plan.lanes_in_row ? made.space.size() : plan.kept) - 1;
  }
  plan.of_row = find_row_nodes(made);
  for (const View& view : made.outputs) {
    bool full = false;
    for (size_t a = plan.kept; a < made.space.size(); ++a) full |= view.strides[a] != 0;
    plan.full.push_back(full);
  }
  make_passes(plan);
  choose_saved(plan);
  return plan;
}

}  // namespace burin::lower
