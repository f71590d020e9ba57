// Runs one ONNX node on given tensors: imported as a model of its own, evaluated, compiled and run.
#pragma once

#include <optional>

#include "onnx/node_view.h"

namespace burin::test {

struct OnnxCase {
  std::string op_type;
  std::vector<std::optional<Tensor>> inputs;  // nullopt: absent
  std::map<std::string, onnx::AttributeValue, std::less<>> attributes = {};
  int64_t opset = 17;
  size_t outputs = 1;
  std::string domain = {};
};

// The evaluator's outputs; an error too if the machine code's are not near them.
Result<std::vector<Tensor>> run_onnx(const OnnxCase& test);
// The first output's elements; records a test failure and gives {} where there is none.
std::vector<double> values_of(const OnnxCase& test);
// The refusal's text; records a test failure where the node is built.
std::string refusal_of(const OnnxCase& test);

Tensor floats(Shape shape, std::vector<double> values);
Tensor ints(Shape shape, std::vector<int64_t> values, DType dtype = DType::i64);
// first, first + step, first + 2 step ...
Tensor ramp(Shape shape, double first = 0, double step = 1);
// Seeded values in [-1, 1).
Tensor noise(Shape shape, uint64_t seed = 1);

}  // namespace burin::test
