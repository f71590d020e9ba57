// burin train when it is stopped: by kill -9 at any moment, and by Ctrl-C.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "driver/model.h"
#include "tensor/npy.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"
#include "train/checkpoint.h"
#include "train/event_file.h"

namespace burin::test {

namespace {

namespace fs = std::filesystem;

// 28 x 28 pictures of two classes, mostly noise.
void write_noise(const TempFolder& folder, int64_t count) {
  Tensor x({DType::u8, {count, 28, 28}}), y({DType::i64, {count}});
  Rng rng(1);
  for (int64_t i = 0; i < count; ++i) {
    y.set_int(i, i % 2);
    for (int64_t k = 0; k < 784; ++k) x.set_int(i * 784 + k, rng.below(100) + 50 * (i % 2));
  }
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  ASSERT_TRUE(write_npy(folder.file("y.npy"), y));
}

// The lines without what depends on the clock; each must be whole.
std::vector<nlohmann::json> read_metrics(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    nlohmann::json j = nlohmann::json::parse(line, nullptr, false);
    EXPECT_TRUE(j.is_object()) << line;
    for (const char* key : {"seconds", "samples_per_second", "waiting_for_data"}) j.erase(key);
    lines.push_back(j);
  }
  return lines;
}

// TensorBoard reads records up to the last whole one.
void expect_whole_records(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  size_t at = 0;
  for (uint64_t length; at + 12 <= bytes.size(); at += length + 16) {
    uint32_t crc;
    std::memcpy(&length, &bytes[at], sizeof(length));
    std::memcpy(&crc, &bytes[at + 8], sizeof(crc));
    ASSERT_EQ(crc, train::masked_crc(std::string_view(bytes).substr(at, 8))) << path;
  }
}

void expect_whole_files(const std::string& out) {
  std::error_code missing;
  for (const auto& file : fs::directory_iterator(out, missing)) {
    std::string path = file.path().string();
    if (path.ends_with(".jsonl")) {
      read_metrics(path);
    } else if (file.path().filename().string().starts_with("events.out.")) {
      expect_whole_records(path);
    } else if (path.ends_with(".html")) {
      std::ifstream in(path);
      std::string page{std::istreambuf_iterator<char>(in), {}};
      EXPECT_TRUE(page.ends_with("</html>\n")) << path;
    } else if (path.ends_with(".onnx")) {
      auto model = driver::Model::load(path);
      EXPECT_TRUE(model) << model.error().text();
    } else {
      auto checkpoint = train::load_checkpoint(path);
      EXPECT_TRUE(checkpoint) << checkpoint.error().text();
    }
  }
}

void expect_same_training(const std::string& a, const std::string& b) {
  auto x = train::load_checkpoint(a + "/last.safetensors");
  auto y = train::load_checkpoint(b + "/last.safetensors");
  ASSERT_TRUE(x && y);
  EXPECT_EQ(x->step, y->step);
  ASSERT_EQ(x->variables.size(), y->variables.size());
  for (size_t i = 0; i < x->variables.size(); ++i) {
    auto p = x->variables[i].value.bytes(), q = y->variables[i].value.bytes();
    ASSERT_EQ(p.size(), q.size());
    EXPECT_EQ(std::memcmp(p.data(), q.data(), p.size()), 0) << x->variables[i].name;
  }
  EXPECT_EQ(read_metrics(a + "/metrics.jsonl"), read_metrics(b + "/metrics.jsonl"));
}

}  // namespace

TEST(CliTrainStop, KilledAtAnyMomentItGoesOnWithTheSameBits) {
  TempFolder folder;
  write_noise(folder, 120);
  std::string whole = folder.file("whole"), parts = folder.file("parts");
  std::string first = "train " + folder.path().string() +
                      " --net lenet --epochs 12 --batch 10 --ema 0.9 --checkpoint-every 3 -o ";
  CommandResult uninterrupted = run_burin(first + whole);
  ASSERT_EQ(uninterrupted.exit_code, 0) << uninterrupted.err;
  Rng rng(7);
  int kills = 0, resumed = 0;
  for (int round = 0; round < 12; ++round) {
    bool begun = fs::exists(parts + "/last.safetensors");
    double seconds = uninterrupted.seconds * (0.1 + 0.4 * rng.uniform());
    CommandResult result =
        run_burin(begun ? "train --resume " + parts : first + parts,
                  "BURIN_TUNE_CACHE=off timeout -s KILL " + std::to_string(seconds));
    expect_whole_files(parts);
    resumed += begun;
    if (result.exit_code == 0) break;
    ASSERT_EQ(result.exit_code, 137) << result.err;
    ++kills;
  }
  EXPECT_GE(kills, 2);
  EXPECT_GE(resumed, 1);
  CommandResult last = run_burin("train --resume " + parts);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  expect_same_training(whole, parts);
}

TEST(CliTrainStop, CtrlCSavesAndSaysHowToGoOn) {
  for (const char* signal : {"INT", "TERM"}) {
    TempFolder folder;
    write_noise(folder, 120);
    std::string out = folder.file("out");
    CommandResult result = run_burin(
        "train " + folder.path().string() +
            " --net lenet --epochs 1000000 --schedule constant --batch 10 "
            "--checkpoint-every 0 -o " +
            out,
        "BURIN_TUNE_CACHE=off timeout --preserve-status -s " + std::string(signal) + " 2");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("go on with: burin train --resume " + out), std::string::npos)
        << result.out;
    auto saved = train::load_checkpoint(out + "/last.safetensors");
    ASSERT_TRUE(saved) << saved.error().text();
    EXPECT_NE(result.out.find("stopped after step " + std::to_string(saved->step) + ";"),
              std::string::npos)
        << result.out;
  }
}

}  // namespace burin::test
