// burin train on several ranks, as mpirun starts it: the loss curve of one process, the same bits
// each time, and what becomes of a training that loses a rank.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/rng.h"
#include "onnx/write.h"
#include "tensor/npy.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"
#include "tests/train/tiny_network.h"
#include "train/checkpoint.h"

namespace burin::test {

namespace {

using nlohmann::json;

// The bytes of all variables of a training, in the order of their names.
std::map<std::string, std::string> variables_of(const std::string& folder) {
  std::map<std::string, std::string> all;
  auto checkpoint = train::load_checkpoint(folder + "/last.safetensors");
  EXPECT_TRUE(checkpoint) << checkpoint.error().text();
  if (!checkpoint) return all;
  for (const train::NamedTensor& v : checkpoint->variables) {
    auto bytes = v.value.bytes();
    all[v.name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

// Pictures of 6 x 6 with two bright rows that say the class, among much noise.
void write_bands(const TempFolder& folder, int64_t count) {
  Tensor x({DType::u8, {count, 6, 6}}), y({DType::i64, {count}});
  Rng rng(1);
  for (int64_t i = 0; i < count; ++i) {
    int64_t label = rng.below(3);
    y.set_int(i, label);
    for (int64_t k = 0; k < 36; ++k) {
      x.set_int(i * 36 + k, rng.below(180) + (k / 12 == label ? 60 : 0));
    }
  }
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  ASSERT_TRUE(write_npy(folder.file("y.npy"), y));
  folder.write("classes.txt", "top\nmiddle\nbottom\n");
}

// x[N, 1, 6, 6]: Flatten, Gemm, Relu, Dropout, Gemm: rows do not know of each other.
std::string write_rowwise_network(const TempFolder& folder, int64_t hidden) {
  onnx::ModelWriter w("rowwise");
  w.add_input("x", DType::f32, {{.symbol = "batch"}, {1}, {6}, {6}});
  w.add_output("y", DType::f32, {{.symbol = "batch"}, {3}});
  w.add_initializer("ratio", Tensor::scalar(DType::f32, 0.25));
  w.add_initializer("first", random_weights({36, hidden}, 0.2, 1));
  w.add_initializer("first_bias", filled({hidden}, 0));
  w.add_initializer("second", random_weights({hidden, 3}, 0.1, 3));
  w.add_initializer("second_bias", filled({3}, 0));
  w.node("Flatten", {"x"}, {"f"});
  w.node("Gemm", {"f", "first", "first_bias"}, {"g"});
  w.node("Relu", {"g"}, {"r"});
  w.node("Dropout", {"r", "ratio"}, {"d"});
  w.node("Gemm", {"d", "second", "second_bias"}, {"y"});
  EXPECT_TRUE(w.save(folder.file("net.onnx")));
  return folder.file("net.onnx");
}

bool has_mpirun() { return std::system("command -v mpirun >/dev/null") == 0; }

#define NEEDS_MPIRUN() \
  if (!has_mpirun()) GTEST_SKIP() << "mpirun is not installed (apt install openmpi-bin)"

// A run under mpirun; each rank leaves its process number in FOLDER/pid.RANK first.
std::string on_ranks(const TempFolder& folder, int ranks, const std::string& arguments) {
  return "mpirun -np " + std::to_string(ranks) +
         " --oversubscribe --allow-run-as-root sh -c 'echo $$ > " + folder.file("pid.") +
         "$OMPI_COMM_WORLD_RANK; exec \"$0\" \"$@\"' '" BURIN_BINARY "' " + arguments;
}

const char* const kEnvironment = "BURIN_TUNE_CACHE=off";

CommandResult run_on_ranks(const TempFolder& folder, int ranks, const std::string& arguments) {
  return run_command(std::string(kEnvironment) + " " + on_ranks(folder, ranks, arguments));
}

std::vector<json> metrics_of(const std::string& folder) {
  std::vector<json> lines;
  std::ifstream in(folder + "/metrics.jsonl");
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

void expect_same_curve(const std::string& want_folder, const std::string& got_folder) {
  std::vector<json> want = metrics_of(want_folder), got = metrics_of(got_folder);
  ASSERT_EQ(want.size(), got.size());
  ASSERT_FALSE(want.empty());
  for (size_t e = 0; e < want.size(); ++e) {
    EXPECT_EQ(got[e]["step"], want[e]["step"]);
    EXPECT_EQ(got[e]["learning_rate"], want[e]["learning_rate"]);
    for (const char* key : {"loss", "validation_loss"}) {
      double w = want[e][key], g = got[e][key];
      EXPECT_NEAR(g, w, 1e-4 * w) << key << " of epoch " << e + 1;
    }
    EXPECT_NEAR(double{got[e]["accuracy"]}, double{want[e]["accuracy"]}, 0.01);
  }
}

// A training in the background that would take very long. Ends with the test at the latest.
class LongTraining {
 public:
  LongTraining(const TempFolder& folder, const std::string& arguments) : folder_(folder) {
    thread_ = std::jthread([this, arguments] {
      result_ = run_on_ranks(folder_, 2, arguments);
      done_ = true;
    });
  }
  ~LongTraining() {
    for (int rank : {0, 1}) {
      if (!done_) send(rank, SIGKILL);
    }
  }

  void send(int rank, int signal) const {
    std::ifstream in(folder_.file("pid." + std::to_string(rank)));
    pid_t pid = 0;
    if (in >> pid && pid > 0) ::kill(pid, signal);
  }
  const CommandResult& wait() {
    thread_.join();
    return result_;
  }
  bool done() const { return done_; }

 private:
  const TempFolder& folder_;
  CommandResult result_;
  std::atomic<bool> done_ = false;
  std::jthread thread_;
};

// Waits for up to a minute.
template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 1200 && !condition(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return condition();
}

std::string training_line(const TempFolder& folder, const std::string& net) {
  return "train " + folder.path().string() + " --net " + net + " --threads 1 --batch 32 ";
}

// Starts a long training, does `harm` once it has come past two epochs, and expects the job to end
// with an error that says so and with a checkpoint that training can go on from.
void expect_rescue(const std::function<void(const LongTraining&)>& harm, const char* message) {
  TempFolder folder;
  write_bands(folder, 200);
  std::string out = folder.file("out");
  LongTraining training(folder, training_line(folder, write_rowwise_network(folder, 32)) +
                                    "--epochs 1000000 --patience 2 -o " + out);
  ASSERT_TRUE(comes_true([&] { return metrics_of(out).size() >= 2 || training.done(); }));
  ASSERT_FALSE(training.done());
  harm(training);
  ASSERT_TRUE(comes_true([&] { return training.done(); })) << "the other rank waits for ever";
  const CommandResult& result = training.wait();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("go on with: burin train --resume " + out), std::string::npos)
      << result.err;
  size_t epochs = metrics_of(out).size() + 2;
  CommandResult resumed =
      run_burin("train --resume " + out + " --epochs " + std::to_string(epochs));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(metrics_of(out).size(), epochs);
}

}  // namespace

TEST(CliRanks, HaveTheLossCurveOfOneProcess) {
  NEEDS_MPIRUN();
  TempFolder folder;
  write_bands(folder, 300);
  std::string line = training_line(folder, write_rowwise_network(folder, 64)) +
                     "--epochs 4 --clip-norm 1 --ema 0.9 --flip --shift 1 -o ";
  CommandResult one = run_burin(line + folder.file("one"));
  ASSERT_EQ(one.exit_code, 0) << one.err;
  for (int ranks : {2, 4}) {
    std::string out = folder.file("out" + std::to_string(ranks));
    CommandResult several = run_on_ranks(folder, ranks, line + out);
    ASSERT_EQ(several.exit_code, 0) << several.err;
    EXPECT_EQ(std::count(several.out.begin(), several.out.end(), '\n'), 6) << several.out;
    expect_same_curve(folder.file("one"), out);
  }
}

TEST(CliRanks, GiveTheSameBitsEachTimeAndAfterAStop) {
  NEEDS_MPIRUN();
  TempFolder folder;
  write_bands(folder, 300);
  // BatchNormalization: each rank normalises by its own rows, and their weights must stay equal.
  std::string net = folder.file("tiny.onnx");
  auto model = tiny_model();
  ASSERT_TRUE(train::save_model(*train::make_trainable(model, "tiny"), {}, {}, net));
  std::string line = training_line(folder, net) + "--schedule constant --epochs ";
  std::vector<std::map<std::string, std::string>> trained;
  for (const char* name : {"a", "b", "c"}) {
    std::string out = folder.file(name);
    bool parts = std::string(name) == "c";
    CommandResult result = run_on_ranks(folder, 2, line + (parts ? "1 -o " : "3 -o ") + out);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    if (parts) {
      result = run_on_ranks(folder, 2, "train --resume " + out + " --epochs 3 --threads 1");
      ASSERT_EQ(result.exit_code, 0) << result.err;
    }
    EXPECT_EQ(metrics_of(out).size(), 3u);
    trained.push_back(variables_of(out));
  }
  ASSERT_TRUE(trained[0].contains("matrix") && trained[0].contains("variance"));
  EXPECT_TRUE(trained[0] == trained[1]);
  EXPECT_TRUE(trained[0] == trained[2]);
}

TEST(CliRanks, ALostRankEndsTheJobWithACheckpoint) {
  NEEDS_MPIRUN();
  for (int lost : {0, 1}) {
    expect_rescue([&](const LongTraining& t) { t.send(lost, SIGKILL); }, "it may be lost");
  }
}

TEST(CliRanks, ARankThatHangsCountsAsLost) {
  NEEDS_MPIRUN();
  expect_rescue([](const LongTraining& t) { t.send(1, SIGSTOP); },
                "another rank has not answered for 2 seconds");
}

TEST(CliRanks, ErrorsAreToldOnce) {
  NEEDS_MPIRUN();
  TempFolder folder;
  write_bands(folder, 100);
  std::string net = write_rowwise_network(folder, 8);
  CommandResult result = run_on_ranks(
      folder, 2,
      "train " + folder.path().string() + " --net " + net + " --batch 33 -o " + folder.file("out"));
  EXPECT_NE(result.exit_code, 0);
  std::string message = "--batch: 2 ranks cannot share 33 samples equally";
  size_t found = result.err.find(message);
  ASSERT_NE(found, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find(message, found + 1), std::string::npos) << result.err;
}

TEST(CliRanks, OneProcessLoadsNoMpi) {
  TempFolder folder;
  write_bands(folder, 64);
  std::string line = training_line(folder, write_rowwise_network(folder, 8)) + "--epochs 1 -o ";
  CommandResult result =
      run_burin(line + folder.file("out"), "BURIN_TUNE_CACHE=off LD_DEBUG=files");
  ASSERT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("libturbojpeg"), std::string::npos);
  EXPECT_EQ(result.err.find("libmpi"), std::string::npos);
}

}  // namespace burin::test
