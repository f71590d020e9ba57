// Fused graphs on odd shapes, through every way of executing a graph.
#include <gtest/gtest.h>

#include "isa/target.h"
#include "lower/lower.h"
#include "tests/support/op_cases.h"
#include "tests/support/run_case.h"

namespace burin::test {
namespace {

using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

NodeId keep(CaseBuilder& b, NodeId reduced, NodeId like, Dims dims) {
  return b.broadcast(reduced, b.shape(like), std::move(dims));
}

// Softmax over `axis` of a 3-d value.
NodeId softmax(CaseBuilder& b, NodeId x, int64_t axis, bool log) {
  Dims kept;
  for (int64_t a = 0; a < 3; ++a) {
    if (a != axis) kept.push_back(a);
  }
  NodeId d = b.sub(x, keep(b, b.reduce(x, ReduceKind::max, {axis}), x, kept));
  NodeId e = b.exp(d);
  NodeId sum = b.reduce(e, ReduceKind::sum, {axis});
  return log ? b.sub(d, keep(b, b.log(sum), x, kept)) : b.div(e, keep(b, sum, x, kept));
}

// (x - mean) * rsqrt(var + eps) * scale over the axes that are not in `kept`.
NodeId norm(CaseBuilder& b, NodeId x, Dims axes, Dims kept, int64_t scale_axis) {
  const Shape shape = b.shape(x);
  double count = 1;
  for (int64_t a : axes) count *= static_cast<double>(shape[static_cast<size_t>(a)]);
  NodeId mean = b.with_scalar(Op::mul, b.reduce(x, ReduceKind::sum, axes), 1 / count);
  NodeId d = b.sub(x, keep(b, mean, x, kept));
  NodeId squares = b.reduce(b.mul(d, d), ReduceKind::sum, axes);
  NodeId var = b.with_scalar(Op::add, b.with_scalar(Op::mul, squares, 1 / count), 1e-3);
  NodeId scale = b.in(b.dtype(x), {shape[static_cast<size_t>(scale_axis)]});
  NodeId y = b.mul(d, keep(b, b.rsqrt(var), x, kept));
  return b.mul(y, b.broadcast(scale, shape, {scale_axis}));
}

struct FusedCase {
  std::string name;
  std::function<NodeId(CaseBuilder&, Dims, DType)> build;
};

// Copies of channels in groups of two.
std::vector<FusedCase> pair_cases() {
  return {
      {"shuffled_channels",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.in(t, {d[0], d[1], 2 * d[2]});
         NodeId groups = b.reshape(x, Shape{d[0], d[1], 2, d[2]});
         return b.reshape(b.transpose(groups, {0, 1, 3, 2}), Shape{d[0], d[1], 2 * d[2]});
       }},
      {"every_other",
       [](auto& b, Dims d, DType t) {
         Dims from = {d[0], d[1], 2 * d[2]};
         NodeId x = b.in(t, from);
         NodeId even = b.slice(x, {0, 0, 0}, from, {1, 1, 2});
         NodeId odd = b.slice(x, {0, 0, 1}, from, {1, 1, 2});
         return b.concatenate({odd, even, b.slice(b.in(t, d), {0, 0, 0}, d, {1, 1, 2})}, 2);
       }},
      {"every_other_of_odd_rows",
       [](auto& b, Dims d, DType t) {
         Dims from = {2 * d[0], 2 * d[1] - 1, 2 * d[2] - 1};
         return b.slice(b.in(t, from), {1, 0, 0}, from, {2, 2, 2});
       }},
      {"every_other_of_every_other_row",
       [](auto& b, Dims d, DType t) {
         Dims from = {d[0], 2 * d[1] - 1, 2 * d[2]};
         return b.slice(b.in(t, from), {0, 0, 0}, from, {1, 2, 2});
       }},
      {"every_other_of_all",
       [](auto& b, Dims d, DType t) {
         Dims from = {d[0], d[1], 2 * d[2]};
         return b.slice(b.in(t, from), {0, 0, 1}, from, {1, 1, 2});
       }},
  };
}

// Kernels of several values.
std::vector<FusedCase> sibling_cases() {
  return {
      {"batch_norm_gradient",
       [](auto& b, Dims d, DType t) {  // two sums of a masked gradient, and what they make of it
         NodeId x = b.in(t, d), g = b.in(t, d), scale = b.in(t, {d[2]});
         NodeId y = b.mul(x, keep(b, scale, x, {2}));
         NodeId zero = b.full({t, Shape(d)}, 0);
         NodeId masked = b.select(b.gt(y, zero), g, zero);
         NodeId bias = b.reduce(masked, ReduceKind::sum, {0, 1});
         NodeId slope = b.reduce(b.mul(masked, x), ReduceKind::sum, {0, 1});
         NodeId dx = b.sub(masked, b.mul(x, keep(b, slope, x, {2})));
         return b.add(dx, keep(b, bias, x, {2}));
       }},
      {"negative_beside_its_floor",
       [](auto& b, Dims d, DType t) {  // one kernel reads and writes one buffer
         NodeId x = b.concatenate({b.in(t, d), b.exp(b.in(t, d))}, 0);
         NodeId neg = b.neg(x);
         NodeId all = b.concatenate({neg, x}, 0);
         return b.concatenate({b.floor(neg), b.exp(all)}, 0);
       }},
  };
}

const std::vector<FusedCase>& fused_cases() {
  static const std::vector<FusedCase> cases = {
      {"softmax_last", [](auto& b, Dims d, DType t) { return softmax(b, b.in(t, d), 2, false); }},
      {"softmax_middle", [](auto& b, Dims d, DType t) { return softmax(b, b.in(t, d), 1, false); }},
      {"log_softmax", [](auto& b, Dims d, DType t) { return softmax(b, b.in(t, d), 2, true); }},
      {"layer_norm",
       [](auto& b, Dims d, DType t) {
         return norm(b, b.in(t, d), {2}, {0, 1}, 2);
       }},
      {"instance_norm_channels_last",
       [](auto& b, Dims d, DType t) {
         return norm(b, b.in(t, d), {1}, {0, 2}, 2);
       }},
      {"norm_over_two_axes",
       [](auto& b, Dims d, DType t) {
         return norm(b, b.in(t, d), {1, 2}, {0}, 2);
       }},
      {"norm_over_outer_axes",
       [](auto& b, Dims d, DType t) {
         return norm(b, b.in(t, d), {0, 1}, {2}, 2);
       }},
      {"transposed_map",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.in(t, d), y = b.in(t, {d[2], d[0], d[1]});
         return b.add(b.transpose(b.neg(x), {2, 0, 1}), y);
       }},
      {"reversed_halves",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.in(t, d);
         NodeId half = b.slice(x, {0, 0, 0}, d, {1, 1, 2});
         return b.concatenate({b.reverse(half, {2}), b.neg(half)}, 2);
       }},
      {"product_of_every_other",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.slice(b.in(t, {1, d[0], d[1], 2 * d[2]}), {0, 0, 0, 1},
                            {1, d[0], d[1], 2 * d[2]}, {1, 1, 1, 2});
         NodeId w = b.in(t, {1, 1, d[2], 5});
         return b.convolution(x, w, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1});
       }},
      {"transposed_product",  // heads behind one another, and what is added to them
       [](auto& b, Dims d, DType t) {
         NodeId x = b.in(t, {2, d[0], d[1], 6}), y = b.in(t, {2, d[0], 6, d[2]});
         NodeId heads = b.dot_general(x, y, {{0, 1}, {0, 1}, {3}, {2}});
         NodeId rows = b.transpose(heads, {2, 0, 1, 3});
         return b.add(b.reshape(rows, Shape{d[1], 2, d[0] * d[2]}),
                      b.in(t, {d[1], 2, d[0] * d[2]}));
       }},
      {"transposed_convolution",
       [](auto& b, Dims d, DType t) {
         NodeId w = b.in(t, {1, 1, d[2], 9});
         NodeId x = b.convolution(b.in(t, {2, d[0], d[1], d[2]}), w,
                                  {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1});
         return b.transpose(b.exp(x), {1, 2, 0, 3});
       }},
      {"reduce_of_a_transpose",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.transpose(b.in(t, d), {1, 2, 0});
         return b.sqrt(b.abs(b.reduce(b.mul(x, x), ReduceKind::sum, {0, 2})));
       }},
      {"split_axis",
       [](auto& b, Dims d, DType t) {  // a reshape that cuts an axis of the output
         NodeId x = b.in(t, {d[0], d[2], d[1]});
         NodeId flat = b.reshape(b.transpose(x, {0, 2, 1}), Shape{d[0] * d[1], d[2]});
         return b.exp(b.reshape(b.neg(flat), Shape{d[0] * d[1] * d[2]}));
       }},
      {"masked",
       [](auto& b, Dims d, DType t) {
         NodeId x = b.in(t, d), y = b.in(t, d);
         NodeId i = b.iota({DType::i32, Shape(d)}, 2), j = b.iota({DType::i32, Shape(d)}, 1);
         return b.select(b.bit_and(b.le(i, j), b.gt(x, y)), x, b.with_scalar(Op::add, y, 1));
       }},
      {"residual_sum_and_norm",
       [](auto& b, Dims d, DType t) {
         NodeId sum = b.add(b.in(t, d), b.in(t, d));
         return b.add(norm(b, sum, {2}, {0, 1}, 2), sum);
       }},
  };
  return cases;
}

class FusedKernels : public testing::TestWithParam<Execution> {};

TEST_P(FusedKernels, AgreeWithTheOracle) {
  const Execution& execution = GetParam();
  if (auto why = execution.unavailable()) GTEST_SKIP() << *why;
  const Dims shapes[] = {{1, 1, 2},    {3, 7, 17},  {2, 33, 3}, {5, 1, 64},
                         {1, 17, 160}, {33, 2, 20}, {3, 5, 144}};
  std::vector<FusedCase> cases = fused_cases();
  for (FusedCase& pairs : pair_cases()) cases.push_back(std::move(pairs));
  for (FusedCase& siblings : sibling_cases()) cases.push_back(std::move(siblings));
  for (const FusedCase& fused : cases) {
    for (DType dtype : {DType::f32, DType::f64}) {
      for (const Dims& dims : shapes) {
        OpCase row{fused.name, Op::add,
                   [&](CaseBuilder& b) { return fused.build(b, dims, dtype); }};
        BuiltCase built = build_case(row);
        auto got = execution.run(built.graph, built.inputs);
        std::string where = fused.name + " of " + TensorType{dtype, Shape(dims)}.text();
        ASSERT_TRUE(got) << where << ": " << got.error().text();
        auto wrong = difference_to_oracle(built.graph, built.inputs, *got);
        EXPECT_FALSE(wrong) << where << ": " << *wrong;
      }
    }
  }
}

struct TurnedRow {
  Dims from, order;
};

// Reads along another axis than it writes.
OpCase turned_case(const TurnedRow& row, bool backwards, DType dtype = DType::f32) {
  return {"turned", Op::add, [&row, backwards, dtype](CaseBuilder& b) {
            auto last = static_cast<int64_t>(row.from.size()) - 1;
            NodeId read = b.in(dtype, row.from);
            NodeId x = b.transpose(backwards ? b.reverse(read, {last}) : read, row.order);
            Shape shape = b.shape(x);
            NodeId y = b.add(dtype == DType::f32 ? b.exp(x) : b.neg(x), b.in(dtype, shape.dims()));
            NodeId i = b.convert(b.iota({DType::i32, shape}, last), dtype);
            return b.add(y, b.mul(i, b.convert(b.iota({DType::i32, shape}, 0), dtype)));
          }};
}

void expect_turned(const Execution& execution, std::span<const TurnedRow> rows, DType dtype) {
  for (const TurnedRow& row : rows) {
    for (bool backwards : {false, true}) {
      BuiltCase built = build_case(turned_case(row, backwards, dtype));
      auto got = execution.run(built.graph, built.inputs);
      ASSERT_TRUE(got) << got.error().text();
      auto wrong = difference_to_oracle(built.graph, built.inputs, *got);
      EXPECT_FALSE(wrong) << Shape(row.from).text() << (backwards ? " reversed: " : ": ") << *wrong;
    }
  }
}

// Maps that read along another axis than they write, too large for the first-level cache. Some go
// by squares, some of these do not come out even.
TEST_P(FusedKernels, TurnedMapsAgreeWithTheOracle) {
  const Execution& execution = GetParam();
  if (auto why = execution.unavailable()) GTEST_SKIP() << *why;
  const TurnedRow rows[] = {{{144, 129}, {1, 0}},          {{131, 257}, {1, 0}},
                            {{128, 160}, {1, 0}},          {{100, 131}, {1, 0}},
                            {{70, 5, 9, 7}, {3, 2, 1, 0}}, {{96, 20, 9}, {2, 1, 0}},
                            {{3, 17, 400}, {0, 2, 1}},     {{2, 65, 160}, {2, 0, 1}}};
  expect_turned(execution, rows, DType::f32);
  expect_turned(execution, std::span(rows).subspan(2, 2), DType::i32);
}

// Of so many pages that they are cut into stretches. (Too large for the interpreter.)
TEST(LargeMaps, TransposesAgreeWithTheOracle) {
  const TurnedRow rows[] = {{{640, 128, 9}, {2, 1, 0}}, {{1056, 528}, {1, 0}}};
  for (const TurnedRow& row : rows) {
    BuiltCase built = build_case(turned_case(row, false));
    auto lowered = lower::lower(built.graph, isa::target_from_name("avx512")->machine);
    ASSERT_TRUE(lowered) << lowered.error().text();
    EXPECT_TRUE(std::ranges::any_of(lowered->kernels, [](const lower::Kernel& kernel) {
      return kernel.algorithm.ends_with("in squares");
    })) << Shape(row.from).text();
  }
  for (const Execution& execution : executions()) {
    if (execution.name.starts_with("interpreted") || execution.unavailable()) continue;
    expect_turned(execution, rows, DType::f32);
  }
}

// A map whose result is too large for the caches, and no multiple of a line. (Too large for the
// interpreter as well.)
TEST(LargeMaps, AgreeWithTheOracle) {
  OpCase row{"map", Op::add, [&](CaseBuilder& b) {
               NodeId x = b.f32({2101, 2113});
               NodeId y = b.exp(x);  // stored: its users walk it in two orders
               NodeId peak = b.reduce(y, ReduceKind::max, {0});
               NodeId last = b.reduce(b.sub(x, y), ReduceKind::sum, {1});
               NodeId turned = b.transpose(y, {1, 0});
               NodeId sum = b.add(turned, keep(b, peak, turned, {0}));
               return b.add(b.reduce(sum, ReduceKind::max, {0}), last);
             }};
  BuiltCase built = build_case(row);
  int ran = 0;
  for (const Execution& execution : executions()) {
    if (execution.name.starts_with("interpreted") || execution.unavailable()) continue;
    auto got = execution.run(built.graph, built.inputs);
    ASSERT_TRUE(got) << execution.name << ": " << got.error().text();
    auto wrong = difference_to_oracle(built.graph, built.inputs, *got);
    EXPECT_FALSE(wrong) << execution.name << ": " << *wrong;
    ++ran;
  }
  EXPECT_GT(ran, 0);
}

// An instance norm whose reductions are split into parts.
TEST_P(FusedKernels, LongReductionsAgreeWithTheOracle) {
  const Execution& execution = GetParam();
  if (auto why = execution.unavailable()) GTEST_SKIP() << *why;
  OpCase row{"norm", Op::add, [&](CaseBuilder& b) {
               return norm(b, b.f32({1, 8192, 33}), {1}, {0, 2}, 2);
             }};
  BuiltCase built = build_case(row);
  auto got = execution.run(built.graph, built.inputs);
  ASSERT_TRUE(got) << got.error().text();
  auto wrong = difference_to_oracle(built.graph, built.inputs, *got);
  EXPECT_FALSE(wrong) << *wrong;
}

INSTANTIATE_TEST_SUITE_P(Lower, FusedKernels, testing::ValuesIn(executions()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace burin::test
