// Compares a computed tensor with an expected one, as ONNX's own test runner does: floats within
// atol + rtol * |expected| (bf16 within its last place), everything else exactly.
#pragma once

#include <string>

#include "tensor/tensor.h"

namespace burin::test {

struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

// Empty if they agree, else the first difference and how many there are.
std::string difference_within(const Tensor& actual, const Tensor& expected,
                              Tolerance tolerance = {});

}  // namespace burin::test
