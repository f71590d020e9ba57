// What is exported imports again and computes the same; what ONNX cannot say is refused.
#include "onnx/export.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/rng.h"
#include "graph/builder.h"
#include "graph/eval.h"
#include "onnx/import.h"
#include "tests/onnx/bytes.h"

namespace burin::onnx {
namespace {

using graph::Builder;
using graph::NodeId;
using graph::Op;

Tensor random_tensor(const TensorType& type, Rng& rng) {
  Tensor t(type);
  for (int64_t i = 0; i < t.elements(); ++i) {
    t.set_double(i, is_float(type.dtype) ? rng.uniform(-2, 2) : double(rng.below(5) - 2));
  }
  return t;
}

// Builds a graph from inputs of the given types, exports and imports it, and compares the two.
void expect_same(const std::vector<TensorType>& types,
                 const std::function<NodeId(Builder&, const std::vector<NodeId>&)>& build,
                 double tolerance = 1e-6) {
  graph::Graph g;
  Builder b(g);
  std::vector<NodeId> in;
  std::vector<Tensor> values;
  Rng rng(7);
  for (const TensorType& type : types) {
    in.push_back(b.input("x" + std::to_string(in.size()), type));
    values.push_back(random_tensor(type, rng));
  }
  b.output("y", build(b, in));
  auto writer = export_graph(g);
  ASSERT_TRUE(writer) << writer.error().text();
  auto model = parse(*writer);
  ASSERT_TRUE(model) << model.error().text();
  auto again = import_model(*model);
  ASSERT_TRUE(again) << again.error().text();
  auto want = graph::eval(g, values), got = graph::eval(again->graph, values);
  ASSERT_TRUE(want) << want.error().text();
  ASSERT_TRUE(got) << got.error().text();
  ASSERT_EQ((*got)[0].type(), (*want)[0].type());
  for (int64_t i = 0; i < (*want)[0].elements(); ++i) {
    double w = (*want)[0].as_double(i), y = (*got)[0].as_double(i);
    if (std::isnan(w) && std::isnan(y)) continue;
    ASSERT_NEAR(y, w, tolerance * (1 + std::abs(w))) << "element " << i;
  }
}

TensorType f32(Shape shape) { return {DType::f32, std::move(shape)}; }

TEST(Export, FloatElementwise) {
  int tried = 0;
  for (size_t i = 0; i < graph::kOpCount; ++i) {
    Op op = static_cast<Op>(i);
    if (!is_elementwise(op) || op == Op::select) continue;
    int arity = graph::op_def(op).arity;
    std::vector<TensorType> types(static_cast<size_t>(arity), f32({3, 7}));
    graph::Graph probe;
    Builder pb(probe);
    std::vector<NodeId> in;
    for (const auto& type : types) in.push_back(pb.input("p" + std::to_string(in.size()), type));
    try {
      pb.add(op, in);
    } catch (const graph::BuildError&) {
      continue;  // no op on floats
    }
    SCOPED_TRACE(name_of(op));
    expect_same(types, [&](Builder& b, const auto& x) { return b.add(op, x); });
    ++tried;
  }
  EXPECT_GE(tried, 40);
}

TEST(Export, IntegerElementwise) {
  TensorType type{DType::i32, Shape{5, 3}};
  for (Op op : {Op::add, Op::sub, Op::mul, Op::div, Op::max, Op::min, Op::bit_and, Op::bit_or,
                Op::bit_xor, Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge}) {
    SCOPED_TRACE(name_of(op));
    expect_same({type, type}, [&](Builder& b, const auto& x) { return b.add(op, x); });
  }
}

TEST(Export, PredicatesAndSelect) {
  expect_same({f32({4}), f32({4})}, [](Builder& b, const auto& x) {
    NodeId less = b.lt(x[0], x[1]);
    NodeId both = b.bit_and(less, b.logical_not(b.eq(less, b.is_nan(x[0]))));
    return b.select(b.bit_or(less, both), x[0], x[1]);
  });
}

TEST(Export, ScalarsStaySmall) {
  graph::Graph g;
  Builder b(g);
  NodeId x = b.input("x", f32({1000, 1000}));
  b.output("y", b.with_scalar(Op::mul, x, 3.0));
  auto writer = export_graph(g);
  ASSERT_TRUE(writer);
  auto model = parse(*writer);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->graph.nodes.size(), 2u);  // Mul and the Identity that names the output
}

TEST(Export, Movement) {
  expect_same({f32({2, 3, 5})}, [](Builder& b, const auto& x) {
    return b.transpose(b.transpose(x[0], {2, 0, 1}), {0, 2, 1});
  });
  expect_same({f32({3, 5})}, [](Builder& b, const auto& x) {
    return b.broadcast(x[0], Shape{5, 2, 3, 7}, {2, 0});
  });
  expect_same({f32({7, 9})}, [](Builder& b, const auto& x) {
    return b.reverse(b.slice(x[0], {1, 0}, {6, 9}, {2, 3}), {1});
  });
  expect_same({f32({3, 4})}, [](Builder& b, const auto& x) {
    return b.pad(x[0], b.scalar(DType::f32, 0.5), {1, 0}, {0, 2}, {2, 1});
  });
  expect_same({f32({3, 4}), f32({3, 1})}, [](Builder& b, const auto& x) {
    return b.concatenate({x[0], x[1], b.iota(f32({3, 2}), 0)}, 1);
  });
  expect_same({f32({2, 6})}, [](Builder& b, const auto& x) {
    return b.convert(b.reshape(b.convert(x[0], DType::i32), Shape{3, 4}), DType::f64);
  });
}

TEST(Export, GatherAndScatterWithIndicesOutOfRange) {
  expect_same({f32({3, 2}), {DType::i64, Shape{4}}}, [](Builder& b, const auto& x) {
    return b.gather(x[0], x[1], 0);  // indices from -2 to 2
  });
  expect_same({f32({2, 2}), {DType::i64, Shape{3}}, f32({3, 2})}, [](Builder& b, const auto& x) {
    return b.scatter(x[0], x[1], x[2], graph::ScatterKind::add);
  });
}

TEST(Export, Sorting) {
  for (bool descending : {false, true}) {
    expect_same({{DType::i32, Shape{9, 2}}},
                [&](Builder& b, const auto& x) { return b.argsort(x[0], 0, descending); });
  }
}

TEST(Export, Reductions) {
  for (auto kind : {graph::ReduceKind::sum, graph::ReduceKind::prod, graph::ReduceKind::max,
                    graph::ReduceKind::min}) {
    expect_same({f32({3, 5, 2})}, [&](Builder& b, const auto& x) {
      return b.reduce(x[0], kind, {0, 2});
    });
  }
}

TEST(Export, Windows) {
  auto window = [](graph::ReduceKind kind, int64_t dilation, int64_t pad) {
    graph::WindowAttr w{kind,           {1, 3, 2, 1},  {1, 2, 1, 1}, {1, dilation, 1, 1},
                        {0, pad, 0, 0}, {0, pad, 1, 0}};
    expect_same({f32({2, 9, 6, 3})},
                [&](Builder& b, const auto& x) { return b.reduce_window(x[0], w); });
  };
  for (auto kind : {graph::ReduceKind::sum, graph::ReduceKind::max, graph::ReduceKind::min}) {
    window(kind, 1, 1);
    window(kind, 2, 0);
  }
}

TEST(Export, DotGeneral) {
  graph::DotAttr d{{2}, {0}, {0, 3}, {2, 1}};
  expect_same({f32({5, 7, 2, 3}), f32({2, 3, 5, 4})},
              [&](Builder& b, const auto& x) { return b.dot_general(x[0], x[1], d); });
}

TEST(Export, Convolutions) {
  auto conv = [](Shape x, Shape w, graph::ConvAttr attr) {
    expect_same({f32(std::move(x)), f32(std::move(w))},
                [&](Builder& b, const auto& v) { return b.convolution(v[0], v[1], attr); });
  };
  conv({2, 7, 9, 4}, {3, 3, 4, 5}, {{2, 1}, {1, 0}, {1, 2}, {1, 1}, {1, 1}, 1});
  conv({1, 7, 9, 4}, {3, 2, 2, 6}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {2, 3}, 2});
  conv({1, 4, 5, 3}, {3, 3, 3, 2}, {{1, 1}, {2, 1}, {-1, 2}, {2, 3}, {1, 1}, 1});
  conv({1, 11, 3}, {5, 3, 2}, {{1}, {-2}, {0}, {1}, {1}, 1});
}

TEST(Export, RefusesWhatOnnxCannotSay) {
  graph::Graph g;
  Builder b(g);
  TensorType type{DType::i32, Shape{3}};
  NodeId x = b.input("x", type);
  b.set_source(g.sources.push_back({"shifty", "Shift"}));
  b.output("y", b.shift_right(x, x));
  auto failed = export_graph(g);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(),
            "node 'shifty' (shift_right): cannot be written as ONNX: ONNX shifts unsigned integers "
            "only");
}

TEST(Export, OutputsMayBeInputsConstantsOrTwice) {
  graph::Graph g;
  Builder b(g);
  NodeId x = b.input("t0", f32({2}));  // a name that emitted values might take
  NodeId y = b.neg(x);
  b.output("same", x);
  b.output("y1", y);
  b.output("y2", y);
  b.output("c", b.scalar(DType::f32, 4));
  auto writer = export_graph(g);
  ASSERT_TRUE(writer);
  auto model = parse(*writer);
  ASSERT_TRUE(model);
  auto again = import_model(*model);
  ASSERT_TRUE(again) << again.error().text();
  auto out =
      graph::eval(again->graph, std::vector{Tensor::from_doubles(f32({2}), std::vector{1., 2.})});
  ASSERT_TRUE(out);
  EXPECT_EQ((*out)[0].to_doubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ((*out)[2].to_doubles(), (std::vector<double>{-1, -2}));
  EXPECT_EQ((*out)[3].to_doubles(), (std::vector<double>{4}));
}

}  // namespace
}  // namespace burin::onnx
