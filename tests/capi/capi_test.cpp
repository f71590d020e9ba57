// The C API: a network from file to answer, and every misuse a status with a message.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "burin.h"
#include "tests/support/temp_folder.h"
#include "zoo/save.h"
#include "zoo/zoo.h"

namespace burin::test {

namespace {

std::string write_mlp(const TempFolder& folder) {
  std::string path = folder.file("mlp.onnx");
  EXPECT_TRUE(zoo::save(*zoo::find("mlp"), 1, path));
  return path;
}

}  // namespace

TEST(CApi, LoadsCompilesAndRuns) {
  TempFolder folder;
  burin_model* model = nullptr;
  ASSERT_EQ(burin_load(write_mlp(folder).c_str(), nullptr, &model), BURIN_OK) << burin_last_error();
  EXPECT_EQ(burin_model_input_count(model), 1u);
  burin_port port;
  ASSERT_EQ(burin_model_input(model, 0, &port), BURIN_OK);
  EXPECT_STREQ(port.name, "input");
  EXPECT_EQ(port.dtype, BURIN_F32);
  EXPECT_EQ(port.rank, 2);
  EXPECT_EQ(port.dims[0], -1);
  EXPECT_EQ(port.dims[1], 784);

  burin_input input = {"input", BURIN_F32, 2, {3, 784}, nullptr};
  burin_options options = {2, "avx2", 0, 1};
  burin_program* program = nullptr;
  ASSERT_EQ(burin_compile(model, &input, 1, &options, &program), BURIN_OK) << burin_last_error();
  ASSERT_EQ(burin_program_output(program, 0, &port), BURIN_OK);
  EXPECT_EQ(port.dims[0], 3);
  EXPECT_EQ(port.dims[1], 10);
  EXPECT_GT(burin_program_code_bytes(program), 0);
  EXPECT_GT(burin_program_weight_bytes(program), 784 * 256 * 4);

  std::vector<float> x(3 * 784, 0.5f), y(30, -1000.0f), again(30);
  const void* inputs[] = {x.data()};
  void* outputs[] = {y.data()};
  ASSERT_EQ(burin_run(program, inputs, outputs), BURIN_OK);
  for (float v : y) EXPECT_GT(v, -100.0f);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(y[static_cast<size_t>(i)], y[static_cast<size_t>(i) + 20]);
  outputs[0] = again.data();
  ASSERT_EQ(burin_run(program, inputs, outputs), BURIN_OK);
  EXPECT_EQ(y, again);
  burin_program_free(program);
  burin_model_free(model);
}

TEST(CApi, FailuresAreStatusesWithAReason) {
  TempFolder folder;
  burin_model* model = nullptr;
  EXPECT_EQ(burin_load(folder.file("none.onnx").c_str(), nullptr, &model), BURIN_ERROR);
  EXPECT_NE(std::string(burin_last_error()).find("none.onnx"), std::string::npos);
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(burin_load(nullptr, nullptr, &model), BURIN_INVALID_ARGUMENT);
  ASSERT_EQ(burin_load(write_mlp(folder).c_str(), nullptr, &model), BURIN_OK);

  burin_port port;
  EXPECT_EQ(burin_model_input(model, 9, &port), BURIN_INVALID_ARGUMENT);
  burin_program* program = nullptr;
  burin_input wrong = {"input", BURIN_F32, 2, {1, 7}, nullptr};
  EXPECT_EQ(burin_compile(model, &wrong, 1, nullptr, &program), BURIN_ERROR);
  wrong = {"input", BURIN_I64, 2, {1, 784}, nullptr};
  EXPECT_EQ(burin_compile(model, &wrong, 1, nullptr, &program), BURIN_ERROR);
  burin_options unknown = {1, "vax", 0, 0};
  EXPECT_EQ(burin_compile(model, nullptr, 0, &unknown, &program), BURIN_ERROR);
  EXPECT_NE(std::string(burin_last_error()), "");
  EXPECT_EQ(program, nullptr);
  EXPECT_EQ(burin_run(nullptr, nullptr, nullptr), BURIN_INVALID_ARGUMENT);
  burin_program_free(nullptr);
  burin_model_free(nullptr);
  burin_model_free(model);
}

}  // namespace burin::test
