// Tensors as .pb files (one TensorProto each), as ONNX's test data are stored.
#pragma once

#include <string>
#include <string_view>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin::onnx {

struct TensorFile {
  std::string name;  // of the value that it is for; may be empty
  Tensor tensor;     // views the mapped file where the encoding allows
};

Result<TensorFile> read_tensor_file(const std::string& path, int64_t max_memory = 0);
Result<void> write_tensor_file(const std::string& path, std::string_view name,
                               const Tensor& tensor);

}  // namespace burin::onnx
