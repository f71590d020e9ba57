// Files made to hurt: each is one line of Diagnostic, soon, in bounded memory.
#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

#include "onnx/import.h"
#include "tests/onnx/bytes.h"
#include "tests/support/temp_folder.h"

namespace burin::onnx {
namespace {

using protozero::pbf_writer;

std::string model_bytes(const std::string& graph) {
  std::string out;
  pbf_writer w(out);
  w.add_int64(1, 8);
  {
    pbf_writer opset(w, 8);
    opset.add_int64(2, 17);
  }
  w.add_message(7, graph);
  return out;
}

std::string error_of(const std::string& bytes, int64_t max_memory = 0) {
  auto model = parse(bytes, {.max_memory = max_memory});
  if (!model) return model.error().text();
  auto imported = import_model(*model);
  return imported ? "no error" : imported.error().text();
}

ModelWriter small_model() {
  ModelWriter w("small");
  w.add_input("x", DType::f32, {Dim{.symbol = "n"}, Dim{3}});
  w.add_output("y", DType::f32, {Dim{.symbol = "n"}, Dim{2}});
  w.add_initializer("w", Tensor({DType::f32, Shape{3, 2}}));
  w.node("MatMul", {"x", "w"}, {"t"});
  w.node("Transpose", {"t"}, {"u"}, {{"perm", std::vector<int64_t>{1, 0}}});
  w.node("Transpose", {"u"}, {"y"}, {{"perm", std::vector<int64_t>{1, 0}}});
  return w;
}

TEST(Hostile, EveryTruncationIsRefused) {
  std::string whole = *small_model().bytes();
  ASSERT_EQ(error_of(whole), "no error");
  for (size_t n = 0; n < whole.size(); ++n) {
    std::string why = error_of(whole.substr(0, n));
    EXPECT_NE(why, "no error") << "cut at byte " << n;
    EXPECT_EQ(why.find('\n'), std::string::npos);
  }
}

TEST(Hostile, EveryFlippedByteIsSurvived) {
  std::string whole = *small_model().bytes();
  for (size_t n = 0; n < whole.size(); ++n) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = whole;
      bytes[n] = static_cast<char>(bytes[n] ^ (1 << bit));
      std::string why = error_of(bytes);  // an error or not, but it returns
      EXPECT_EQ(why.find('\n'), std::string::npos);
    }
  }
}

TEST(Hostile, MissingAndStrangeFiles) {
  test::TempFolder folder;
  auto why = [](const std::string& path) { return read_model(path).error().text(); };
  EXPECT_EQ(why(folder.file("no.onnx")),
            folder.file("no.onnx") + ": cannot open: No such file or directory");
  EXPECT_EQ(why(folder.file("")), folder.file("") + ": is not a regular file");
  EXPECT_EQ(why("/dev/zero"), "/dev/zero: is not a regular file");
  EXPECT_EQ(why(folder.write("empty.onnx", "")), folder.file("empty.onnx") + ": is empty");
  EXPECT_NE(why(folder.write("text.onnx", "not a model\n")).find("text.onnx: "), std::string::npos);
}

TEST(Hostile, HugeShapes) {
  auto with_shape = [](const std::vector<Dim>& dims) {
    ModelWriter w("m");
    w.add_input("x", DType::f32, dims);
    w.add_output("y", DType::f32, dims);
    w.node("Neg", {"x"}, {"y"});
    return error_of(*w.bytes());
  };
  EXPECT_EQ(with_shape({Dim{int64_t{1} << 60}}),
            "input 'x': shape 1152921504606846976 has more than 2^40 elements");
  EXPECT_EQ(with_shape({Dim{int64_t{1} << 32}, Dim{int64_t{1} << 32}}),
            "input 'x': shape 4294967296x4294967296 has more than 2^40 elements");
  EXPECT_EQ(with_shape(std::vector<Dim>(17, Dim{1})), "a rank above 16");
}

TEST(Hostile, ComputedShapesAreBounded) {
  ModelWriter w("m");
  w.add_output("y", DType::f32, {Dim{}});
  w.add_initializer("n", Tensor::from_ints({DType::i64, Shape{1}}, std::vector{int64_t{1} << 60}));
  w.node("ConstantOfShape", {"n"}, {"y"}, {}, "fill");
  EXPECT_NE(error_of(*w.bytes()).find("node 'fill' (ConstantOfShape): "), std::string::npos);
}

TEST(Hostile, DeeplyNestedSubgraphs) {
  std::string graph;
  for (int depth = 0; depth < 10000; ++depth) {
    std::string attribute, node, next;
    pbf_writer(attribute).add_string(1, "then_branch");
    pbf_writer(attribute).add_message(6, graph);
    pbf_writer(node).add_string(4, "If");
    pbf_writer(node).add_message(5, attribute);
    pbf_writer(next).add_message(1, node);
    graph = std::move(next);
  }
  std::string why = error_of(model_bytes(graph));
  EXPECT_NE(why.find("subgraphs nest deeper than 32"), std::string::npos) << why;
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_LT(why.size(), 4000u);
}

TEST(Hostile, MemoryOfStructureIsBounded) {
  // A node of two bytes becomes a hundred times that in memory.
  std::string graph;
  for (int i = 0; i < 100000; ++i) graph += std::string("\x0a\x00", 2);
  EXPECT_EQ(error_of(model_bytes(graph), 1 << 20),
            "needs more memory than allowed (raise --max-memory)");
}

TEST(Hostile, NamesCannotBreakTheLine) {
  ModelWriter w("m");
  w.add_input("x", {DType::f32, Shape{2}});
  w.add_output("y", {DType::f32, Shape{2}});
  w.node("Ne\ng", {"x"}, {"y"}, {}, std::string("bad\nname\x1b[2J") + std::string(100000, 'a'));
  std::string why = error_of(*w.bytes());
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_EQ(why.find('\x1b'), std::string::npos);
  EXPECT_LT(why.size(), 1000u);
}

TEST(Hostile, BrokenStructureIsNamed) {
  auto graph_with = [](uint32_t field, const std::string& message) {
    std::string graph;
    pbf_writer(graph).add_message(field, message);
    return error_of(model_bytes(graph));
  };
  std::string nameless;
  pbf_writer(nameless).add_int64(2, 1);
  EXPECT_EQ(graph_with(5, nameless), "tensor '': has 0 values where f32[] needs 1");
  EXPECT_EQ(graph_with(15, ""), "sparse initialisers are not supported");
  EXPECT_EQ(error_of(model_bytes("")), "the model has no outputs");
  std::string two = model_bytes("");
  pbf_writer(two).add_message(7, std::string());
  EXPECT_EQ(error_of(two), "has two graphs");
  std::string number_for_graph;
  pbf_writer(number_for_graph).add_int64(7, 1);
  EXPECT_EQ(error_of(number_for_graph), "field 7 is not bytes");
}

}  // namespace
}  // namespace burin::onnx
