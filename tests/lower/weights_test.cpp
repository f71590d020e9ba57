// Copies of weights that are seen through movement ops, element by element against the view.
#include "lower/weights.h"

#include <gtest/gtest.h>

#include "graph/builder.h"

namespace burin::lower {
namespace {

// The largest difference between the dense copy of a view and its elements.
double difference(const WeightView& view) {
  Tensor dense = pack_dense(view);
  const Shape& shape = view.type.shape;
  double most = 0;
  Dims index(shape.rank(), 0);
  for (int64_t i = 0; i < shape.elements(); ++i) {
    most = std::max(most, std::abs(dense.as_double(i) - view.at(index)));
    for (size_t a = shape.rank(); a-- > 0 && ++index[a] == shape[a];) index[a] = 0;
  }
  return most;
}

// Sixteen entries that begin and end like a line of memory are none where an axis runs backwards.
TEST(Weights, CopiesOfReversedAxes) {
  for (int64_t inner : {1, 2, 3, 5, 15, 16, 17}) {
    for (const Dims& reversed : {Dims{}, Dims{1}, Dims{2}, Dims{1, 2}, Dims{0, 2}}) {
      graph::Graph g;
      graph::Builder b(g);
      Tensor value({DType::f32, {8, 33, inner}});
      for (int64_t i = 0; i < value.elements(); ++i) value.set_double(i, static_cast<double>(i));
      graph::NodeId x = b.reverse(b.constant(value), reversed);
      auto view = resolve_weights(g, b.transpose(x, {1, 2, 0}));
      ASSERT_TRUE(view);
      EXPECT_EQ(difference(*view), 0) << inner << ", " << Shape(reversed).text();
    }
  }
}

}  // namespace
}  // namespace burin::lower
