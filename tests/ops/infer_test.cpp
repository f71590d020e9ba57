// The type rules of the primitives: every op has one, and what they refuse they refuse by name.
#include <gtest/gtest.h>

#include "graph/builder.h"

namespace burin::graph {

namespace {

class Infer : public testing::Test {
 protected:
  NodeId value(DType dtype, Dims dims) { return b.input("x", {dtype, Shape(std::move(dims))}); }
  NodeId f32(Dims dims) { return value(DType::f32, std::move(dims)); }

  template <class F>
  void expect_refused(F&& build, const std::string& part) {
    try {
      build();
      ADD_FAILURE() << "accepted; wanted a refusal with: " << part;
    } catch (const BuildError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }

  Graph graph;
  Builder b{graph};
};

TEST_F(Infer, EveryPrimitiveHasARule) {
  for (size_t i = 0; i < kOpCount; ++i) {
    EXPECT_NE(op_def(static_cast<Op>(i)).infer, nullptr) << name_of(static_cast<Op>(i));
  }
}

TEST_F(Infer, ElementwiseOperandsAreOfOneType) {
  EXPECT_EQ(b.type(b.lt(f32({2}), f32({2}))), (TensorType{DType::pred, Shape{2}}));
  expect_refused([&] { b.add(f32({2, 3}), f32({3, 2})); }, "f32[2x3] and f32[3x2]");
  expect_refused([&] { b.exp(value(DType::i32, {2})); }, "i32[2]");
  expect_refused([&] { b.add(value(DType::pred, {2}), value(DType::pred, {2})); }, "pred[2]");
  expect_refused([&] { b.select(f32({2}), f32({2}), f32({2})); }, "not by pred");
}

TEST_F(Infer, Views) {
  NodeId x = f32({2, 3, 4});
  EXPECT_EQ(b.shape(b.transpose(x, {2, 0, 1})), (Shape{4, 2, 3}));
  EXPECT_EQ(b.shape(b.slice(x, {0, 1, 0}, {2, 3, 4}, {1, 1, 3})), (Shape{2, 2, 2}));
  EXPECT_EQ(b.shape(b.pad(x, b.scalar(DType::f32, 0), {0, 1, 0}, {0, 0, 0}, {0, 0, 2})),
            (Shape{2, 4, 10}));
  expect_refused([&] { b.transpose(x, {0, 1, 1}); }, "axis 1 twice");
  expect_refused([&] { b.reshape(x, Shape{5, 5}); }, "24 elements");
  expect_refused([&] { b.slice(x, {0, 2, 0}, {2, 4, 4}, {1, 1, 1}); }, "[2, 4) is outside axis 1");
  expect_refused([&] { b.broadcast(x, Shape{2, 4, 4}, {0, 1, 2}); }, "axis 1");
  expect_refused(
      [&] {
        b.pad(x, b.scalar(DType::f32, 0), {0, INT64_MAX, 0}, {0, 1, 0}, {0, 0, 0});
      },
      "is outside [0, 2^40]");
  expect_refused([&] { b.add(Op::slice, {x}, DimsAttr{}); }, "attribute of another op");
}

TEST_F(Infer, Convolution) {
  ConvAttr attr{{2, 1}, {1, -1}, {1, 0}, {1, 1}, {1, 2}, 1};
  // (5 + 2 - 3) / 2 + 1 = 3, 8 - 1 - 3 + 1 = 5
  EXPECT_EQ(b.shape(b.convolution(f32({2, 5, 8, 3}), f32({3, 2, 3, 7}), attr)),
            (Shape{2, 3, 5, 7}));
  expect_refused([&] { b.convolution(f32({2, 5, 8, 4}), f32({3, 2, 3, 7}), attr); }, "4 channels");
  expect_refused([&] { b.convolution(f32({2, 5, 8, 3}), f32({9, 2, 3, 7}), attr); }, "padded to 7");
  attr.groups = 3;
  expect_refused([&] { b.convolution(f32({2, 5, 8, 3}), f32({3, 2, 1, 7}), attr); }, "3 groups");
}

TEST_F(Infer, DotGeneral) {
  NodeId y = b.dot_general(f32({2, 3, 4}), f32({5, 4, 2}), {{0}, {2}, {2}, {1}});
  EXPECT_EQ(b.shape(y), (Shape{2, 3, 5}));
  expect_refused([&] { b.dot_general(f32({3, 4}), f32({5, 2}), {{}, {}, {1}, {0}}); }, "4 and 5");
}

TEST_F(Infer, IndexedAndReduced) {
  EXPECT_EQ(b.shape(b.gather(f32({2, 3, 4}), value(DType::i64, {5, 6}), 1)), (Shape{2, 5, 6, 4}));
  EXPECT_EQ(b.shape(b.reduce(f32({2, 3, 4}), ReduceKind::max, {2, 0})), (Shape{3}));
  EXPECT_EQ(b.type(b.argsort(f32({2, 3}), 1, true)), (TensorType{DType::i64, Shape{2, 3}}));
  expect_refused([&] { b.gather(f32({2, 0}), value(DType::i64, {1}), 1); }, "empty axis");
  expect_refused([&] { b.gather(f32({2}), f32({1}), 0); }, "not i32 or i64");
  expect_refused([&] { b.reduce(f32({2}), ReduceKind::sum, {1}); }, "outside [0, 1)");
}

TEST_F(Infer, ResultsAreBounded) {
  NodeId x = f32({1 << 20});
  expect_refused([&] { b.broadcast(x, Shape{1 << 21, 1 << 20}, {1}); }, "more than 2^40");
}

}  // namespace

}  // namespace burin::graph
