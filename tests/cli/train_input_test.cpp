// burin train on what is wrong with data, disks and checkpoints: one line that says so, or a skip
// that is listed.
#include <gtest/gtest.h>

#include <filesystem>

#include "tensor/npy.h"
#include "tests/support/command.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

namespace {

namespace fs = std::filesystem;

// A folder of photos, `count` of each class.
class Photos {
 public:
  Photos(std::initializer_list<const char*> classes, int count) {
    fs::create_directory(path());
    for (const char* name : classes) {
      fs::create_directory(fs::path(path()) / name);
      for (int i = 0; i < count; ++i) {
        add(std::string(name) + "/" + std::to_string(i) + ".jpg",
            text_of(jpeg_of(noise_of(32, 32), 32, 32)));
      }
    }
  }
  std::string path() const { return folder_.file("photos"); }
  std::string out() const { return folder_.file("out"); }
  void add(const std::string& name, const std::string& bytes) {
    folder_.write("photos/" + name, bytes);
  }
  CommandResult train(const std::string& options, const std::string& before = "") const {
    return run_burin("train " + path() + " --net lenet --epochs 2 --batch 4 --hold-out 0.2 -o " +
                         out() + " " + options,
                     before + " BURIN_TUNE_CACHE=off");
  }

 private:
  TempFolder folder_;
};

// The error ends what it said, after progress.
void expect_one_line(const CommandResult& result, const std::string& part) {
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  size_t at = result.err.find("burin: ");
  ASSERT_NE(at, std::string::npos) << result.err;
  EXPECT_EQ(result.err.find('\n', at), result.err.size() - 1) << result.err;
  EXPECT_NE(result.err.find(part, at), std::string::npos) << result.err;
}

}  // namespace

TEST(CliTrainInput, SkipsAndListsWhatIsNoPicture) {
  Photos photos({"cat", "dog"}, 10);
  std::string jpeg = text_of(jpeg_of(noise_of(64, 64), 64, 64));
  photos.add("cat/text.jpg", "not a picture\n");
  photos.add("cat/truncated.jpg", jpeg.substr(0, jpeg.size() / 2));
  photos.add("dog/huge.png", text_of(png_header_of(20000, 20000)));
  photos.add("dog/empty.jpg", "");
  CommandResult result = photos.train("");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* name : {"cat/text.jpg", "cat/truncated.jpg", "dog/huge.png", "dog/empty.jpg"}) {
    size_t at = result.err.find(name);
    EXPECT_NE(at, std::string::npos) << name << " in " << result.err;
    EXPECT_EQ(result.err.find(name, at + 1), std::string::npos) << "twice: " << result.err;
  }
  EXPECT_NE(result.err.find("of 24 images cannot be read and are left out"), std::string::npos);
}

TEST(CliTrainInput, RefusesFoldersWithoutTwoClasses) {
  expect_one_line(Photos({}, 0).train(""), "no images here");
  expect_one_line(Photos({"cat"}, 4).train(""), "only one class: cat");
  Photos unreadable({"cat", "dog"}, 0);
  expect_one_line(unreadable.train(""), "a class folder without images");
  for (const char* name : {"cat/a.jpg", "cat/b.jpg", "dog/a.jpg", "dog/b.jpg"}) {
    unreadable.add(name, "text");
  }
  CommandResult result = unreadable.train("");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("images in a row cannot be read"), std::string::npos) << result.err;
}

TEST(CliTrainInput, RefusesLabelsOutOfRange) {
  for (int64_t bad : {-1, 2, 1 << 30}) {
    TempFolder folder;
    Tensor x({DType::u8, {6, 28, 28}}), y({DType::i64, {6}});
    for (int64_t i = 0; i < 6; ++i) y.set_int(i, i == 5 ? bad : i % 2);
    ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
    ASSERT_TRUE(write_npy(folder.file("y.npy"), y));
    folder.write("classes.txt", "a\nb\n");
    expect_one_line(run_burin("train " + folder.path().string() + " -o " + folder.file("out")),
                    "image 5 has label " + std::to_string(bad));
  }
}

TEST(CliTrainInput, AFullDiskEndsItAndLeavesNoHalfFile) {
  Photos photos({"cat", "dog"}, 10);
  CommandResult result = photos.train("", "ulimit -f 20;");  // too few for the weights
  expect_one_line(result, "cannot write");
  for (const auto& file : fs::directory_iterator(photos.out())) {
    std::string name = file.path().filename().string();  // what grows line by line
    EXPECT_TRUE(name == "metrics.jsonl" || name.starts_with("events.out.")) << name;
  }
  EXPECT_EQ(photos.train("").exit_code, 0);  // once there is room
}

TEST(CliTrainInput, RefusesCheckpointsOfOtherNetworksAndOtherData) {
  Photos photos({"cat", "dog"}, 10), others({"cat", "cow"}, 10);
  ASSERT_EQ(photos.train("").exit_code, 0);
  std::string line = "train --resume " + photos.out();
  expect_one_line(run_burin(line + " --net catdog"), "does not fit this network");
  expect_one_line(run_burin(line + " --optimiser sgd"), "does not fit this network and optimiser");
  expect_one_line(run_burin(line + " --batch 5"), "was made with other data");
  expect_one_line(run_burin("train " + others.path() + " --resume " + photos.out()),
                  "was made with other data");
  expect_one_line(run_burin("train --resume " + photos.out() + "/best.onnx"), "best.onnx");
}

TEST(CliTrainInput, RefusesIntervalsThatAreNone) {
  Photos photos({"cat", "dog"}, 3);
  for (const char* text : {"often", "5d", "-1", "12345678901"}) {
    expect_one_line(photos.train("--checkpoint-every=" + std::string(text)), "write 500, 30s");
  }
}

}  // namespace burin::test
