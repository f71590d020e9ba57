// IDX files made here, whole and broken.
#include "data/idx.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace burin::data {

namespace {

const std::string kTwoImages("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x01\x02\x03\xff", 20);

}  // namespace

TEST(Idx, ReadsImages) {
  test::TempFolder folder;
  std::string path = folder.write("two.idx", kTwoImages);
  auto all = read_idx(path, 100);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->shape(), Shape({2, 1, 2}));
  EXPECT_EQ(all->to_ints(), (std::vector<int64_t>{1, 2, 3, 255}));
  EXPECT_EQ(read_idx(path, 1)->shape(), Shape({1, 1, 2}));
  Tensor input = images_to_input(*all);
  EXPECT_EQ(input.shape(), Shape({2, 1, 1, 2}));
  EXPECT_FLOAT_EQ(input.load<float>(3), 1.0f);
}

TEST(Idx, RefusesBrokenFiles) {
  test::TempFolder folder;
  EXPECT_FALSE(read_idx(folder.file("none.idx"), 1));
  for (size_t size : {size_t{0}, size_t{3}, size_t{10}, size_t{17}, size_t{19}}) {
    EXPECT_FALSE(read_idx(folder.write("cut.idx", kTwoImages.substr(0, size)), 9));
  }
  std::string floats = kTwoImages;
  floats[2] = 0x0d;
  EXPECT_FALSE(read_idx(folder.write("floats.idx", floats), 9));
  std::string huge("\0\0\x08\x03\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff", 16);
  EXPECT_FALSE(read_idx(folder.write("huge.idx", huge), int64_t{1} << 40));
}

}  // namespace burin::data
