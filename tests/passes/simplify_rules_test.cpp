// Every rule of simplify fires on its case, shrinks the graph, and keeps what it computes.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "graph/print.h"
#include "passes/simplify.h"
#include "passes/simplify_rules.h"
#include "tests/support/same_values.h"

namespace burin::passes {

namespace {

using graph::Builder;
using graph::ReduceKind;

constexpr double kInf = std::numeric_limits<double>::infinity();

// Builders of a value from an f32[2,3,4] input x; named by the formula of the rule they exercise.
struct RuleCase {
  std::string_view formula;
  std::function<NodeId(Builder&, NodeId)> build;
};

NodeId int_input(Builder& b) { return b.input("i", {DType::i32, {5}}); }
NodeId image(Builder& b) { return b.input("image", {DType::f32, {2, 5, 6, 3}}); }
NodeId weights(Builder& b) {
  Tensor w({DType::f32, {3, 2, 3, 4}});
  for (int64_t i = 0; i < w.elements(); ++i)
    w.set_double(i, 0.1 * static_cast<double>(i % 7) - 0.3);
  return b.constant(w);
}
NodeId positive(Builder& b, NodeId x) { return b.add(b.mul(x, x), b.full(b.type(x), 0.5)); }
NodeId pred(Builder& b, NodeId x) { return b.gt(x, b.full(b.type(x), 0.25)); }
NodeId indices(Builder& b, std::vector<int64_t> values) {
  auto n = static_cast<int64_t>(values.size());
  return b.constant(Tensor::from_ints({DType::i64, {n}}, values));
}

const RuleCase kArithmetic[] = {
    {"c + x => x + c", [](auto& b, auto x) { return b.add(b.full(b.type(x), 3), x); }},
    {"c * x => x * c", [](auto& b, auto x) { return b.mul(b.full(b.type(x), 3), x); }},
    {"max(c, x) => max(x, c)", [](auto& b, auto x) { return b.max(b.full(b.type(x), 0), x); }},
    {"min(c, x) => min(x, c)", [](auto& b, auto x) { return b.min(b.full(b.type(x), 0), x); }},
    {"x + 0 => x", [](auto& b, auto x) { return b.with_scalar(Op::add, x, 0); }},
    {"x - 0 => x", [](auto& b, auto x) { return b.with_scalar(Op::sub, x, 0); }},
    {"0 - x => -x", [](auto& b, auto x) { return b.sub(b.full(b.type(x), 0), x); }},
    {"x * 1 => x", [](auto& b, auto x) { return b.with_scalar(Op::mul, x, 1); }},
    {"x * 0 => 0 for integers",
     [](auto& b, auto) { return b.with_scalar(Op::mul, int_input(b), 0); }},
    {"(x * c0) * c1 => x * (c0 * c1)",
     [](auto& b, auto x) { return b.with_scalar(Op::mul, b.with_scalar(Op::mul, x, 3), 0.3); }},
    {"dot(x * c0, y * c1) => dot(x, y) * (c0 * c1)",
     [](auto& b, auto x) {
       NodeId y = b.with_scalar(Op::mul, b.exp(b.reshape(x, {6, 4})), 0.4);
       NodeId scaled = b.transpose(b.with_scalar(Op::mul, x, 0.3), {2, 1, 0});
       return b.dot_general(b.reshape(scaled, {4, 6}), y, {{}, {}, {1}, {0}});
     }},
    {"x / 1 => x", [](auto& b, auto x) { return b.with_scalar(Op::div, x, 1); }},
    {"x / 2^n => x * 2^-n", [](auto& b, auto x) { return b.with_scalar(Op::div, x, -8); }},
    {"erf(x / c) => erf(x * (1 / c))",
     [](auto& b, auto x) { return b.erf(b.with_scalar(Op::div, x, 1.41421356)); }},
    {"(x / c)^2 => (x * (1 / c))^2",
     [](auto& b, auto x) {
       NodeId side = b.with_scalar(Op::div, x, 1.41421356);
       return b.mul(side, side);
     }},
    {"1 / (1 + exp(-x)) => logistic(x)",
     [](auto& b, auto x) {
       return b.div(b.full(b.type(x), 1), b.with_scalar(Op::add, b.exp(b.neg(x)), 1));
     }},
    {"1 / sqrt(x) => rsqrt(x)",
     [](auto& b, auto x) { return b.div(b.full(b.type(x), 1), b.sqrt(positive(b, x))); }},
    {"pow(x, 1) => x", [](auto& b, auto x) { return b.with_scalar(Op::pow, x, 1); }},
    {"pow(x, 2) => x * x", [](auto& b, auto x) { return b.with_scalar(Op::pow, x, 2); }},
    {"max(x, -inf) => x", [](auto& b, auto x) { return b.with_scalar(Op::max, x, -kInf); }},
    {"min(x, inf) => x", [](auto& b, auto x) { return b.with_scalar(Op::min, x, kInf); }},
    {"max(x, x) => x", [](auto& b, auto x) { return b.max(x, x); }},
    {"min(x, x) => x", [](auto& b, auto x) { return b.min(x, x); }},
    {"max(max(x, y), y) => max(x, y)",
     [](auto& b, auto x) { return b.with_scalar(Op::max, b.with_scalar(Op::max, x, 0), 0); }},
    {"min(min(x, y), y) => min(x, y)",
     [](auto& b, auto x) {
       NodeId y = b.exp(x);
       return b.min(b.min(x, y), y);
     }},
    {"x & x => x",
     [](auto& b, auto x) {
       NodeId p = pred(b, x);
       return b.bit_and(p, p);
     }},
    {"x | x => x",
     [](auto& b, auto) {
       NodeId i = int_input(b);
       return b.bit_or(i, i);
     }},
    {"x & 0 => 0", [](auto& b, auto) { return b.with_scalar(Op::bit_and, int_input(b), 0); }},
    {"x | 0 => x", [](auto& b, auto) { return b.with_scalar(Op::bit_or, int_input(b), 0); }},
    {"x ^ 0 => x", [](auto& b, auto) { return b.with_scalar(Op::bit_xor, int_input(b), 0); }},
    {"x << 0 => x", [](auto& b, auto) { return b.with_scalar(Op::shift_left, int_input(b), 0); }},
    {"x >> 0 => x", [](auto& b, auto) { return b.with_scalar(Op::shift_right, int_input(b), 0); }},
    {"-(-x) => x", [](auto& b, auto x) { return b.neg(b.neg(x)); }},
    {"!(!x) => x", [](auto& b, auto) { return b.logical_not(b.logical_not(int_input(b))); }},
    {"abs(abs(x)) => abs(x)", [](auto& b, auto x) { return b.abs(b.abs(x)); }},
    {"abs(-x) => abs(x)", [](auto& b, auto x) { return b.abs(b.neg(x)); }},
    {"select(c, x, y) => x or y",
     [](auto& b, auto x) {
       NodeId never = b.full({DType::pred, b.shape(x)}, 0);
       return b.select(never, b.exp(x), b.sin(x));
     }},
    {"select(p, x, x) => x", [](auto& b, auto x) { return b.select(pred(b, x), x, x); }},
    {"select(!p, x, y) => select(p, y, x)",
     [](auto& b, auto x) { return b.select(b.logical_not(pred(b, x)), x, b.exp(x)); }},
    {"clamp(a, x, inf) => max(x, a)",
     [](auto& b, auto x) { return b.clamp(b.full(b.type(x), 0), x, b.full(b.type(x), kInf)); }},
    {"clamp(-inf, x, b) => min(x, b)",
     [](auto& b, auto x) { return b.clamp(b.full(b.type(x), -kInf), x, b.full(b.type(x), 1)); }},
    {"convert(x) to its own dtype => x where x is rounded",
     [](auto& b, auto x) { return b.add(Op::convert, {x}, graph::NoAttr{}, b.type(x)); }},
    {"convert(convert(x)) through a wider dtype => convert(x)",
     [](auto& b, auto) { return b.convert(b.convert(int_input(b), DType::f64), DType::i64); }},
    {"f(reshape(x), c) of axes of size 1 => reshape(f(x, c))",
     [](auto& b, auto x) {
       NodeId mean = b.with_scalar(Op::mul, b.reduce_keep(x, ReduceKind::sum, {2}), 0.25);
       return b.sub(x, b.broadcast(mean, b.shape(x), {0, 1, 2}));
     }},
    {"f(broadcast(x), broadcast(y)) => broadcast(f(x, y))",
     [](auto& b, auto x) {
       NodeId small = b.reduce(x, ReduceKind::sum, {0, 1});
       NodeId wide = b.broadcast(small, b.shape(x), {2});
       return b.mul(x, b.add(wide, b.full(b.type(x), 1.5)));
     }},
};

const RuleCase kMovement[] = {
    {"reshape(x) to its own shape => x",
     [](auto& b, auto x) { return b.add(Op::reshape, {x}, graph::NoAttr{}, b.type(x)); }},
    {"reshape(reshape(x)) => reshape(x)",
     [](auto& b, auto x) {
       return b.reshape(b.reshape(x, {6, 4}), {4, 6});
     }},
    {"reshape(constant) => constant",
     [](auto& b, auto x) {
       NodeId c = b.reshape(indices(b, {1, 2, 3, 4, 5, 6}), {2, 3, 1});
       return b.mul(x, b.broadcast(b.convert(c, DType::f32), b.shape(x), {0, 1, 2}));
     }},
    {"reshape(pad(x)) of axes of size 1 => pad(reshape(x))",
     [](auto& b, auto x) {
       NodeId y = b.pad(b.reshape(x, {1, 6, 1, 4}), b.scalar(DType::f32, 3), {0, 1, 0, 0},
                        {0, 0, 2, 1}, {0, 0, 0, 2});
       return b.reshape(y, {7, 1, 3, 11, 1});
     }},
    {"reshape(broadcast(one element)) => broadcast(x)",
     [](auto& b, auto x) {
       NodeId sum = b.reshape(b.reduce(x, ReduceKind::sum, {0, 1, 2}), {1});
       return b.reshape(b.broadcast(sum, {4, 6}, {0}), {24});
     }},
    {"transpose(x) in the same order => x",
     [](auto& b, auto x) {
       return b.transpose(x, {0, 1, 2});
     }},
    {"transpose(transpose(x)) => transpose(x)",
     [](auto& b, auto x) {
       return b.transpose(b.transpose(x, {1, 2, 0}), {0, 2, 1});
     }},
    {"transpose(x) of axes of size 1 => reshape(x)",
     [](auto& b, auto x) {
       return b.transpose(b.reshape(x, {1, 6, 4}), {1, 0, 2});
     }},
    {"transpose(broadcast(x)) => broadcast(x)",
     [](auto& b, auto x) {
       return b.transpose(b.broadcast(b.exp(x), {2, 5, 3, 4}, {0, 2, 3}), {3, 1, 0, 2});
     }},
    {"broadcast(broadcast(x)) => broadcast(x)",
     [](auto& b, auto x) {
       NodeId wide = b.broadcast(x, {4, 2, 3, 4}, {1, 2, 3});
       return b.broadcast(wide, {2, 4, 3, 5, 4}, {1, 0, 2, 4});
     }},
    {"broadcast(x) that adds axes of size 1 => reshape(x)",
     [](auto& b, auto x) {
       return b.broadcast(x, {2, 1, 3, 4}, {0, 2, 3});
     }},
    {"broadcast(reshape(x)) of axes of size 1 => broadcast(x)",
     [](auto& b, auto x) {
       NodeId kept = b.reduce_keep(x, ReduceKind::sum, {1, 2});
       return b.mul(x, b.broadcast(kept, b.shape(x), {0, 1, 2}));
     }},
    {"broadcast(x[1,n,1]) => broadcast(x[n])",
     [](auto& b, auto x) {
       NodeId c = b.constant(Tensor({DType::f32, {1, 3, 1}}));
       return b.add(x, b.broadcast(c, b.shape(x), {0, 1, 2}));
     }},
    {"slice(x) of everything => x",
     [](auto& b, auto x) {
       return b.slice(x, {0, 0, 0}, {2, 3, 4}, {1, 1, 1});
     }},
    {"slice(slice(x)) => slice(x)",
     [](auto& b, auto) {
       NodeId x = b.input("long", {DType::f32, {40}});
       return b.slice(b.slice(x, {3}, {38}, {2}), {1}, {17}, {3});
     }},
    {"slice(broadcast(x)) => broadcast(slice(x))",
     [](auto& b, auto x) {
       NodeId one = b.slice(x, {0, 0, 0}, {1, 3, 4}, {1, 1, 1});
       NodeId wide = b.broadcast(one, {5, 7, 3, 4}, {1, 2, 3});
       return b.slice(wide, {1, 2, 0, 1}, {4, 7, 3, 4}, {2, 1, 2, 1});
     }},
    {"slice(concatenate(x, y)) => slice(x)",
     [](auto& b, auto x) {
       return b.slice(b.concatenate({x, b.exp(x)}, 1), {0, 4, 0}, {2, 6, 3}, {1, 1, 1});
     }},
    {"pad(x) by nothing => x",
     [](auto& b, auto x) {
       return b.pad(x, b.scalar(DType::f32, 7), {0, 0, 0}, {0, 0, 0}, {0, 0, 0});
     }},
    {"pad(pad(x, v), v) => pad(x, v)",
     [](auto& b, auto x) {
       NodeId v = b.scalar(DType::f32, 7);
       NodeId inner = b.pad(x, v, {1, 0, 0}, {0, 2, 0}, {1, 0, 2});
       return b.pad(inner, v, {1, 1, 0}, {0, 0, 3}, {0, 0, 0});
     }},
    {"concatenate(x) => x",
     [](auto& b, auto x) { return b.add(Op::concatenate, {x}, graph::AxisAttr{1}); }},
    {"concatenate(x, empty) => concatenate(x)",
     [](auto& b, auto x) {
       NodeId empty = b.slice(x, {0, 1, 0}, {2, 1, 4}, {1, 1, 1});
       return b.concatenate({x, empty, x}, 1);
     }},
    {"reverse(x) of axes of size 1 => x",
     [](auto& b, auto x) {
       return b.reverse(b.reshape(x, {6, 1, 4}), {1, 2});
     }},
    {"reverse(reverse(x)) => reverse(x)",
     [](auto& b, auto x) {
       return b.reverse(b.reverse(x, {0, 1}), {1, 2});
     }},
    {"reduce(x) over axes of size 1 => reshape(x)",
     [](auto& b, auto x) {
       return b.reduce(b.reshape(x, {6, 1, 4}), ReduceKind::max, {1});
     }},
    {"reduce(reshape(x)) => reshape(reduce(x))",
     [](auto& b, auto x) {
       return b.reduce(b.reshape(x, {1, 6, 2, 2}), ReduceKind::sum, {0, 2, 3});
     }},
    {"reduce(reduce(x)) => reduce(x)",
     [](auto& b, auto x) {
       return b.reduce(b.reduce(x, ReduceKind::sum, {1}), ReduceKind::sum, {0});
     }},
    {"gather(x, [a, a + n, ...]) => slice(x)",
     [](auto& b, auto x) {
       return b.gather(x, indices(b, {1, 3}), 2);
     }},
};

// e / sum(e) along the last axis.
struct Softmax {
  Softmax(Builder& b, NodeId x) : e(b.exp(x)) {
    divisor = b.broadcast(b.reduce(e, ReduceKind::sum, {2}), b.shape(x), {0, 1});
    y = b.div(e, divisor);
  }
  NodeId e, divisor, y;
};

// x less its mean over axes 1 and 2, times 3.
NodeId scaled_differences(Builder& b, NodeId x) {
  NodeId mean = b.with_scalar(Op::div, b.reduce(x, ReduceKind::sum, {1, 2}), 12);
  NodeId differences = b.sub(x, b.broadcast(mean, b.shape(x), {0}));
  return b.neg(b.with_scalar(Op::mul, differences, 3));
}

const RuleCase kReduction[] = {
    {"(g / b + sum(-(g / b * y))) * e, y = e / b => (g - sum(g * y)) * y",
     [](Builder& b, NodeId x) {
       Softmax y(b, x);
       NodeId quotient = b.div(b.cos(x), y.divisor);
       NodeId sum = b.reduce(b.neg(b.mul(quotient, y.y)), ReduceKind::sum, {2});
       return b.mul(b.add(quotient, b.broadcast(sum, b.shape(x), {0, 1})), y.e);
     }},
    {"sum((g - sum(g * y)) * y), sum(y) = 1 => 0",
     [](Builder& b, NodeId x) {
       Softmax y(b, x);
       NodeId g = b.cos(x), sum = b.reduce(b.mul(g, y.y), ReduceKind::sum, {2});
       NodeId d = b.mul(b.sub(g, b.broadcast(sum, b.shape(x), {0, 1})), y.y);
       return b.with_scalar(Op::add, b.reduce(b.neg(d), ReduceKind::sum, {2}), 1);
     }},
    {"select(p, 0 / sum(p), 0) => 0",
     [](Builder& b, NodeId x) {
       NodeId p = pred(b, x);
       NodeId count = b.reduce(b.convert(p, DType::f32), ReduceKind::sum, {1});
       NodeId share = b.broadcast(b.div(b.full(b.type(count), 0), count), b.shape(x), {0, 2});
       return b.select(p, share, b.full(b.type(x), 0));
     }},
    {"sum((x - mean(x)) * c) => 0",
     [](auto& b, auto x) {
       NodeId terms = scaled_differences(b, x);
       NodeId c = b.broadcast(b.reduce(x, ReduceKind::max, {1, 2}), b.shape(x), {0});
       terms = b.add(terms, b.mul(c, scaled_differences(b, x)));
       return b.add(b.reduce(x, ReduceKind::max, {1, 2}), b.reduce(terms, ReduceKind::sum, {1, 2}));
     }},
};

const RuleCase kWindow[] = {
    {"convolution(pad(x, 0), w) => convolution(x, w)",
     [](auto& b, auto) {
       NodeId zero = b.scalar(DType::f32, 0);
       NodeId x = b.pad(image(b), zero, {0, 1, 2, 0}, {0, 0, 1, 0}, {0, 1, 0, 0});
       return b.convolution(x, weights(b), {{2, 1}, {1, 0}, {0, 1}, {1, 2}, {1, 1}, 1});
     }},
    {"reduce_window(pad(x, identity)) => reduce_window(x)",
     [](auto& b, auto) {
       NodeId zero = b.scalar(DType::f32, 0);
       NodeId x = b.pad(b.with_scalar(Op::max, image(b), 0), zero, {0, 1, 1, 0}, {0, 1, 2, 0},
                        {0, 0, 0, 0});
       return b.reduce_window(
           x,
           {ReduceKind::max, {1, 3, 3, 1}, {1, 2, 2, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}});
     }},
    {"reduce_window(x) of 1 => slice(x)",
     [](auto& b, auto) {
       return b.reduce_window(
           image(b),
           {ReduceKind::sum, {1, 1, 1, 1}, {1, 2, 4, 1}, {1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}});
     }},
};

std::vector<RuleCase> all_cases() {
  std::vector<RuleCase> cases(std::begin(kArithmetic), std::end(kArithmetic));
  cases.insert(cases.end(), std::begin(kMovement), std::end(kMovement));
  cases.insert(cases.end(), std::begin(kReduction), std::end(kReduction));
  cases.insert(cases.end(), std::begin(kWindow), std::end(kWindow));
  return cases;
}

Graph built(const RuleCase& c) {
  Graph g;
  Builder b(g);
  NodeId x = b.input("x", {DType::f32, {2, 3, 4}});
  b.output("y", c.build(b, x));
  return g;
}

}  // namespace

TEST(SimplifyRules, FireAndKeepValues) {
  for (const RuleCase& c : all_cases()) {
    Graph before = built(c);
    std::vector<std::string_view> fired;
    Graph after = simplify_traced(before, &fired);
    EXPECT_NE(std::ranges::find(fired, c.formula), fired.end()) << c.formula << "\n"
                                                                << graph::print(before);
    EXPECT_LE(after.size(), before.size()) << c.formula << "\n" << graph::print(after);
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      EXPECT_EQ(test::difference(before, after, seed), "")
          << c.formula << "\n"
          << graph::print(before) << graph::print(after);
    }
    Graph again = simplify(after);
    EXPECT_EQ(graph::print(again), graph::print(after)) << c.formula;
  }
}

TEST(SimplifyRules, EachHasACase) {
  auto cases = all_cases();
  for (auto rules : {arithmetic_rules(), movement_rules(), reduction_rules(), window_rules()}) {
    for (const Rule& rule : rules) {
      EXPECT_NE(std::ranges::find(cases, rule.formula, &RuleCase::formula), cases.end())
          << rule.formula;
    }
  }
}

// Where a rule would be wrong, it stays away.
TEST(SimplifyRules, RespectTheirLimits) {
  const std::function<NodeId(Builder&, NodeId)> kept[] = {
      // the mean over other axes than the sum's
      [](Builder& b, NodeId x) {
        return b.reduce(scaled_differences(b, x), ReduceKind::sum, {0, 1});
      },
      // a factor that differs along the sum's axes
      [](Builder& b, NodeId x) {
        NodeId terms = b.mul(scaled_differences(b, x), x);
        return b.reduce(terms, ReduceKind::sum, {1, 2});
      },
      // a divisor that differs along the sum's axis
      [](Builder& b, NodeId x) {
        NodeId e = b.exp(x), quotient = b.div(b.cos(x), e), y = b.div(e, e);
        NodeId sum = b.reduce(b.neg(b.mul(quotient, y)), ReduceKind::sum, {2});
        return b.mul(b.add(quotient, b.broadcast(sum, b.shape(x), {0, 1})), e);
      },
      // a softmax along another axis than the sum's
      [](Builder& b, NodeId x) {
        NodeId y = Softmax(b, x).y, g = b.cos(x), sum = b.reduce(b.mul(g, y), ReduceKind::sum, {1});
        NodeId d = b.mul(b.sub(g, b.broadcast(sum, b.shape(x), {0, 2})), y);
        return b.reduce(d, ReduceKind::sum, {1});
      },
      // the share is taken where another condition holds: perhaps 0 / 0
      [](Builder& b, NodeId x) {
        NodeId ones = b.convert(pred(b, x), DType::f32);
        NodeId count = b.reduce(ones, ReduceKind::sum, {1});
        NodeId share = b.broadcast(b.div(b.full(b.type(count), 0), count), b.shape(x), {0, 2});
        return b.select(b.lt(x, b.full(b.type(x), 0.5)), share, b.full(b.type(x), 0));
      },
      // means of columns, taken from rows
      [](Builder& b, NodeId) {
        NodeId x = b.input("square", {DType::f32, {4, 4}});
        NodeId mean = b.with_scalar(Op::mul, b.reduce(x, ReduceKind::sum, {0}), 0.25);
        NodeId differences = b.sub(x, b.broadcast(mean, b.shape(x), {0}));
        return b.reduce(differences, ReduceKind::sum, {0});
      },
      // 0 * inf is not 0
      [](Builder& b, NodeId x) { return b.with_scalar(Op::mul, b.log(b.abs(x)), 0); },
      // x may be below 0, which the padding is not
      [](Builder& b, NodeId) {
        NodeId x =
            b.pad(image(b), b.scalar(DType::f32, 0), {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 0, 0, 0});
        return b.reduce_window(x, {ReduceKind::max,
                                   {1, 2, 2, 1},
                                   {1, 1, 1, 1},
                                   {1, 1, 1, 1},
                                   {0, 0, 0, 0},
                                   {0, 0, 0, 0}});
      },
      // i8 does not hold i32
      [](Builder& b, NodeId) { return b.convert(b.convert(int_input(b), DType::i8), DType::i64); },
      // the padding is not the convolution's zero
      [](Builder& b, NodeId) {
        NodeId x =
            b.pad(image(b), b.scalar(DType::f32, 1), {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 0, 0, 0});
        return b.convolution(x, weights(b), {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1});
      },
      // the slice reaches into both operands
      [](Builder& b, NodeId x) {
        return b.slice(b.concatenate({x, b.exp(x)}, 1), {0, 2, 0}, {2, 5, 4}, {1, 1, 1});
      },
  };
  for (const auto& build : kept) {
    Graph before = built({"", build});
    std::vector<std::string_view> fired;
    Graph after = simplify_traced(before, &fired);
    EXPECT_TRUE(fired.empty()) << fired[0] << "\n" << graph::print(before);
    EXPECT_EQ(test::difference(before, after), "");
  }
}

}  // namespace burin::passes
