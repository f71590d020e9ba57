// Every encoding of tensors that ONNX allows, and the refusal of the broken ones.
#include "onnx/tensor_proto.h"

#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

#include "onnx/encode.h"
#include "onnx/tensor_file.h"
#include "tests/support/temp_folder.h"

namespace burin::onnx {
namespace {

using protozero::pbf_writer;

// A TensorProto with dims and a data type; the test adds the data.
std::string header(std::vector<int64_t> dims, int64_t data_type) {
  std::string out;
  pbf_writer w(out);
  w.add_packed_int64(1, dims.begin(), dims.end());
  w.add_int64(2, data_type);
  w.add_string(8, "t");
  return out;
}

Result<Tensor> decode(const std::string& bytes, const std::string& folder = "",
                      int64_t max_memory = 0) {
  ExternalFiles external(folder.empty() ? std::nullopt : std::optional(folder));
  Budget budget(max_memory);
  try {
    auto owner = std::make_shared<std::string>(bytes);
    return parse_tensor(Message(*owner), {owner, nullptr, external, budget}).value;
  } catch (const std::exception& e) {
    return fail("", e.what());
  }
}

std::string reason(const Result<Tensor>& result) {
  return result ? "no error" : result.error().reason;
}

class EveryDType : public ::testing::TestWithParam<DType> {};

TEST_P(EveryDType, RawDataRoundTrips) {
  TensorType type{GetParam(), Shape{3}};
  Tensor t = Tensor::from_ints(type, std::vector<int64_t>{1, 0, 100});
  auto back = decode(encode_tensor("t", t));
  ASSERT_TRUE(back) << reason(back);
  EXPECT_EQ(back->type(), type);
  EXPECT_EQ(back->to_ints(), t.to_ints());
}

TEST_P(EveryDType, EmptyTensorsNeedNoData) {
  auto t = decode(header({2, 0, 3}, onnx_dtype(GetParam())));
  ASSERT_TRUE(t) << reason(t);
  EXPECT_TRUE(t->valid());
  EXPECT_EQ(t->elements(), 0);
}

TEST_P(EveryDType, MissingDataIsRefused) {
  EXPECT_NE(reason(decode(header({2}, onnx_dtype(GetParam())))).find("has 0"), std::string::npos);
}

constexpr DType kAllDTypes[] = {
#define X(name, ...) DType::name,
    BURIN_DTYPES(X)
#undef X
};

INSTANTIATE_TEST_SUITE_P(TensorProto, EveryDType, ::testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(TensorProto, TypedFieldsPackedAndSingle) {
  for (bool packed : {true, false}) {
    std::string f = header({2}, 1), d = header({2}, 11), i = header({2}, 3), h = header({2}, 10),
                l = header({2}, 7), u = header({2}, 13);
    std::vector<float> floats{1.5f, -2.f};
    std::vector<double> doubles{1.5, -2.};
    std::vector<int32_t> ints{-7, 9}, halves{0x3c00, 0xc000};
    std::vector<int64_t> longs{-1, int64_t{1} << 40};
    std::vector<uint64_t> unsigned_longs{1, ~uint64_t{0}};
    if (packed) {
      pbf_writer(f).add_packed_float(4, floats.begin(), floats.end());
      pbf_writer(d).add_packed_double(10, doubles.begin(), doubles.end());
      pbf_writer(i).add_packed_int32(5, ints.begin(), ints.end());
      pbf_writer(h).add_packed_int32(5, halves.begin(), halves.end());
      pbf_writer(l).add_packed_int64(7, longs.begin(), longs.end());
      pbf_writer(u).add_packed_uint64(11, unsigned_longs.begin(), unsigned_longs.end());
    } else {
      for (float v : floats) pbf_writer(f).add_float(4, v);
      for (double v : doubles) pbf_writer(d).add_double(10, v);
      for (int32_t v : ints) pbf_writer(i).add_int32(5, v);
      for (int32_t v : halves) pbf_writer(h).add_int32(5, v);
      for (int64_t v : longs) pbf_writer(l).add_int64(7, v);
      for (uint64_t v : unsigned_longs) pbf_writer(u).add_uint64(11, v);
    }
    EXPECT_EQ(decode(f)->to_doubles(), doubles);
    EXPECT_EQ(decode(d)->to_doubles(), doubles);
    EXPECT_EQ(decode(i)->to_ints(), (std::vector<int64_t>{-7, 9}));
    EXPECT_EQ(decode(h)->to_doubles(), (std::vector<double>{1, -2}));
    EXPECT_EQ(decode(l)->to_ints(), longs);
    EXPECT_EQ(decode(u)->to_ints(), (std::vector<int64_t>{1, -1}));
  }
}

TEST(TensorProto, BooleansBecomeZeroAndOne) {
  std::string bytes = header({3}, 9);
  pbf_writer(bytes).add_bytes(9, std::string("\x02\x00\xff", 3));
  auto t = decode(bytes);
  ASSERT_TRUE(t) << reason(t);
  EXPECT_EQ(t->load<uint8_t>(0), 1);
  EXPECT_EQ(t->load<uint8_t>(1), 0);
  EXPECT_EQ(t->load<uint8_t>(2), 1);
}

TEST(TensorProto, RefusalsSayWhy) {
  auto raw = [](std::string bytes, size_t n) {
    pbf_writer(bytes).add_bytes(9, std::string(n, '\0'));
    return bytes;
  };
  EXPECT_EQ(reason(decode(raw(header({2}, 1), 7))),
            "tensor 't': raw data has 7 bytes where f32[2] needs 8");
  EXPECT_EQ(reason(decode(header({1}, 8))), "tensor 't': element type string is not supported");
  EXPECT_EQ(reason(decode(header({1}, 22))), "tensor 't': element type int4 is not supported");
  EXPECT_EQ(reason(decode(header({1}, 99))), "tensor 't': unknown element type 99");
  EXPECT_EQ(reason(decode(header({int64_t{1} << 60}, 1))),
            "tensor 't': shape 1152921504606846976 has more than 2^40 elements");
  EXPECT_EQ(reason(decode(header({int64_t{1} << 32, int64_t{1} << 32}, 1))),
            "tensor 't': shape 4294967296x4294967296 has more than 2^40 elements");
  EXPECT_EQ(reason(decode(header({-1}, 1))), "tensor 't': negative dimension -1");
  EXPECT_EQ(reason(decode(header(std::vector<int64_t>(17, 1), 1))),
            "tensor 't': rank 17 is above the limit of 16");
  EXPECT_EQ(reason(decode(header({int64_t{1} << 40}, 1))),
            "tensor 't': has 0 values where f32[1099511627776] needs 1099511627776");
}

TEST(TensorProto, MemoryIsBounded) {
  std::string bytes = header({100000}, 7);
  std::vector<int64_t> zeros(100000);
  pbf_writer(bytes).add_packed_int64(7, zeros.begin(), zeros.end());
  EXPECT_TRUE(decode(bytes));
  EXPECT_EQ(reason(decode(bytes, "", 100000)), "tensor 't': needs more memory than allowed");
}

// A tensor of two floats in an external file.
std::string external(const std::string& location, const std::string& offset = "",
                     const std::string& length = "") {
  std::string out = header({2}, 1);
  pbf_writer w(out);
  auto entry = [&](const char* key, const std::string& value) {
    pbf_writer e(w, 13);
    e.add_string(1, key);
    e.add_string(2, value);
  };
  entry("location", location);
  if (!offset.empty()) entry("offset", offset);
  if (!length.empty()) entry("length", length);
  w.add_enum(14, 1);
  return out;
}

TEST(ExternalData, IsReadFromTheFolder) {
  test::TempFolder folder;
  float values[] = {1.f, 2.f, 3.f};
  folder.write("w.bin", {reinterpret_cast<const char*>(values), sizeof(values)});
  std::filesystem::create_directory(folder.path() / "sub");
  std::filesystem::create_symlink("../w.bin", folder.path() / "sub" / "link");
  EXPECT_EQ(decode(external("w.bin"), folder.file(""))->to_doubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ(decode(external("w.bin", "4", "8"), folder.file(""))->to_doubles(),
            (std::vector<double>{2, 3}));
  EXPECT_EQ(decode(external("sub/link"), folder.file(""))->to_doubles(),
            (std::vector<double>{1, 2}));
}

TEST(ExternalData, NeverLeavesTheFolder) {
  test::TempFolder outside, folder;
  outside.write("secret", std::string(8, 'x'));
  std::filesystem::create_symlink(outside.path(), folder.path() / "dir");
  std::filesystem::create_symlink(outside.path() / "secret", folder.path() / "file");
  auto why = [&](const std::string& location) {
    return reason(decode(external(location), folder.file("")));
  };
  EXPECT_NE(why(outside.file("secret")).find("is absolute"), std::string::npos);
  EXPECT_NE(why("../secret").find("leaves the model's folder"), std::string::npos);
  EXPECT_NE(why("a/../../secret").find("leaves the model's folder"), std::string::npos);
  EXPECT_NE(why("dir/secret").find("through a link"), std::string::npos);
  EXPECT_NE(why("file").find("through a link"), std::string::npos);
  EXPECT_NE(why("").find("without a usable location"), std::string::npos);
  EXPECT_NE(why("missing").find("No such file"), std::string::npos);
  EXPECT_NE(reason(decode(external("w.bin"))).find("has no folder"), std::string::npos);
}

TEST(ExternalData, RangesAreChecked) {
  test::TempFolder folder;
  folder.write("w.bin", std::string(12, '\0'));
  auto why = [&](const std::string& offset, const std::string& length) {
    return reason(decode(external("w.bin", offset, length), folder.file("")));
  };
  EXPECT_NE(why("8", "").find("ends at byte 16 of a file of 12"), std::string::npos);
  EXPECT_NE(why("9223372036854775807", "").find("2^63"), std::string::npos);
  EXPECT_NE(why("-4", "").find("broken offset"), std::string::npos);
  EXPECT_NE(why("x", "").find("broken offset"), std::string::npos);
  EXPECT_NE(why("0", "4").find("has 4 bytes where f32[2] needs 8"), std::string::npos);
  EXPECT_NE(why("0", "99999999999999999999").find("broken length"), std::string::npos);
}

TEST(TensorFile, RoundTripsAndRefusesTruncation) {
  test::TempFolder folder;
  Tensor t = Tensor::from_ints({DType::i32, Shape{3, 1}}, std::vector<int64_t>{5, -6, 7});
  ASSERT_TRUE(write_tensor_file(folder.file("t.pb"), "x", t));
  auto back = read_tensor_file(folder.file("t.pb"));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->name, "x");
  EXPECT_EQ(back->tensor.type(), t.type());
  EXPECT_EQ(back->tensor.to_ints(), t.to_ints());

  std::string bytes = encode_tensor("x", t);
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(read_tensor_file(folder.write("cut.pb", bytes.substr(0, n)))) << n;
  }
}

}  // namespace
}  // namespace burin::onnx
