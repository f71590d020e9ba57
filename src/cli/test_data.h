// ONNX's layout of stored cases: DIR/test_data_set_N/{input_K,output_K}.pb, in the order of the
// graph's inputs and outputs that are not initialisers.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"

namespace burin::cli {

struct TestCase {
  std::string folder;
  std::vector<driver::InputSpec> inputs;
  std::vector<Tensor> outputs;
};

// `dir` is one test_data_set_N, or a folder that holds some. An error if there are none.
Result<std::vector<TestCase>> read_test_data(const std::string& dir, const onnx::Model& model);

}  // namespace burin::cli
