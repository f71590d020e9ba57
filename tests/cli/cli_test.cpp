// The command line as its user meets it: every verb, exit codes, errors of one line.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "isa/target.h"
#include "tensor/npy.h"

#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

namespace {

void expect_one_line_error(const CommandResult& result) {
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_TRUE(result.err.starts_with("burin: ")) << result.err;
  EXPECT_LT(result.seconds, 5);
}

}  // namespace

TEST(Cli, HelpOfEveryVerbHasAnExample) {
  for (const char* verb : {"run", "bench", "verify", "inspect", "profile", "convert", "zoo", "tune",
                           "train", "eval", "gradcheck", "doctor"}) {
    CommandResult result = run_burin(std::string(verb) + " --help");
    EXPECT_EQ(result.exit_code, 0) << verb;
    EXPECT_NE(result.out.find("Example: burin " + std::string(verb)), std::string::npos) << verb;
  }
  EXPECT_EQ(run_burin("--version").exit_code, 0);
}

TEST(Cli, UsageErrorsExitWith2) {
  for (const char* line : {"", "nonsense", "run", "bench lenet --threads zero", "zoo --seed",
                           "inspect lenet everything", "run lenet --perf everything"}) {
    EXPECT_EQ(run_burin(line).exit_code, 2) << line;
  }
}

TEST(Cli, ZooWritesTheSameFileForTheSameSeed) {
  TempFolder folder;
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(run_burin("zoo lenet --seed 3 -o " + folder.file(name)).exit_code, 0);
  }
  CommandResult other = run_burin("zoo lenet --seed 4 -o " + folder.file("c"));
  EXPECT_EQ(other.exit_code, 0);
  auto same = [&](const char* a, const char* b) {
    std::ifstream x(folder.file(a), std::ios::binary), y(folder.file(b), std::ios::binary);
    return std::equal(std::istreambuf_iterator<char>(x), {}, std::istreambuf_iterator<char>(y), {});
  };
  EXPECT_TRUE(same("a", "b"));
  EXPECT_FALSE(same("a", "c"));
}

TEST(Cli, RunsVerifiesAndBenchesANetwork) {
  TempFolder folder;
  std::string net = folder.file("net.onnx");
  ASSERT_EQ(run_burin("zoo lenet -o " + net).exit_code, 0);
  CommandResult run = run_burin("run " + net + " --top 3 --json -o " + folder.file("y.npy"));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(nlohmann::json::parse(run.out)[0]["top"].size(), 3u);
  EXPECT_TRUE(std::ifstream(folder.file("y.npy")).good());

  for (const char* target : {"native", "avx2"}) {
    CommandResult verify = run_burin("verify " + net + " --json --target " + target);
    ASSERT_EQ(verify.exit_code, 0) << verify.out << verify.err;
    auto report = nlohmann::json::parse(verify.out);
    EXPECT_TRUE(report["ok"].get<bool>());
    EXPECT_GE(report["kernels"].size(), 4u);
  }
  CommandResult bench = run_burin("bench " + net + " --seconds 0.05 --json --per-kernel");
  ASSERT_EQ(bench.exit_code, 0) << bench.err;
  EXPECT_GT(nlohmann::json::parse(bench.out)["gflop"].get<double>(), 0);
}

TEST(Cli, BenchHoldsSteadinessAgainstTheMachine) {
  for (const char* threads : {"1", "2"}) {
    CommandResult bench = run_burin("bench lenet --seconds 0.1 --json --steadiness --threads " +
                                    std::string(threads));
    ASSERT_EQ(bench.exit_code, 0) << bench.err;
    auto steadiness = nlohmann::json::parse(bench.out)["steadiness"];
    EXPECT_GE(steadiness["p99_over_p50"].get<double>(), 1);
    EXPECT_GE(steadiness["machine_p99_over_p50"].get<double>(), 1);
    if (!steadiness.contains("undisturbed_runs")) continue;  // the system does not count waiting
    EXPECT_GE(steadiness["undisturbed_p99_over_p50"].get<double>(), 1);
    EXPECT_LE(steadiness["undisturbed_runs"], nlohmann::json::parse(bench.out)["runs"]);
  }
}

TEST(Cli, BenchTellsEveryKernelsShareOfItsRoof) {
  for (int threads : {1, 2}) {
    CommandResult bench = run_burin("bench lenet --seconds 0.05 --json --per-kernel --threads " +
                                    std::to_string(threads));
    ASSERT_EQ(bench.exit_code, 0) << bench.err;
    auto report = nlohmann::json::parse(bench.out);
    EXPECT_GE(report["limits"]["l2_gb_per_second"], report["limits"]["l3_gb_per_second"]);
    EXPECT_GE(report["limits"]["l3_gb_per_second"], report["limits"]["memory_gb_per_second"]);
    ASSERT_EQ(report["kernels"].size(), 7u);
    double roof = 0;
    for (const auto& kernel : report["kernels"]) {
      EXPECT_GT(kernel["ms"].get<double>(), 0);
      EXPECT_GT(kernel["roof_ms"].get<double>(), 0);
      EXPECT_GE(kernel["bytes"].get<double>(), kernel["weight_bytes"].get<double>());
      EXPECT_NEAR(kernel["share_of_roof"].get<double>(),
                  kernel["roof_ms"].get<double>() / kernel["ms"].get<double>(), 1e-9);
      roof += kernel["roof_ms"].get<double>();
    }
    EXPECT_NEAR(report["roof_ms"].get<double>(), roof, 1e-9);
    // 28x28 floats in, 28x28x6 out; packed weights and bias besides.
    double activations = 4 * (28 * 28 + 28 * 28 * 6);
    const auto& first = report["kernels"][0];
    EXPECT_EQ(first["bytes"].get<double>() - first["weight_bytes"].get<double>(), activations);
    EXPECT_EQ(first["reason"].get<std::string>().find("not depthwise: not one filter"), 0u);
  }
}

TEST(Cli, InspectExplainsEveryKernel) {
  CommandResult text = run_burin("inspect lenet --explain");
  ASSERT_EQ(text.exit_code, 0) << text.err;
  for (const char* part : {"Conv_2 (convolution, add) + Relu_3 (max)",
                           "refused    depthwise: ", "as an operand, from memory",
                           "an output of the network", "thousand cycles", "fold_constants"}) {
    EXPECT_NE(text.out.find(part), std::string::npos) << part;
  }
  CommandResult json = run_burin("inspect mobilenet_v2 --explain --json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  auto report = nlohmann::json::parse(json.out);
  EXPECT_GE(report["passes"].size(), 10u);
  EXPECT_GE(report["kernels"].size(), 10u);
  for (const auto& kernel : report["kernels"]) {
    EXPECT_FALSE(kernel["fused"].empty()) << kernel;
    EXPECT_NE(kernel["ended"], "") << kernel;
    EXPECT_FALSE(kernel["algorithm"].get<std::string>().empty()) << kernel;
    EXPECT_LE(kernel["tiles_ahead_of_two_threads"], kernel["tiles"]) << kernel;
  }
  // Of the rows of a depthwise convolution those that no other thread's rows meet.
  EXPECT_GT(report["kernels"][1]["tiles_ahead_of_two_threads"], 1) << report["kernels"][1];
  EXPECT_EQ(run_burin("inspect lenet --json").exit_code, 1);
}

TEST(Cli, InspectExplainsSlices) {
  TempFolder folder;
  // Each layer's result takes 32 MB.
  std::string net = folder.write(
      "wide.net", "input 8x512x1024\nconv 16 1x1 relu\nconv 16 1x1 tanh\nglobalpool\n");
  CommandResult json = run_burin("inspect " + net + " --explain --json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  size_t cut = 0;
  auto kernels = nlohmann::json::parse(json.out)["kernels"];
  for (size_t i = 0; i < kernels.size(); ++i) {
    for (size_t other : kernels[i]["in_turn_with"]) {
      EXPECT_GT(kernels[i]["slices"], 1);
      EXPECT_GT(kernels[other]["slices"], 1);
      EXPECT_NE(other, i);
      ++cut;
    }
  }
  EXPECT_GT(cut, 0u) << "no kernels that take turns";
  CommandResult text = run_burin("inspect " + net + " --explain");
  EXPECT_NE(text.out.find(" of each thread's tiles, in turn with those of kernel"),
            std::string::npos);
}

TEST(Cli, TunedKernelsAreUsedUnlessDeclined) {
  TempFolder folder;
  std::string cache = folder.file("sub/tune.json");
  for (bool complete : {false, true}) {
    CommandResult tune = run_burin("tune lenet --json --threads 1 --budget 60s --cache " + cache);
    ASSERT_EQ(tune.exit_code, 0) << tune.err;
    auto report = nlohmann::json::parse(tune.out);
    EXPECT_EQ(report["measurements"].get<int>() == 0, complete) << tune.out;
    EXPECT_TRUE(report["complete"].get<bool>()) << tune.out;
    EXPECT_GE(report["kernels"].size(), 3u);
  }
  auto inspect = [&](const std::string& text, const std::string& options) {
    std::string named = folder.write("named.json", text);
    return run_burin("inspect lenet " + options, "BURIN_TUNE_CACHE=" + named);
  };
  std::ifstream file(cache);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(inspect(text, "").out.find("conv tuned"), std::string::npos);
  EXPECT_EQ(inspect(text, "--no-tune-cache").out.find("tuned"), std::string::npos);
  std::string other = isa::host_target().value().isa == isa::Isa::avx2 ? "avx512" : "avx2";
  EXPECT_EQ(inspect(text, "--target " + other).out.find("tuned"), std::string::npos);
  for (const char* broken : {"", "[]", "{\"machines\": 3}", "{\"machines\": {\"a\": [1]}}"}) {
    CommandResult result = inspect(broken, "");
    EXPECT_NE(result.out.find("conv"), std::string::npos) << broken;
    EXPECT_NE(result.err.find("is not a tuning cache"), std::string::npos) << broken;
    expect_one_line_error(run_burin("tune lenet --cache " + folder.file("named.json")));
  }
  expect_one_line_error(run_burin("tune lenet --budget soon"));
}

TEST(Cli, InspectShowsEveryStage) {
  for (const char* what : {"model", "graph", "kernels", "loop", "asm", "memory"}) {
    CommandResult result = run_burin(std::string("inspect mlp ") + what);
    EXPECT_EQ(result.exit_code, 0) << what << result.err;
    EXPECT_GT(result.out.size(), 100u) << what;
  }
  // The listing names the layer that asked for an instruction.
  CommandResult listing = run_burin("inspect mlp asm --target avx2");
  EXPECT_NE(listing.out.find("vfmadd"), std::string::npos);
  EXPECT_NE(listing.out.find("Gemm_"), std::string::npos);
}

TEST(Cli, WrongFilesAreOneLineErrors) {
  TempFolder folder;
  std::string net = folder.file("net.onnx");
  ASSERT_EQ(run_burin("zoo mlp -o " + net).exit_code, 0);
  std::ifstream whole(net, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(whole)), {});
  folder.write("cut.onnx", bytes.substr(0, bytes.size() / 2));
  folder.write("text.onnx", "this is no model");
  folder.write("empty.onnx", "");
  folder.write("broken.npy", "\x93NUMPY");
  expect_one_line_error(run_burin("run " + folder.file("none.onnx")));
  expect_one_line_error(run_burin("run " + folder.file("cut.onnx")));
  expect_one_line_error(run_burin("run " + folder.file("text.onnx")));
  expect_one_line_error(run_burin("run " + folder.file("empty.onnx")));
  expect_one_line_error(run_burin("run " + folder.path().string()));
  expect_one_line_error(run_burin("run " + net + " " + folder.file("none.npy")));
  expect_one_line_error(run_burin("run " + net + " " + folder.file("broken.npy")));
  expect_one_line_error(run_burin("run " + net + " x.npy y.npy"));
  expect_one_line_error(run_burin("run " + net + " -o " + folder.file("no/such/folder/y.npy")));
  expect_one_line_error(run_burin("run " + net + " --shape input=1x7"));
  expect_one_line_error(run_burin("run " + net + " --shape input=1000000000000x784"));
  expect_one_line_error(run_burin("run " + net + " --shape image=1x784"));
  expect_one_line_error(run_burin("run " + net + " --max-memory 1K"));
  expect_one_line_error(run_burin("run " + net + " --target vax"));
  expect_one_line_error(run_burin("zoo lenet -o " + folder.file("no/such/folder/net.onnx")));
  expect_one_line_error(run_burin("zoo no_such_net"));
  expect_one_line_error(run_burin("verify " + net + " --test-data " + folder.path().string()));
}

TEST(Cli, ShapesThatNoInputTakesAreErrors) {
  TempFolder folder;
  CommandResult unknown = run_burin("run mlp --shape image=2x784");
  expect_one_line_error(unknown);
  EXPECT_NE(unknown.err.find("no input 'image'"), std::string::npos) << unknown.err;
  EXPECT_NE(unknown.err.find("it has 'input'"), std::string::npos) << unknown.err;
  CommandResult twice = run_burin("run mlp --shape input=2x784 --shape input=3x784");
  expect_one_line_error(twice);
  EXPECT_NE(twice.err.find("two shapes"), std::string::npos) << twice.err;
  ASSERT_TRUE(write_npy(folder.file("x.npy"), Tensor({DType::f32, Shape({3, 784})})));
  EXPECT_EQ(run_burin("run mlp " + folder.file("x.npy") + " --shape input=3x784").exit_code, 0);
  CommandResult other = run_burin("run mlp " + folder.file("x.npy") + " --shape input=2x784");
  expect_one_line_error(other);
  EXPECT_NE(other.err.find("leave out one"), std::string::npos) << other.err;
  std::string many = "3";
  for (int axis = 0; axis < 40; ++axis) many += "x1";
  expect_one_line_error(run_burin("run mlp " + folder.file("x.npy") + " --shape input=" + many));
}

}  // namespace burin::test
