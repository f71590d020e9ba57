// A fixture for tests by hand: constants go in, the oracle's values of a node are compared with
// what was worked out on paper.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "graph/builder.h"
#include "graph/eval.h"

namespace burin::test {

class Values : public testing::Test {
 protected:
  graph::NodeId value(DType dtype, Dims dims, std::vector<double> values) {
    return b.constant(Tensor::from_doubles({dtype, Shape(std::move(dims))}, values));
  }
  graph::NodeId f32(Dims dims, std::vector<double> values) {
    return value(DType::f32, std::move(dims), std::move(values));
  }
  graph::NodeId i64(Dims dims, std::vector<double> values) {
    return value(DType::i64, std::move(dims), std::move(values));
  }
  // 0, 1, 2, ... in row-major order.
  graph::NodeId count(Dims dims, DType dtype = DType::f32) {
    Shape shape(std::move(dims));
    std::vector<double> values(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    return b.constant(Tensor::from_doubles({dtype, shape}, values));
  }
  Tensor of(graph::NodeId id) {
    graph.outputs = {{"value", id}};
    auto values = graph::eval(graph, {});
    return values ? values->front() : Tensor(b.type(id));
  }
  // NaN equals NaN; zeros must agree in sign.
  void expect(graph::NodeId id, const std::vector<double>& want) {
    std::vector<double> got = of(id).to_doubles();
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      if (std::isnan(want[i])) {
        EXPECT_TRUE(std::isnan(got[i])) << "[" << i << "] is " << got[i];
      } else {
        EXPECT_FLOAT_EQ(static_cast<float>(got[i]), static_cast<float>(want[i])) << "[" << i << "]";
        EXPECT_EQ(std::signbit(got[i]), std::signbit(want[i])) << "[" << i << "]";
      }
    }
  }
  void expect_ints(graph::NodeId id, const std::vector<int64_t>& want) {
    EXPECT_EQ(of(id).to_ints(), want);
  }

  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  graph::Graph graph;
  graph::Builder b{graph};
};

}  // namespace burin::test
