// The graph verifier finds each violation of its invariants.
#include "graph/verify.h"

#include <gtest/gtest.h>

#include "graph/builder.h"

namespace burin::graph {

namespace {

class Verify : public testing::Test {
 protected:
  Verify() {
    Builder b(graph);
    x = b.input("x", {DType::f32, Shape{2, 3}});
    y = b.transpose(x, {1, 0});
    b.output("y", y);
  }
  void expect_finding(const std::string& part) {
    auto finding = verify(graph);
    ASSERT_TRUE(finding) << "wanted: " << part;
    EXPECT_NE(finding->text().find(part), std::string::npos) << finding->text();
  }

  Graph graph;
  NodeId x, y;
};

TEST_F(Verify, AcceptsWhatTheBuilderBuilds) { EXPECT_FALSE(verify(graph)); }

TEST_F(Verify, Operands) {
  graph.nodes[y].operands = {y};
  expect_finding("does not precede");
  graph.nodes[y].operands = {NodeId()};
  expect_finding("does not precede");
  graph.nodes[y].operands = {x, x};
  expect_finding("has 2 operands");
}

TEST_F(Verify, TypesAndAttributes) {
  graph.nodes[y].type.shape = Shape{2, 3};
  expect_finding("f32[2x3], not f32[3x2]");
  graph.nodes[y].attr = AxisAttr{};
  expect_finding("attribute of another op");
  graph.nodes[y].attr = DimsAttr{{0, 2}};
  expect_finding("axis 2");
  graph.nodes[x].type.shape = Shape{-1};
  expect_finding("negative dimension");
}

TEST_F(Verify, Constants) {
  Builder b(graph);
  NodeId c = b.scalar(DType::f32, 1);
  graph.nodes[c].type.dtype = DType::i32;
  expect_finding("holds f32[], not i32[]");
  graph.nodes[c].attr = ConstantAttr{};
  expect_finding("no value");
}

TEST_F(Verify, Ports) {
  graph.outputs[0].node = NodeId(7);
  expect_finding("names no node");
  graph.inputs[0].node = y;
  expect_finding("parameter of index 0");
  graph.inputs.clear();
  expect_finding("1 parameters for 0 inputs");
}

TEST_F(Verify, Sources) {
  graph.nodes[y].source = SourceId(3);
  expect_finding("source out of range");
}

}  // namespace

}  // namespace burin::graph
