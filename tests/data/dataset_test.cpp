// Data sets of every form, made here, and what is wrong with them.
#include "data/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tensor/npy.h"
#include "tests/support/image_files.h"
#include "tests/support/temp_folder.h"

namespace burin::data {

namespace {

std::string photo(int width = 8, int height = 4) {
  return test::text_of(test::jpeg_of(test::noise_of(width, height), width, height));
}

void add(const test::TempFolder& folder, const std::string& name, const std::string& bytes) {
  std::filesystem::create_directories((folder.path() / name).parent_path());
  folder.write(name, bytes);
}

// The reason why the folder is refused; empty if it is not.
std::string refusal(const test::TempFolder& folder) {
  auto opened = open_dataset(folder.path().string());
  if (opened) return {};
  EXPECT_FALSE(opened.error().where.empty());
  EXPECT_FALSE(opened.error().hint.empty()) << opened.error().text();
  return opened.error().reason;
}

// Bytes 0, 1, 2 ... of an IDX file with these dimensions.
std::string idx(std::vector<uint8_t> dims, const std::string& data) {
  std::string text("\0\0\x08", 3);
  text += static_cast<char>(dims.size());
  for (uint8_t d : dims) text += std::string("\0\0\0", 3) + static_cast<char>(d);
  return text + data;
}

}  // namespace

TEST(Dataset, ReadsClassFolders) {
  test::TempFolder folder;
  add(folder, "dog/b.JPG", photo());
  add(folder, "dog/deep/er/a.png", test::text_of(test::png_of({9, 9, 9}, 1, 1, 2)));
  add(folder, "cat/c.webp", test::text_of(test::webp_of({1, 2, 3}, 1, 1, 3)));
  add(folder, "cat/notes.txt", "no picture");
  add(folder, ".cache/x.jpg", photo());
  add(folder, "cat/._c.jpg", "left by another system");
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  const Dataset& set = *opened->train;
  EXPECT_EQ(opened->test, nullptr);
  EXPECT_EQ(set.classes(), (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set.size(), 3);
  EXPECT_EQ(set.name(0), "cat/c.webp");
  EXPECT_EQ(set.name(2), "dog/deep/er/a.png");
  EXPECT_EQ(set.label(0), 0);
  EXPECT_EQ(set.label(2), 1);
  auto pixels = set.load(0, {});
  ASSERT_TRUE(pixels) << pixels.error().text();
  EXPECT_EQ(pixels->bytes, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_EQ(set.load(1, {})->width, 8);
}

TEST(Dataset, ReadsFlatNamesAndParts) {
  test::TempFolder folder;
  for (const char* name : {"train/cat.0.jpg", "train/dog.0.jpg", "train/cat.1.jpg", "val/cat.7.jpg",
                           "val/dog.7.jpg"}) {
    add(folder, name, photo());
  }
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->train->size(), 3);
  EXPECT_EQ(opened->train->label(2), 1);
  ASSERT_TRUE(opened->test);
  EXPECT_EQ(opened->test->size(), 2);
  add(folder, "val/bird.0.jpg", photo());
  EXPECT_EQ(refusal(folder), "the classes for training and for testing differ");
}

TEST(Dataset, SaysWhatIsWrongWithPhotos) {
  auto missing = open_dataset("/no/such/folder");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, "not a folder");
  test::TempFolder folder;
  EXPECT_EQ(refusal(folder), "no images here");
  add(folder, "IMG_1.jpg", photo());
  EXPECT_EQ(refusal(folder), "no class in the name of IMG_1.jpg");
  add(folder, "cat/1.jpg", photo());
  EXPECT_EQ(refusal(folder), "images both in folders and beside them (IMG_1.jpg)");
  std::filesystem::remove(folder.file("IMG_1.jpg"));
  EXPECT_EQ(refusal(folder), "only one class: cat");
  add(folder, "dog/readme.txt", "");
  EXPECT_EQ(refusal(folder), "a class folder without images");
}

TEST(Dataset, LoadsOrRefusesEachItem) {
  test::TempFolder folder;
  add(folder, "a/fine.jpg", photo());
  add(folder, "a/text.jpg", "a letter");
  add(folder, "b/cut.jpg", photo(64, 64).substr(0, 900));
  add(folder, "b/huge.png", test::text_of(test::png_header_of(20000, 20000)));
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(opened->train->load(0, {}));
  for (int64_t item = 1; item < 4; ++item) {
    auto pixels = opened->train->load(item, {});
    ASSERT_FALSE(pixels);
    EXPECT_EQ(pixels.error().where, folder.file(opened->train->name(item)));
  }
}

TEST(Dataset, ReadsIdx) {
  test::TempFolder folder;
  folder.write("train-images-idx3-ubyte", idx({3, 1, 2}, std::string("\1\2\3\4\5\6", 6)));
  folder.write("train-labels-idx1-ubyte", idx({3}, std::string("\0\1\1", 3)));
  folder.write("t10k-images-idx3-ubyte", idx({1, 1, 2}, "ab"));
  folder.write("t10k-labels-idx1-ubyte", idx({1}, "\1"));
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  const Dataset& set = *opened->train;
  EXPECT_EQ(set.classes(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(std::tuple(set.channels(), set.height(), set.width()), std::tuple(1, 1, 2));
  EXPECT_EQ(set.load(2, {})->bytes, (std::vector<uint8_t>{5, 6}));
  EXPECT_EQ(opened->test->label(0), 1);
  folder.write("classes.txt", "boot\r\nbag\n");
  EXPECT_EQ(open_dataset(folder.path().string())->test->classes(),
            (std::vector<std::string>{"boot", "bag"}));
  folder.write("t10k-labels-idx1-ubyte", idx({1}, "\2"));
  EXPECT_EQ(refusal(folder), "image 0 has label 2");
  folder.write("train-labels-idx1-ubyte", idx({2}, std::string("\0\1", 2)));
  EXPECT_EQ(refusal(folder), "3 images but 2 labels");
}

TEST(Dataset, ReadsRawPlanes) {
  test::TempFolder folder;
  constexpr size_t kPlane = 128 * 128;
  std::string image =
      std::string(kPlane, 'r') + std::string(kPlane, 'g') + std::string(kPlane, 'b');
  folder.write("images.bin", image + image);
  folder.write("labels.bin", std::string("\0\1", 2));
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  auto pixels = opened->train->load(1, {});
  ASSERT_EQ(pixels->bytes.size(), 3 * kPlane);
  EXPECT_EQ(std::string(pixels->bytes.end() - 3, pixels->bytes.end()), "rgb");
  folder.write("images.bin", image + "x");
  EXPECT_FALSE(open_dataset(folder.path().string()));
}

TEST(Dataset, ReadsNpyPairs) {
  test::TempFolder folder;
  std::vector<double> values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  ASSERT_TRUE(
      write_npy(folder.file("x.npy"), Tensor::from_doubles({DType::f32, {2, 3, 1, 2}}, values)));
  auto labels = [&](std::vector<int64_t> y) {
    auto n = static_cast<int64_t>(y.size());
    ASSERT_TRUE(write_npy(folder.file("y.npy"), Tensor::from_ints({DType::i32, {n}}, y)));
  };
  labels({1, 0});
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->train->load(1, {})->floats, (std::vector<float>{6, 8, 10, 7, 9, 11}));
  EXPECT_EQ(opened->train->label(0), 1);
  labels({0, -1});
  EXPECT_EQ(refusal(folder), "image 1 has label -1");
  labels({0, 2});
  EXPECT_EQ(refusal(folder), "no image of class 1");
  ASSERT_TRUE(write_npy(folder.file("x.npy"), Tensor({DType::f32, {2, 5, 5, 5}})));
  EXPECT_EQ(refusal(folder), "5 channels in images of shape 2x5x5x5");
  ASSERT_TRUE(write_npy(folder.file("x.npy"), Tensor({DType::i64, {2, 5, 5}})));
  EXPECT_EQ(refusal(folder), "images of type i64");
}

TEST(Dataset, RefusesFloatsThatAreNotFinite) {
  test::TempFolder folder;
  Tensor x = Tensor::from_doubles({DType::f32, {2, 1, 1}}, std::vector<double>{0.5, 1 / 0.0});
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  std::vector<int64_t> y = {0, 1};
  ASSERT_TRUE(write_npy(folder.file("y.npy"), Tensor::from_ints({DType::u8, {2}}, y)));
  auto opened = open_dataset(folder.path().string());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_TRUE(opened->train->load(0, {}));
  EXPECT_FALSE(opened->train->load(1, {}));
}

TEST(Dataset, ReadsFashionMnist) {
  const std::string path = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs package dataset-fashion-mnist";
  auto opened = open_dataset(path);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->train->size(), 60000);
  EXPECT_EQ(opened->test->size(), 10000);
  EXPECT_EQ(opened->train->classes().size(), 10u);
  EXPECT_EQ(opened->train->width(), 28);
}

}  // namespace burin::data
