// A static shape: dimensions in row-major order, outermost first. Rank 0 is a scalar.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "tensor/dtype.h"

namespace burin {

using Dims = std::vector<int64_t>;

// The most elements and dimensions that any tensor may have; larger ones are refused when built.
inline constexpr int64_t kMaxElements = int64_t{1} << 40;
inline constexpr size_t kMaxRank = 16;

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(Dims dims) : dims_(std::move(dims)) {}

  size_t rank() const { return dims_.size(); }
  // Throws std::out_of_range: a model's tensor may have fewer axes than an operator asks about.
  int64_t operator[](size_t axis) const { return dims_.at(axis); }
  const Dims& dims() const& { return dims_; }
  Dims dims() && { return std::move(dims_); }
  // The product of the dimensions; 1 for a scalar. The shape must have passed check_shape.
  int64_t elements() const;
  // The product of dims [begin, end).
  int64_t elements(size_t begin, size_t end) const;
  // Row-major strides in elements.
  Dims strides() const;
  // "2x3x4", or "scalar".
  std::string text() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  Dims dims_;
};

// Refuses negative dimensions, a rank above kMaxRank and more than kMaxElements elements.
Result<Shape> check_shape(std::span<const int64_t> dims);

// Dtype and shape: the type of every value in the tensor IR.
struct TensorType {
  DType dtype = DType::f32;
  Shape shape;

  int64_t bytes() const { return shape.elements() * size_of(dtype); }
  std::string text() const;  // "f32[2x3]"
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

}  // namespace burin
