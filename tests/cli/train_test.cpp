// burin train as its user meets it: a folder of samples becomes a network, and it goes on after a
// stop.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tensor/npy.h"
#include "tests/support/command.h"
#include "tests/support/half_bright.h"
#include "tests/support/html.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

TEST(CliTrain, TrainsExportsAndRefusesToOverwrite) {
  TempFolder folder;
  write_samples(folder, 200);
  std::string out = folder.file("out");
  std::string line = "train " + folder.path().string() + " --net lenet --epochs 2 --batch 20 -o ";
  CommandResult result = run_burin(line + out);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("accuracy 100.00 %"), std::string::npos) << result.out;
  std::string page = read_file(out + "/report.html");
  expect_nested(page);
  expect_self_contained(page);
  EXPECT_NE(page.find("100.00 %"), std::string::npos);
  CommandResult shown = run_burin("inspect " + out + "/best.onnx model");
  EXPECT_NE(shown.out.find("f32[2] @11"), std::string::npos);  // the bias of the last layer
  CommandResult again = run_burin(line + out);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.err.find("--resume"), std::string::npos) << again.err;
}

TEST(CliTrain, TellsMachinesInLinesOfJson) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string out = folder.file("out");
  CommandResult result = run_burin("train " + folder.path().string() +
                                   " --net mlp --epochs 2 --batch 20 --json -o " + out);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::istringstream lines(result.out);
  std::vector<nlohmann::json> told;
  for (std::string line; std::getline(lines, line);) told.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].dump() + "\n" + told[1].dump() + "\n", read_file(out + "/metrics.jsonl"));
  EXPECT_EQ(told[2]["model"], out + "/best.onnx");
  EXPECT_EQ(told[2]["steps"], told[1]["step"]);
  EXPECT_FALSE(told[2]["interrupted"].get<bool>());
}

TEST(CliTrain, MoreEpochsLaterAreTheSameAsAtOnce) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string line = "train " + folder.path().string() +
                     " --net mlp --batch 20 --schedule constant --optimiser sgd --momentum 0.9 -o ";
  std::string whole = folder.file("whole"), parts = folder.file("parts");
  ASSERT_EQ(run_burin(line + whole + " --epochs 3").exit_code, 0);
  ASSERT_EQ(run_burin(line + parts + " --epochs 1").exit_code, 0);
  CommandResult resumed = run_burin("train --resume " + parts + " --epochs 3 --threads 1");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  std::string a = read_file(whole + "/last.safetensors"),
              b = read_file(parts + "/last.safetensors");
  ASSERT_GT(a.size(), 100000u);
  EXPECT_EQ(a.substr(a.size() - 900000), b.substr(b.size() - 900000));
}

TEST(CliTrain, AugmentsByPresetAndSingleOptionsAndGoesOnAlike) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string line = "train " + folder.path().string() +
                     " --net lenet --batch 20 --schedule constant --augment strong --no-flip "
                     "--rotate 5 --cutout 0 -o ";
  std::string whole = folder.file("whole"), parts = folder.file("parts");
  CommandResult result = run_burin(line + whole + " --epochs 2");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  ASSERT_EQ(run_burin(line + parts + " --epochs 1").exit_code, 0);
  CommandResult resumed = run_burin("train --resume " + parts + " --epochs 2");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  std::string a = read_file(whole + "/last.safetensors"),
              b = read_file(parts + "/last.safetensors");
  ASSERT_GT(a.size(), 200000u);
  EXPECT_EQ(a.substr(a.size() - 200000), b.substr(b.size() - 200000));
  EXPECT_EQ(run_burin(line + whole + " --rotate 200").exit_code, 2);
  EXPECT_EQ(run_burin(line + whole + " --augment wild").exit_code, 2);
}

TEST(CliTrain, FinetunesWithAFrozenBody) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string net = folder.file("ten.onnx"), out = folder.file("out");
  ASSERT_EQ(run_burin("zoo lenet -o " + net).exit_code, 0);
  std::string line = "train " + folder.path().string() + " --finetune " + net + " --batch 20 ";
  CommandResult result = run_burin(line + "--freeze body --epochs 3 --lr 0.01 -o " + out);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("(Gemm, 84 to 10)"), std::string::npos) << result.out;
  EXPECT_NE(result.err.find("new last layer for 2 scores"), std::string::npos) << result.err;
  CommandResult resumed = run_burin("train --resume " + out + " --epochs 4");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  CommandResult unknown = run_burin(line + "--freeze nothing -o " + folder.file("other"));
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("--freeze nothing"), std::string::npos) << unknown.err;
  EXPECT_EQ(run_burin(line + "--classes 1 -o " + folder.file("other")).exit_code, 1);
  EXPECT_EQ(run_burin(line + "--net lenet").exit_code, 2);
}

TEST(CliTrain, TrainsANetFile) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string net = folder.write("my.net",
                                 "input 1x28x28\nconv 4 3x3 norm relu\nglobalpool\n"
                                 "dense classes\n");
  CommandResult result = run_burin("train " + folder.path().string() + " --net " + net +
                                   " --epochs 1 --batch 20 -o " + folder.file("out"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  CommandResult broken = run_burin("inspect " + folder.write("bad.net", "input 5\nconv 3\n"));
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_NE(broken.err.find("bad.net:2: "), std::string::npos) << broken.err;
}

TEST(CliTrain, DumpsAValueOfOneStep) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string line = "train " + folder.path().string() + " --net mlp --epochs 1 --batch 20 -o ";
  CommandResult result = run_burin(line + folder.file("a") + " --dump-step 3 --dump output=" +
                                   folder.file("dumped.npy") + " --check-finite");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(read_npy(folder.file("dumped.npy"))->shape()[0], 20);
  CommandResult refused = run_burin(line + folder.file("b") + " --dump nothing=g.npy");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("nothing"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(folder.file("b")));
}

TEST(CliTrain, NamesTheLayerWhereNumbersStopBeingFinite) {
  TempFolder folder;
  write_samples(folder, 100);
  std::string line = "train " + folder.path().string() +
                     " --net lenet --epochs 3 --batch 20 --optimiser sgd --lr 1e30 -o ";
  CommandResult result = run_burin(line + folder.file("out") + " --check-finite");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("step "), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(" of '"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("--lr"), std::string::npos) << result.err;
}

TEST(CliTrain, ErrorsAreOneLine) {
  TempFolder folder;
  for (const std::string& line : {std::string("train"), "train " + folder.path().string(),
                                  "train --resume " + folder.file("nothing"),
                                  "train " + folder.path().string() + " --net bert_tiny"}) {
    CommandResult result = run_burin(line);
    EXPECT_EQ(result.exit_code, 1) << line;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_EQ(run_burin("train " + folder.path().string() + " --optimiser magic").exit_code, 2);
}

}  // namespace burin::test
