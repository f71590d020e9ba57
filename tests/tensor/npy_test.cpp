// .npy files written here read back, NumPy's own layout is understood, the rest is refused.
#include "tensor/npy.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace burin {
namespace {

std::string npy(const std::string& dict, const std::string& data) {
  std::string header = dict + std::string(118 - dict.size() - 1, ' ') + "\n";
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + data;
}

TEST(Npy, RoundTripsEveryDtypeAndRank) {
  test::TempFolder folder;
  for (DType dtype : {DType::f32, DType::f64, DType::f16, DType::i8, DType::i16, DType::i32,
                      DType::i64, DType::u8, DType::u16, DType::u32, DType::u64, DType::pred}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{1, 7, 3}, Shape{0, 2}}) {
      std::vector<int64_t> values(static_cast<size_t>(shape.elements()));
      for (size_t i = 0; i < values.size(); ++i) values[i] = dtype == DType::pred ? i % 2 : i;
      Tensor t = Tensor::from_ints({dtype, shape}, values);
      ASSERT_TRUE(write_npy(folder.file("t.npy"), t));
      EXPECT_EQ((std::filesystem::file_size(folder.file("t.npy")) - t.bytes().size()) % 64, 0u);
      auto back = read_npy(folder.file("t.npy"));
      ASSERT_TRUE(back) << back.error().text();
      EXPECT_EQ(back->type(), t.type());
      EXPECT_EQ(back->to_ints(), values);
    }
  }
}

TEST(Npy, BFloat16IsWrittenAsFloat) {
  test::TempFolder folder;
  ASSERT_TRUE(write_npy(folder.file("t.npy"), Tensor::scalar(DType::bf16, 1.5)));
  EXPECT_EQ(read_npy(folder.file("t.npy"))->dtype(), DType::f32);
  EXPECT_EQ(read_npy(folder.file("t.npy"))->as_double(0), 1.5);
}

TEST(Npy, RefusalsSayWhy) {
  test::TempFolder folder;
  auto why = [&](const std::string& bytes) {
    auto t = read_npy(folder.write("t.npy", bytes));
    return t ? "no error" : t.error().reason;
  };
  std::string eight(8, '\0');
  auto dict = [](const std::string& descr, const std::string& order, const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  };
  EXPECT_EQ(why(npy(dict("'<f4'", "False", "(2,)"), eight)), "no error");
  EXPECT_EQ(why(npy(dict("'<f4'", "True", "(2, 1)"), eight)), "is in Fortran order");
  EXPECT_EQ(why(npy(dict("'>f4'", "False", "(2,)"), eight)), "is big-endian");
  EXPECT_EQ(why(npy(dict("'<c8'", "False", "(1,)"), eight)), "element type <c8 is not supported");
  EXPECT_EQ(why(npy(dict("''   ", "False", "(1,)"), eight)), "element type  is not supported");
  EXPECT_EQ(why(npy(dict("[('a', '<f4')]", "False", "(1,)"), eight)), "has no plain element type");
  EXPECT_EQ(why(npy(dict("'<f4'", "False", "(2"), eight)), "has no readable shape");
  EXPECT_EQ(why(npy(dict("'<f4'", "False", "(x,)"), eight)), "has no readable shape");
  EXPECT_EQ(why(npy(dict("'<f4'", "False", "(-2,)"), eight)), "negative dimension -2");
  EXPECT_EQ(why(npy(dict("'<f4'", "False", "(3,)"), eight)),
            "has 8 bytes of data where f32[3] needs 12");
  EXPECT_EQ(why("nonsense"), "is not a whole .npy file");
  EXPECT_EQ(why(""), "is not a whole .npy file");
}

}  // namespace
}  // namespace burin
