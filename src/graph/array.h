// A value of the double-precision evaluator. Arithmetic on floats of any width happens in double
// and is not rounded: the oracle shows what a network computes, not how a format rounds. Only what
// is stored in a narrower format by the graph's own word is rounded: inputs, constants, iota and
// the results of `convert`. Integers wrap like the machine's.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include "tensor/tensor.h"

namespace burin::graph {

// `f` holds the elements of float dtypes, `i` those of integers and pred, in row-major order.
// Integers are kept wrapped to their dtype (u64 as its bit pattern), pred as 0 or 1.
struct Array {
  TensorType type;
  std::vector<double> f;
  std::vector<int64_t> i;

  // f or i by its element type.
  template <class T>
  auto& values() {
    if constexpr (std::is_floating_point_v<T>)
      return f;
    else
      return i;
  }
  template <class T>
  const auto& values() const {
    return const_cast<Array*>(this)->values<T>();
  }
};

// Zero-filled.
Array make_array(TensorType type);
// The bytes that an array of this type holds.
int64_t array_bytes(const TensorType& type);

Array to_array(const Tensor& tensor);
// Rounds floats to the dtype.
Tensor to_tensor(const Array& array);

// The nearest value of a float dtype.
double round_to(DType dtype, double value);
// The value modulo the width of an integer dtype; 0 or 1 for pred.
int64_t wrap_to(DType dtype, int64_t value);

// The truncated value, the nearest end of the integer dtype's range beyond it; NaN is 0.
int64_t saturate_to(DType dtype, double value);

}  // namespace burin::graph
