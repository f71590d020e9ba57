// Files written here read back; damaged and hostile ones are refused.
#include "tensor/safetensors.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace burin {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

TEST(SafeTensors, RoundTripsTensorsAndMetadata) {
  test::TempFolder folder;
  SafeTensors out;
  out.metadata = {{"format", "pt"}, {"text", "a \"quoted\"\nline"}};
  for (DType dtype : {DType::f32, DType::bf16, DType::i64, DType::u8, DType::pred}) {
    std::vector<int64_t> values = {0, 1, 1, 0, 1, 0};
    out.tensors.emplace_back(std::string(name_of(dtype)),
                             Tensor::from_ints({dtype, {2, 3}}, values));
  }
  out.tensors.emplace_back("empty", Tensor({DType::f32, {0, 4}}));
  out.tensors.emplace_back("scalar", Tensor::scalar(DType::f64, 2.5));
  ASSERT_TRUE(write_safetensors(folder.file("t"), out));
  auto back = read_safetensors(folder.file("t"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->metadata, out.metadata);
  ASSERT_EQ(back->tensors.size(), out.tensors.size());
  std::map<std::string, Tensor> by_name(back->tensors.begin(), back->tensors.end());
  for (const auto& [name, tensor] : out.tensors) {
    EXPECT_EQ(by_name[name].type(), tensor.type()) << name;
    EXPECT_EQ(by_name[name].to_doubles(), tensor.to_doubles()) << name;
  }
}

TEST(SafeTensors, RefusalsSayWhy) {
  test::TempFolder folder;
  auto why = [&](const std::string& bytes) {
    auto t = read_safetensors(folder.write("t", bytes));
    return t ? "no error" : t.error().reason;
  };
  auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  std::string eight(8, '\0');
  EXPECT_EQ(why(file_of(entry("F32", "[2]", "[0,8]"), eight)), "no error");
  EXPECT_EQ(why(""), "is no safetensors file");
  EXPECT_EQ(why(std::string(8, '\xff')), "is no whole safetensors file");
  EXPECT_EQ(why(file_of("[", "")), "its header is not readable");
  EXPECT_EQ(why(file_of(std::string(100000, '['), "")), "its header is not readable");
  EXPECT_EQ(why(file_of("{\"t\":3}", "")), "is not readable");
  EXPECT_EQ(why(file_of("{\"__metadata__\":{\"a\":1}}", "")), "its metadata is not text");
  EXPECT_EQ(why(file_of(entry("C64", "[1]", "[0,8]"), eight)), "has an unknown element type");
  EXPECT_EQ(why(file_of(entry("F32", "[-2]", "[0,8]"), eight)), "has no valid shape");
  EXPECT_EQ(why(file_of(entry("F32", "[2]", "[0,9]"), eight)), "lies outside the file");
  EXPECT_EQ(why(file_of(entry("F32", "[2]", "[8,0]"), eight)), "lies outside the file");
  EXPECT_EQ(why(file_of(entry("F32", "[2]", "[0]"), eight)), "has no offsets");
  EXPECT_EQ(why(file_of(entry("F32", "[3]", "[0,8]"), eight)), "does not have the bytes of f32[3]");
  EXPECT_NE(why(file_of(entry("F32", "[1099511627776,1099511627776]", "[0,8]"), eight)),
            "no error");
  EXPECT_EQ(why(file_of(entry("BOOL", "[1]", "[0,1]"), "\x02")), "has booleans other than 0 and 1");
  EXPECT_EQ(why(file_of(entry("F32", "[1]", "[0,4]"), eight)),
            "has tensors that overlap, or bytes of no tensor");
}

TEST(SafeTensors, EveryCutOfAFileIsRefused) {
  test::TempFolder folder;
  SafeTensors out;
  out.tensors.emplace_back("a", Tensor({DType::f32, {5}}));
  ASSERT_TRUE(write_safetensors(folder.file("t"), out));
  std::ifstream in(folder.file("t"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(read_safetensors(folder.write("cut", bytes.substr(0, n)))) << n;
  }
}

}  // namespace
}  // namespace burin
