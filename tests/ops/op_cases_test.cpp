// Every primitive, each case of the table, each way of executing a graph, against the oracle.
#include "tests/support/op_cases.h"

#include <gtest/gtest.h>

#include <set>

#include "graph/parse.h"
#include "graph/print.h"
#include "graph/verify.h"
#include "tests/support/run_case.h"

namespace burin::test {

namespace {

TEST(OpCaseTable, CoversEveryPrimitive) {
  std::set<graph::Op> covered;
  for (const OpCase& op_case : op_cases()) covered.insert(op_case.op);
  for (size_t i = 0; i < graph::kOpCount; ++i) {
    auto op = static_cast<graph::Op>(i);
    EXPECT_TRUE(covered.contains(op)) << "no case for " << name_of(op);
  }
}

TEST(OpCaseTable, NamesAreDistinct) {
  std::set<std::string> names;
  for (const OpCase& op_case : op_cases()) {
    EXPECT_TRUE(names.insert(op_case.name).second) << op_case.name;
  }
}

TEST(OpCaseTable, GraphsAreValidAndReadBack) {
  for (const OpCase& op_case : op_cases()) {
    graph::Graph built = build_case(op_case).graph;
    auto finding = graph::verify(built);
    EXPECT_FALSE(finding) << op_case.name << ": " << finding->text();
    std::string text = graph::print(built);
    auto parsed = graph::parse(text);
    ASSERT_TRUE(parsed) << op_case.name << ": " << parsed.error().text();
    EXPECT_EQ(graph::print(*parsed), text);
  }
}

using Parameter = std::tuple<graph::Op, Execution>;

class OpCases : public testing::TestWithParam<Parameter> {};

TEST_P(OpCases, AgreeWithTheOracle) {
  const auto& [op, execution] = GetParam();
  if (auto reason = execution.unavailable()) GTEST_SKIP() << *reason;
  for (const OpCase& op_case : op_cases()) {
    if (op_case.op != op) continue;
    BuiltCase built = build_case(op_case);
    auto got = execution.run(built.graph, built.inputs);
    if (!got) {
      ADD_FAILURE() << op_case.name << ": " << got.error().text();
      continue;
    }
    auto text = difference_to_oracle(built.graph, built.inputs, *got);
    EXPECT_FALSE(text) << op_case.name << ": " << *text;
  }
}

std::vector<graph::Op> all_ops() {
  std::vector<graph::Op> ops;
  for (size_t i = 0; i < graph::kOpCount; ++i) ops.push_back(static_cast<graph::Op>(i));
  return ops;
}

INSTANTIATE_TEST_SUITE_P(
    Ops, OpCases, testing::Combine(testing::ValuesIn(all_ops()), testing::ValuesIn(executions())),
    [](const testing::TestParamInfo<Parameter>& info) {
      return std::string(name_of(std::get<0>(info.param))) + "_" + std::get<1>(info.param).name;
    });

}  // namespace

}  // namespace burin::test
