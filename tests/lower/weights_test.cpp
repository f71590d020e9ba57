// Copies of weights that are seen through movement ops, element by element against the view.
#include "lower/weights.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/mapped_file.h"
#include "graph/builder.h"
#include "tests/support/temp_folder.h"

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

// Elements of a file in an order that depends on each place.
Tensor values_in_file(const std::filesystem::path& path, const Dims& dims) {
  Tensor value({DType::f32, Shape(dims)});
  for (int64_t i = 0; i < value.elements(); ++i) {
    value.set_double(i, static_cast<double>(i * 7919 % 1000003));
  }
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(value.data()), value.type().bytes());
  auto file = MappedFile::open(path.string());
  EXPECT_TRUE(file) << file.error().text();
  return Tensor(value.type(), (*file)->bytes(), *file, file->get());
}

// Rows that are read at once, one by one and through the mapping, by their length and distance.
TEST(Weights, CopiesOfFiles) {
  test::TempFolder folder;
  for (const Dims& dims :
       {Dims{1, 3}, Dims{17, 7}, Dims{33, 130}, Dims{33, 3000}, Dims{18, 9000}}) {
    graph::Graph g;
    graph::Builder b(g);
    graph::NodeId x = b.constant(values_in_file(folder.path() / "values", dims));
    for (int64_t start : {int64_t{0}, dims[1] / 2, dims[1] - 1}) {
      graph::NodeId part = b.slice(x, {0, start}, dims, {1, 1});
      auto view = resolve_weights(g, b.transpose(part, {1, 0}));
      ASSERT_TRUE(view);
      EXPECT_EQ(difference(*view), 0) << Shape(dims).text() << " from " << start;
      auto backwards = resolve_weights(g, b.transpose(b.reverse(part, {0}), {1, 0}));
      ASSERT_TRUE(backwards);
      EXPECT_EQ(difference(*backwards), 0) << Shape(dims).text() << " from " << start;
    }
  }
}

}  // namespace
}  // namespace burin::lower
