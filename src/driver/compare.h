// How far one tensor is from another: the figures that `verify`, the tests and the conformance
// harness share.
#pragma once

#include <string>

#include "graph/array.h"
#include "tensor/tensor.h"

namespace burin::driver {

struct Difference {
  double max_absolute = 0;  // largest |got - want|
  double max_wanted = 0;    // largest |want| among finite elements
  int64_t elements = 0;
  int64_t mismatches = 0;  // elements where one is NaN or infinite and the other is not the same
  int64_t worst = -1;      // the element of max_absolute, or the first mismatch

  // max_absolute over the range of the wanted values; 0 for equal tensors.
  double relative() const;
};

// Both of one shape; `want` may be of a wider dtype.
Difference compare(const Tensor& got, const Tensor& want);
Difference compare(const Tensor& got, const graph::Array& want);

}  // namespace burin::driver
