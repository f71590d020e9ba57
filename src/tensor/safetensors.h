// Named tensors and text in one file: the safetensors format (huggingface/safetensors): a length, a
// JSON header that says where each tensor lies, the bytes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin {

struct SafeTensors {
  std::vector<std::pair<std::string, Tensor>> tensors;  // names are distinct
  std::map<std::string, std::string> metadata;
};

// Tensors view the mapped file. Refuses headers over 100 MB, unknown element types, tensors that do
// not have the bytes of their type, overlap, or leave bytes of the file unused.
Result<SafeTensors> read_safetensors(const std::string& path);

// Through a temporary name; the bytes are on the disk when it returns.
Result<void> write_safetensors(const std::string& path, const SafeTensors& file);

}  // namespace burin
