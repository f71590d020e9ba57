// The table of gradient rules, filled at start-up.
#include "graph/grad_def.h"

#include <array>

#include "base/check.h"

namespace burin::graph {

namespace {

std::array<GradRule, kOpCount>& grad_table() {
  static std::array<GradRule, kOpCount> rules;
  return rules;
}

}  // namespace

GradRule grad_rule(Op op) { return grad_table()[static_cast<size_t>(op)]; }

RegisterGrad::RegisterGrad(Op op, GradRule rule) {
  GradRule& row = grad_table()[static_cast<size_t>(op)];
  BURIN_CHECK(row == nullptr, "a gradient rule registered twice");
  row = rule;
}

}  // namespace burin::graph
