// What ModelWriter writes, the reader reads back the same.
#include "onnx/write.h"

#include <gtest/gtest.h>

#include "tests/onnx/bytes.h"
#include "tests/support/temp_folder.h"

namespace burin::onnx {
namespace {

ModelWriter written_model() {
  ModelWriter w("small", 17);
  w.set_opset("com.example", 3);
  w.set_metadata("author", "nobody");
  w.add_input("x", DType::f32, {Dim{.symbol = "batch"}, Dim{}, Dim{7}});
  w.add_output("y", {DType::f32, Shape{1, 3, 7}});
  w.add_initializer("w", Tensor::from_doubles({DType::f32, Shape{3}}, std::vector{1.5, -2.0, 3.0}));
  w.node("Example", {"x", "", "w"}, {"y"},
         {{"i", int64_t{-3}},
          {"f", 0.5f},
          {"s", std::string("text")},
          {"is", std::vector<int64_t>{1, -1}},
          {"none", std::vector<int64_t>{}},
          {"fs", std::vector<float>{0.25f}},
          {"ss", std::vector<std::string>{"a", ""}},
          {"t", Tensor::scalar(DType::i8, -5)}},
         "first", "com.example");
  return w;
}

void expect_small_model(const Model& m) {
  EXPECT_EQ(m.ir_version, 8);
  EXPECT_EQ(m.opsets.at(""), 17);
  EXPECT_EQ(m.opsets.at("com.example"), 3);
  EXPECT_EQ(m.metadata.at("author"), "nobody");
  EXPECT_EQ(m.graph.name, "small");
  ASSERT_EQ(m.graph.inputs.size(), 1u);
  EXPECT_EQ(m.graph.inputs[0].text(), "f32[batchx?x7]");
  ASSERT_EQ(m.graph.outputs.size(), 1u);
  EXPECT_EQ(m.graph.outputs[0].text(), "f32[1x3x7]");
  const Tensor& w = m.graph.initializers.at("w");
  EXPECT_EQ(w.type(), (TensorType{DType::f32, Shape{3}}));
  EXPECT_EQ(w.to_doubles(), (std::vector{1.5, -2.0, 3.0}));
}

TEST(ModelWriter, RoundTripsThroughTheReader) {
  auto model = parse(written_model());
  ASSERT_TRUE(model) << model.error().text();
  expect_small_model(*model);
  ASSERT_EQ(model->graph.nodes.size(), 1u);
  const NodeView& node = model->graph.nodes[0];
  EXPECT_EQ(node.name, "first");
  EXPECT_EQ(node.domain, "com.example");
  EXPECT_EQ(node.op_type, "Example");
  EXPECT_EQ(node.inputs, (std::vector<std::string>{"x", "", "w"}));
  EXPECT_EQ(node.outputs, (std::vector<std::string>{"y"}));
  auto attr = [&](const char* name) -> const AttributeValue& { return node.attributes.at(name); };
  EXPECT_EQ(std::get<int64_t>(attr("i")), -3);
  EXPECT_EQ(std::get<float>(attr("f")), 0.5f);
  EXPECT_EQ(std::get<std::string>(attr("s")), "text");
  EXPECT_EQ(std::get<std::vector<int64_t>>(attr("is")), (std::vector<int64_t>{1, -1}));
  EXPECT_TRUE(std::get<std::vector<int64_t>>(attr("none")).empty());
  EXPECT_EQ(std::get<std::vector<float>>(attr("fs")), std::vector<float>{0.25f});
  EXPECT_EQ(std::get<std::vector<std::string>>(attr("ss")), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(std::get<Tensor>(attr("t")).as_int(0), -5);
}

TEST(ModelWriter, SavesWholeFilesOnly) {
  test::TempFolder folder;
  ASSERT_TRUE(written_model().save(folder.file("m.onnx")));
  auto model = read_model(folder.file("m.onnx"));
  ASSERT_TRUE(model) << model.error().text();
  expect_small_model(*model);
  auto entries = std::distance(std::filesystem::directory_iterator(folder.path()), {});
  EXPECT_EQ(entries, 1) << "a temporary file was left behind";

  auto failed = written_model().save(folder.file("missing/m.onnx"));
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().text().find("missing/m.onnx: cannot write"), std::string::npos);
}

TEST(ModelWriter, RefusesTwoGigabytes) {
  // The bytes are only pointed at: the same 1 MiB, 2048 times.
  ModelWriter w("huge");
  Tensor big({DType::u8, Shape{1 << 20}});
  for (int i = 0; i < 2048; ++i) w.add_initializer("w" + std::to_string(i), big);
  auto failed = w.save("/nonexistent/m.onnx");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().reason.find("less than 2 GiB"), std::string::npos);
}

}  // namespace
}  // namespace burin::onnx
