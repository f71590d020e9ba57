// The gradient rule of every primitive, on each case of the table: against finite differences in
// double precision, and each way of executing the gradient's graph against the oracle.
#include <gtest/gtest.h>

#include <set>

#include "graph/eval.h"
#include "graph/grad_def.h"
#include "graph/verify.h"
#include "tests/support/gradient_case.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

using graph::Op;

std::vector<Op> all_ops() {
  std::vector<Op> ops;
  for (size_t i = 0; i < graph::kOpCount; ++i) ops.push_back(static_cast<Op>(i));
  return ops;
}

std::string name_for(Op op) { return std::string(name_of(op)); }

TEST(GradientRules, StandForEveryPrimitiveWithOperands) {
  for (Op op : all_ops()) {
    bool leaf = op == Op::parameter || op == Op::constant || op == Op::iota;
    EXPECT_EQ(graph::grad_rule(op) == nullptr, leaf) << name_of(op);
  }
}

TEST(GradientRules, AreCoveredByCases) {
  std::set<Op> covered;
  for (const OpCase& op_case : op_cases()) {
    if (has_float_input(build_tame_case(op_case).graph)) covered.insert(op_case.op);
  }
  const std::set<Op> of_integers = {Op::logical_not, Op::bit_and,     Op::bit_or, Op::bit_xor,
                                    Op::shift_left,  Op::shift_right, Op::iota};
  for (Op op : all_ops()) EXPECT_NE(covered.contains(op), of_integers.contains(op)) << name_of(op);
}

class OpGradients : public testing::TestWithParam<Op> {};

// Half of the elements that are looked at must be away from kinks.
TEST_P(OpGradients, AgreeWithDifferences) {
  for (const OpCase& op_case : op_cases()) {
    if (op_case.op != GetParam()) continue;
    BuiltCase built = build_tame_case(op_case);
    if (!has_float_input(built.graph) || !has_float_output(built.graph)) continue;
    auto check = check_gradients(built, 16);
    ASSERT_TRUE(check) << op_case.name << ": " << check.error().text();
    EXPECT_GE(check->checked, check->skipped) << op_case.name;
    for (const std::string& line : check->wrong) ADD_FAILURE() << op_case.name << ": " << line;
  }
}

TEST_P(OpGradients, AreZeroThroughWhatIsNotFloat) {
  for (const OpCase& op_case : op_cases()) {
    if (op_case.op != GetParam()) continue;
    BuiltCase built = build_tame_case(op_case);
    if (!has_float_input(built.graph) || has_float_output(built.graph)) continue;
    auto graph = gradient_graph(built.graph);
    ASSERT_TRUE(graph) << op_case.name << ": " << graph.error().text();
    auto gradients = graph::eval(*graph, built.inputs);
    ASSERT_TRUE(gradients) << op_case.name << ": " << gradients.error().text();
    for (const Tensor& gradient : *gradients) {
      for (double g : gradient.to_doubles()) ASSERT_EQ(g, 0) << op_case.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, OpGradients, testing::ValuesIn(all_ops()),
                         [](const auto& info) { return name_for(info.param); });

using Parameter = std::tuple<Op, Execution>;

class GradientExecutions : public testing::TestWithParam<Parameter> {};

TEST_P(GradientExecutions, AgreeWithTheOracle) {
  const auto& [op, execution] = GetParam();
  if (auto reason = execution.unavailable()) GTEST_SKIP() << *reason;
  for (const OpCase& op_case : op_cases()) {
    if (op_case.op != op) continue;
    BuiltCase built = build_tame_case(op_case);
    if (!has_float_input(built.graph) || !has_float_output(built.graph)) continue;
    auto graph = gradient_graph(built.graph);
    ASSERT_TRUE(graph) << op_case.name << ": " << graph.error().text();
    auto finding = graph::verify(*graph);
    ASSERT_FALSE(finding) << op_case.name << ": " << finding->text();
    auto got = execution.run(*graph, built.inputs);
    if (!got) {
      ADD_FAILURE() << op_case.name << ": " << got.error().text();
      continue;
    }
    auto text = difference_to_oracle(*graph, built.inputs, *got);
    EXPECT_FALSE(text) << op_case.name << ": " << *text;
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, GradientExecutions,
                         testing::Combine(testing::ValuesIn(all_ops()),
                                          testing::ValuesIn(executions())),
                         [](const testing::TestParamInfo<Parameter>& info) {
                           return name_for(std::get<0>(info.param)) + "_" +
                                  std::get<1>(info.param).name;
                         });

}  // namespace

}  // namespace burin::test
