// The graph's text form: exact round trips, errors with their place, survival of hostile text.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "graph/builder.h"
#include "graph/parse.h"
#include "graph/print.h"
#include "tests/support/text_cases.h"

namespace burin::graph {

namespace {

// One node of every attribute kind, sources, constants of several dtypes.
Graph sample() {
  Graph g;
  g.name = "a \"sample\"";
  Builder b(g);
  SourceId conv = g.sources.push_back({"conv\n1", "Conv"});
  NodeId x = b.input("x", {DType::f32, {1, 5, 5, 2}});
  NodeId i = b.input("i", {DType::i64, {3}});
  b.set_source(conv);
  NodeId w = b.constant(Tensor({DType::f32, {3, 3, 2, 4}}));
  NodeId y = b.convolution(x, w, {{1, 2}, {1, -1}, {1, 1}, {1, 1}, {1, 1}, 1});
  b.set_source({});
  std::vector<double> values = {1.0 / 3, -0.0, 1e-40, 65504};
  NodeId bias = b.constant(Tensor::from_doubles({DType::f32, {4}}, values));
  y = b.add(y, b.broadcast(bias, b.shape(y), {3}));
  y = b.reduce_window(
      y, {ReduceKind::max, {1, 2, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}});
  y = b.transpose(b.reverse(y, {1}), {0, 3, 1, 2});
  NodeId s = b.reduce(y, ReduceKind::sum, {2, 3});
  NodeId order = b.argsort(s, 1, true);
  NodeId picked = b.gather(s, i, 1);
  NodeId padded = b.pad(picked, b.scalar(DType::f32, -INFINITY), {0, 1}, {0, 0}, {0, 0});
  NodeId all = b.concatenate({padded, s}, 1);
  b.output("all", b.slice(all, {0, 1}, {1, 8}, {1, 2}));
  b.output("order", b.convert(order, DType::u8));
  b.output("dot", b.dot_general(s, bias, {{}, {}, {1}, {0}}));
  std::vector<int64_t> big = {-1};
  b.output("u", b.constant(Tensor::from_ints({DType::u64, {1}}, big)));
  b.output("p", b.select(b.is_nan(s), b.full(b.type(s), 0.5), s));
  return g;
}

}  // namespace

TEST(GraphText, RoundTrips) {
  std::string text = print(sample());
  auto parsed = parse(text);
  ASSERT_TRUE(parsed) << parsed.error().text() << "\n" << text;
  EXPECT_EQ(print(*parsed), text);
}

TEST(GraphText, ConstantsKeepTheirBits) {
  for (int64_t limit : {0, 1000}) {
    for (size_t d = 0; d < 13; ++d) {
      Graph g;
      Builder b(g);
      Tensor t({static_cast<DType>(d), {40}});
      Rng rng(d);
      for (size_t i = 0; i < t.bytes().size(); ++i) {
        t.mutable_data()[i] = static_cast<std::byte>(rng.next());
      }
      b.output("t", b.constant(t));
      auto parsed = parse(print(g, {.max_inline_elements = limit}));
      ASSERT_TRUE(parsed) << parsed.error().text();
      const Tensor& back = parsed->constant(NodeId(0));
      EXPECT_TRUE(std::ranges::equal(back.bytes(), t.bytes())) << name_of(t.dtype());
    }
  }
}

TEST(GraphText, ElidedConstantsAreRefused) {
  std::string text = print(sample(), {.elide = true});
  auto parsed = parse(text);
  ASSERT_FALSE(parsed);
  EXPECT_NE(parsed.error().text().find("left out"), std::string::npos) << parsed.error().text();
}

// Damaged text parses or fails with a place; it never crashes and what parses prints.
TEST(GraphText, SurvivesDamage) {
  std::string text = print(sample());
  Rng rng(7);
  int parsed_count = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = text;
    for (int64_t n = rng.below(4) + 1; n > 0; --n) {
      auto at = static_cast<size_t>(rng.below(static_cast<int64_t>(damaged.size())));
      auto other = static_cast<size_t>(rng.below(static_cast<int64_t>(damaged.size())));
      switch (rng.below(4)) {
        case 0: damaged[at] = static_cast<char>(rng.next()); break;
        case 1: damaged[at] = "0123456789-[]{}()%@,=\"\\"[rng.below(23)]; break;
        case 2: damaged.erase(at, static_cast<size_t>(rng.below(20))); break;
        default: damaged.insert(at, damaged.substr(other, static_cast<size_t>(rng.below(30))));
      }
    }
    auto parsed = parse(damaged);
    if (parsed) {
      ++parsed_count;
      EXPECT_EQ(print(*parse(print(*parsed))), print(*parsed));
    } else {
      EXPECT_TRUE(parsed.error().where.starts_with("graph:")) << parsed.error().text();
    }
  }
  EXPECT_GT(parsed_count, 10);
}

TEST(GraphText, Files) {
  test::run_text_cases("tests/graph/text", ".graph", [](const auto&, const std::string& input) {
    auto parsed = parse(input, "case");
    return parsed ? print(*parsed) : "error: " + parsed.error().text();
  });
}

}  // namespace burin::graph
