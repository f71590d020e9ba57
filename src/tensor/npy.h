// NumPy's .npy files (format versions 1 to 3, numpy.lib.format), little-endian and C order.
#pragma once

#include <string>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin {

// Views the mapped file. Refuses big-endian data, Fortran order, and dtypes that Burin lacks.
Result<Tensor> read_npy(const std::string& path);

// Version 1.0. NumPy has no bfloat16: such tensors are written as float32.
Result<void> write_npy(const std::string& path, const Tensor& tensor);

}  // namespace burin
