// Specialisation: how shapes, symbols and values reach the graph, and what the errors say.
#include "onnx/import.h"

#include <gtest/gtest.h>

#include "graph/eval.h"
#include "graph/verify.h"
#include "tests/onnx/bytes.h"

namespace burin::onnx {
namespace {

Tensor ints(std::vector<int64_t> values) {
  return Tensor::from_ints({DType::i64, Shape{static_cast<int64_t>(values.size())}}, values);
}

Tensor floats(Shape shape, std::vector<double> values) {
  return Tensor::from_doubles({DType::f32, std::move(shape)}, values);
}

std::string error_of(const ModelWriter& w, const ImportOptions& options = {}) {
  auto model = parse(w);
  if (!model) return model.error().text();
  auto imported = import_model(*model, options);
  return imported ? "no error" : imported.error().text();
}

Imported must_import(const ModelWriter& w, const ImportOptions& options = {}) {
  auto model = parse(w);
  EXPECT_TRUE(model) << model.error().text();
  auto imported = import_model(*model, options);
  EXPECT_TRUE(imported) << imported.error().text();
  if (!imported) return {};
  EXPECT_FALSE(graph::verify(imported->graph));
  return *imported;
}

Shape output_shape(const Imported& imported) {
  return imported.graph.type(imported.graph.outputs[0].node).shape;
}

// y = a + b, with shapes [n, 3] and [n, 3].
ModelWriter add_model() {
  ModelWriter w("add");
  std::vector<Dim> dims{Dim{.symbol = "n"}, Dim{3}};
  w.add_input("a", DType::f32, dims);
  w.add_input("b", DType::f32, dims);
  w.add_output("y", DType::f32, dims);
  w.node("Add", {"a", "b"}, {"y"}, {}, "sum");
  return w;
}

TEST(Import, BindsSymbols) {
  EXPECT_EQ(output_shape(must_import(add_model())), (Shape{1, 3}));
  EXPECT_EQ(output_shape(must_import(add_model(), {.symbols = {{"n", 5}}})), (Shape{5, 3}));
  auto imported = must_import(add_model(), {.input_shapes = {{"b", {7, 3}}}});
  EXPECT_EQ(output_shape(imported), (Shape{7, 3}));
  EXPECT_EQ(imported.symbols.at("n"), 7);
}

TEST(Import, RefusesShapesThatDoNotFit) {
  auto with = [](ImportOptions options) { return error_of(add_model(), options); };
  EXPECT_EQ(with({.input_shapes = {{"b", {7, 4}}}}),
            "input 'b': has shape 7x4 where the model has f32[nx3]");
  EXPECT_EQ(with({.input_shapes = {{"c", {7}}}}),
            "input 'c': the model has no such input (it has 'a', 'b')");
  EXPECT_EQ(with({.input_shapes = {{"a", {7, 3}}}, .symbols = {{"n", 6}}}),
            "input 'a': dimension 0 is 7 where 'n' was given as 6");
  EXPECT_EQ(with({.default_dim = std::nullopt}),
            "input 'a': the size of dimension 0 ('n') is not known (give the input's shape)");
  EXPECT_EQ(with({.input_values = {{"a", ints({1})}}}),
            "input 'a': is i64 where the model has f32[nx3]");
  EXPECT_EQ(with({.symbols = {{"n", int64_t{1} << 60}}}),
            "input 'a': shape 1152921504606846976x3 has more than 2^40 elements");
}

// y = reshape(x, shape), the shape fed at run time through a Concat.
ModelWriter reshape_model() {
  ModelWriter w("reshape");
  w.add_input("x", {DType::f32, Shape{2, 6}});
  w.add_input("rows", {DType::i64, Shape{1}});
  w.add_initializer("rest", ints({-1}));
  w.add_output("y", DType::f32, {Dim{}, Dim{}});
  w.node("Concat", {"rows", "rest"}, {"shape"}, {{"axis", int64_t{0}}});
  w.node("Reshape", {"x", "shape"}, {"y"}, {}, "to_rows");
  return w;
}

TEST(Import, SpecialisesByValueWhereAShapeNeedsIt) {
  auto imported = must_import(reshape_model(), {.input_values = {{"rows", ints({4})}}});
  EXPECT_EQ(output_shape(imported), (Shape{4, 3}));
  EXPECT_EQ(imported.value_inputs, std::vector<std::string>{"rows"});
  EXPECT_EQ(imported.graph.inputs.size(), 2u);
  EXPECT_EQ(error_of(reshape_model()),
            "node 'to_rows' (Reshape): it needs a value that is not known while compiling: it is "
            "computed from the graph input 'rows' (give that input's value, or make it a constant "
            "of the model)");
}

TEST(Import, ValuesThatNoShapeNeedsAreNotSpecialised) {
  auto imported = must_import(
      add_model(), {.input_values = {{"a", floats({2, 3}, std::vector<double>(6, 1.))}}});
  EXPECT_TRUE(imported.value_inputs.empty());
  EXPECT_EQ(output_shape(imported), (Shape{2, 3}));
}

TEST(Import, InitialisersThatAreInputsAreConstantsUnlessGiven) {
  ModelWriter w("old");
  w.add_input("x", {DType::f32, Shape{2}});
  w.add_input("w", {DType::f32, Shape{2}});
  w.add_initializer("w", floats({2}, {10, 20}));
  w.add_output("y", {DType::f32, Shape{2}});
  w.node("Add", {"x", "w"}, {"y"});
  EXPECT_EQ(must_import(w).graph.inputs.size(), 1u);
  auto y = graph::eval(must_import(w).graph, std::vector{floats({2}, {1, 2})});
  ASSERT_TRUE(y);
  EXPECT_EQ((*y)[0].to_doubles(), (std::vector<double>{11, 22}));
  EXPECT_EQ(must_import(w, {.input_shapes = {{"w", {2}}}}).graph.inputs.size(), 2u);
}

TEST(Import, SortsNodesAndNamesCycles) {
  ModelWriter unsorted("unsorted");
  unsorted.add_input("x", {DType::f32, Shape{2}});
  unsorted.add_output("y", {DType::f32, Shape{2}});
  unsorted.node("Neg", {"t"}, {"y"});
  unsorted.node("Exp", {"x"}, {"t"});
  EXPECT_EQ(output_shape(must_import(unsorted)), Shape{2});

  ModelWriter cyclic("cyclic");
  cyclic.add_input("x", {DType::f32, Shape{2}});
  cyclic.add_output("y", {DType::f32, Shape{2}});
  cyclic.node("Add", {"x", "b"}, {"a"}, {}, "one");
  cyclic.node("Neg", {"a"}, {"b"}, {}, "two");
  cyclic.node("Neg", {"b"}, {"y"}, {}, "after");
  EXPECT_EQ(error_of(cyclic),
            "node 'one' (Add): it depends on its own output: the graph has a cycle");
}

TEST(Import, NamesWhatIsMissingOrTwice) {
  auto model = [](auto add_nodes) {
    ModelWriter w("m");
    w.add_input("x", {DType::f32, Shape{2}});
    w.add_output("y", {DType::f32, Shape{2}});
    add_nodes(w);
    return error_of(w);
  };
  EXPECT_EQ(model([](ModelWriter& w) {
              w.node("Add", {"x", "z"}, {"y"}, {}, "sum");
            }),
            "node 'sum' (Add): its input 'z' is produced by no node, input or initialiser");
  EXPECT_EQ(model([](ModelWriter& w) {
              w.node("Neg", {"x"}, {"y"}, {}, "a");
              w.node("Exp", {"x"}, {"y"}, {}, "b");
            }),
            "node 'b' (Exp): its output 'y' is already produced by node 'a' (Neg)");
  EXPECT_EQ(model([](ModelWriter& w) { w.node("Neg", {"x"}, {"x"}, {}, "a"); }),
            "node 'a' (Neg): its output 'x' is already produced by an input or initialiser of the "
            "graph");
  EXPECT_EQ(model([](ModelWriter& w) { w.node("Neg", {"x"}, {"z"}); }),
            "output 'y': is produced by no node");
  EXPECT_EQ(model([](ModelWriter& w) {
              w.node("Cast", {"x"}, {"y"}, {{"to", int64_t{7}}});
            }),
            "output 'y': is declared as f32[2] and computed as i64[2]");
  EXPECT_NE(model([](ModelWriter& w) {
              w.node("Conv", {"x", "x"}, {"y"}, {}, "conv");
            }).find("node 'conv' (Conv): "),
            std::string::npos);
  EXPECT_EQ(model([](ModelWriter& w) { w.node("Add", {"x"}, {"y"}, {}, "sum"); }),
            "node 'sum' (Add): input 1 is missing");
}

TEST(Import, ListsAllUnsupportedNodesAtOnce) {
  ModelWriter w("m");
  w.add_input("x", {DType::f32, Shape{2}});
  w.add_output("y", {DType::f32, Shape{2}});
  w.node("Neg", {"x"}, {"t"});
  w.node("NoSuchOp", {"t"}, {"u"}, {}, "first");
  w.node("NoSuchOp", {"u"}, {"v"});
  w.node("Fancy", {"v"}, {"y"}, {}, "last", "com.example");
  EXPECT_EQ(error_of(w),
            "3 nodes are not supported; NoSuchOp (opset 17): 2 nodes 'first', 'v'; "
            "com.example.Fancy (its domain is not imported): 1 node 'last'");
}

TEST(Import, NodesCarryTheirSource) {
  auto imported = must_import(add_model());
  graph::NodeId y = imported.graph.outputs[0].node;
  ASSERT_TRUE(imported.graph[y].source.valid());
  EXPECT_EQ(imported.graph.sources[imported.graph[y].source].name, "sum");
  EXPECT_EQ(imported.graph.sources[imported.graph[y].source].op_type, "Add");
}

TEST(Import, DeepConstantChainsNeedNoStack) {
  ModelWriter w("deep");
  w.add_input("x", {DType::f32, Shape{2, 3}});
  w.add_initializer("c0", ints({3, 2}));
  w.add_initializer("zero", ints({0}));
  w.add_output("y", {DType::f32, Shape{3, 2}});
  constexpr int kDepth = 20000;
  for (int i = 0; i < kDepth; ++i) {
    w.node("Add", {"c" + std::to_string(i), "zero"}, {"c" + std::to_string(i + 1)});
  }
  w.node("Reshape", {"x", "c" + std::to_string(kDepth)}, {"y"});
  EXPECT_EQ(output_shape(must_import(w)), (Shape{3, 2}));
}

}  // namespace
}  // namespace burin::onnx
