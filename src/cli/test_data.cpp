// Finding and reading the stored cases.
#include "cli/test_data.h"

#include <algorithm>
#include <filesystem>

#include "onnx/tensor_file.h"

namespace burin::cli {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> case_folders(const std::string& dir) {
  std::vector<std::string> folders;
  std::error_code error;
  if (fs::exists(fs::path(dir) / "input_0.pb", error) ||
      fs::exists(fs::path(dir) / "output_0.pb", error)) {
    return {dir};
  }
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().string().starts_with("test_data_set_")) {
      folders.push_back(it->path().string());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Result<TestCase> read_case(const std::string& folder, const onnx::Model& model) {
  TestCase result{folder, {}, {}};
  std::error_code error;
  auto infos = model.required_inputs();
  for (size_t k = 0; k < infos.size(); ++k) {
    std::string path = folder + "/input_" + std::to_string(k) + ".pb";
    BURIN_ASSIGN(onnx::TensorFile file, onnx::read_tensor_file(path));
    result.inputs.push_back({infos[k]->name, file.tensor.type(), file.tensor});
  }
  for (size_t k = 0; k < model.graph.outputs.size(); ++k) {
    std::string path = folder + "/output_" + std::to_string(k) + ".pb";
    BURIN_ASSIGN(onnx::TensorFile file, onnx::read_tensor_file(path));
    result.outputs.push_back(file.tensor);
  }
  return result;
}

}  // namespace

Result<std::vector<TestCase>> read_test_data(const std::string& dir, const onnx::Model& model) {
  std::vector<TestCase> cases;
  for (const std::string& folder : case_folders(dir)) {
    BURIN_ASSIGN(TestCase one, read_case(folder, model));
    cases.push_back(std::move(one));
  }
  if (cases.empty()) {
    return fail(dir, "holds no test data", "expected test_data_set_0/input_0.pb and output_0.pb");
  }
  return cases;
}

}  // namespace burin::cli
