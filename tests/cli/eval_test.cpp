// burin eval, and burin run with a network that knows its classes.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/command.h"
#include "tests/support/half_bright.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

namespace {

// Trains a network on samples in `folder`; its file.
std::string trained(const TempFolder& folder, const std::string& net) {
  write_samples(folder, 200);
  std::string out = folder.file(net + "-out");
  CommandResult result = run_burin("train " + folder.path().string() + " --net " + net +
                                   " --epochs 2 --batch 20 --normalise imagenet -o " + out);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return out + "/best.onnx";
}

// Of the epoch whose weights the model has.
nlohmann::json best_metrics(const std::string& model) {
  std::ifstream in(model.substr(0, model.rfind('/')) + "/metrics.jsonl");
  nlohmann::json best = {{"validation_accuracy", -1.0}};
  for (std::string line; std::getline(in, line);) {
    auto j = nlohmann::json::parse(line);
    if (j["validation_accuracy"] > best["validation_accuracy"]) best = j;
  }
  return best;
}

TEST(CliEval, SaysWhatValidationSaid) {
  TempFolder folder;
  for (const char* net : {"lenet", "mlp"}) {
    std::string model = trained(folder, net);
    CommandResult result =
        run_burin("eval " + model + " " + folder.path().string() + " --hold-out 0.1 --json");
    ASSERT_EQ(result.exit_code, 0) << result.err;
    auto j = nlohmann::json::parse(result.out);
    auto metrics = best_metrics(model);
    EXPECT_EQ(j["images"], 20);
    EXPECT_EQ(j["accuracy"], metrics["validation_accuracy"]);
    EXPECT_NEAR(j["loss"].get<double>(), metrics["validation_loss"].get<double>(), 1e-5);
    ASSERT_EQ(j["classes"].size(), 2u);
    EXPECT_EQ(j["classes"][0]["name"], "sky");
    EXPECT_EQ(j["confusion"][0][0].get<int>() + j["confusion"][0][1].get<int>(), 10);
  }
}

TEST(CliEval, CountsClassesByTheirNames) {
  TempFolder folder, turned;
  std::string model = trained(folder, "lenet");
  write_samples(turned, 60);
  turned.write("classes.txt", "ground\nsky\n");  // the samples are as before: all are mistaken
  CommandResult right = run_burin("eval " + model + " " + folder.path().string() + " --json");
  CommandResult wrong = run_burin("eval " + model + " " + turned.path().string() + " --json");
  ASSERT_EQ(right.exit_code, 0) << right.err;
  ASSERT_EQ(wrong.exit_code, 0) << wrong.err;
  auto r = nlohmann::json::parse(right.out), w = nlohmann::json::parse(wrong.out);
  EXPECT_GT(r["accuracy"].get<double>(), 0.98);
  EXPECT_LT(w["accuracy"].get<double>(), 0.02);
  EXPECT_GE(w["confusion"][0][1].get<int>(), 29);
  CommandResult text = run_burin("eval " + model + " " + turned.path().string());
  EXPECT_NE(text.out.find("sky taken for ground"), std::string::npos) << text.out;
}

TEST(CliEval, WrongDataAndWrongModelsAreOneLineErrors) {
  TempFolder folder, other;
  std::string model = trained(folder, "mlp");
  write_samples(other, 20);
  other.write("classes.txt", "cat\ndog\n");
  for (const std::string& line :
       {"eval " + model + " " + other.path().string(), "eval " + model + " " + model,
        "eval lenet " + folder.path().string(), "eval bert_tiny " + folder.path().string(),
        "eval " + folder.file("none.onnx") + " " + folder.path().string()}) {
    CommandResult result = run_burin(line);
    EXPECT_EQ(result.exit_code, 1) << line;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(CliRun, NamesTheClassOfAPhotoOfAnySize) {
  TempFolder folder;
  std::string model = trained(folder, "lenet");
  // Bright above: sky.
  std::vector<uint8_t> rgb(90 * 60 * 3, 50);
  std::fill(rgb.begin(), rgb.begin() + 90 * 30 * 3, 150);
  std::string photo = folder.write("photo.png", text_of(png_of(rgb, 90, 60, 2)));
  CommandResult result = run_burin("run " + model + " " + photo + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  auto answer = nlohmann::json::parse(result.out)[0];
  EXPECT_EQ(answer["class"], "sky");
  ASSERT_EQ(answer["top"].size(), 2u);
  double p = answer["top"][0]["probability"], q = answer["top"][1]["probability"];
  EXPECT_GT(p, 0.5);
  EXPECT_NEAR(p + q, 1, 1e-5);
  CommandResult text = run_burin("run " + model + " " + photo);
  EXPECT_EQ(text.out.substr(0, 4), "sky\n") << text.out;
}

TEST(CliRun, DumpsAnyValueAndChecksThatAllAreFinite) {
  TempFolder folder;
  CommandResult plain = run_burin("run lenet -o " + folder.file("y.npy"));
  ASSERT_EQ(plain.exit_code, 0);
  CommandResult dumped =
      run_burin("run lenet --check-finite --dump output=" + folder.file("d.npy"));
  ASSERT_EQ(dumped.exit_code, 0) << dumped.err;
  EXPECT_EQ(plain.out, dumped.out);
  EXPECT_EQ(read_npy(folder.file("y.npy"))->to_doubles(),
            read_npy(folder.file("d.npy"))->to_doubles());
  Tensor x({DType::f32, {1, 1, 28, 28}});
  x.set_double(5, std::nan(""));
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  CommandResult bad = run_burin("run lenet " + folder.file("x.npy") + " --check-finite");
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_NE(bad.err.find("1 NaN of 784 values"), std::string::npos) << bad.err;
  EXPECT_EQ(run_burin("run lenet --dump nothing=" + folder.file("z.npy")).exit_code, 1);
  EXPECT_EQ(run_burin("run lenet --dump output").exit_code, 1);
}

TEST(CliGradcheck, PassesBuiltInNetworks) {
  for (const char* net : {"mlp", "lenet"}) {
    CommandResult result = run_burin(std::string("gradcheck ") + net + " --samples 3 --json");
    ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
    auto j = nlohmann::json::parse(result.out);
    EXPECT_TRUE(j["ok"].get<bool>());
    EXPECT_GE(j["gradients"].size(), 4u);
    for (const auto& g : j["gradients"]) EXPECT_GE(g["checked"].get<int>(), 1) << g;
  }
}

TEST(CliVerify, ComparesATrainingStepKernelByKernel) {
  CommandResult result = run_burin("verify lenet --train --batch 4 --json");
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  auto j = nlohmann::json::parse(result.out);
  EXPECT_GT(j["kernels"].size(), 8u);
  bool gradients = false;
  for (const auto& k : j["kernels"]) {
    gradients |= k["value"].get<std::string>().find("(gradient)") != std::string::npos;
  }
  EXPECT_TRUE(gradients);
  EXPECT_EQ(j["outputs"][0]["value"], "loss");
  EXPECT_EQ(run_burin("verify lenet --optimiser adam").exit_code, 2);
}

}  // namespace

}  // namespace burin::test
