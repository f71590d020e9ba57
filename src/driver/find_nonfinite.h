// Finds where a program's numbers stop being finite: the first kernel whose result has a NaN or an
// infinity, and within it the first node of the optimised graph that has one.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "driver/compile.h"
#include "tensor/tensor.h"

namespace burin::driver {

// How many there are among a tensor's elements.
struct NonFiniteCount {
  int64_t nans = 0, infinities = 0;
  int64_t first = -1;  // an element's number in row-major order

  bool any() const { return first >= 0; }
};
NonFiniteCount count_nonfinite(const Tensor& tensor);
// The same as count_nonfinite(tensor).any(), at the speed of memory for f32.
bool all_finite(const Tensor& tensor);

struct NonFinite {
  std::string layer;      // where the node came from in the model
  std::string op;         // the primitive, "log"; "parameter" for an input
  std::string algorithm;  // of the kernel; empty for an input
  TensorType type;
  NonFiniteCount count;

  // "log of 'Log_3' makes 2 NaN and 1 infinite of 64 values, f32[8,8], the first at [0,3]"
  std::string text() const;
};

// Runs the program on the inputs. nullopt if all values stay finite. Infinities that follow from an
// infinite constant, as a mask has them, do not count; NaN always does. `compiled` must have kept
// its intermediates.
Result<std::optional<NonFinite>> find_nonfinite(const Compiled& compiled,
                                                std::span<const Tensor> inputs, int threads);

}  // namespace burin::driver
