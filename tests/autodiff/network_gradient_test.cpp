// Gradients of whole networks: a small convolutional one, a block of attention, and by its weights
// one that was imported.
#include <gtest/gtest.h>

#include "autodiff/differentiate.h"
#include "driver/model.h"
#include "tests/support/gradient_case.h"
#include "tests/support/run_case.h"
#include "zoo/save.h"

namespace burin::test {

namespace {

using graph::NodeId;
using graph::Op;
using graph::ReduceKind;

// A tensor of weights, small enough for tame activations.
NodeId weights(CaseBuilder& b, Dims dims) { return b.in(DType::f32, std::move(dims), {-0.5, 0.5}); }

NodeId conv_relu(CaseBuilder& b, NodeId x, Dims w, int64_t stride) {
  int64_t outputs = w.back();
  NodeId y = b.convolution(x, weights(b, std::move(w)),
                           {{stride, stride}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
  y = b.broadcast_binary(Op::add, y, weights(b, {outputs}));
  return b.with_scalar(Op::max, y, 0);
}

NodeId max_pool(CaseBuilder& b, NodeId x, int64_t window, int64_t pad) {
  return b.reduce_window(x, {ReduceKind::max,
                             {1, window, window, 1},
                             {1, 2, 2, 1},
                             {1, 1, 1, 1},
                             {0, pad, pad, 0},
                             {0, pad, pad, 0}});
}

NodeId softmax(CaseBuilder& b, NodeId x, int64_t axis) {
  NodeId top = b.reduce_keep(x, ReduceKind::max, {axis});
  NodeId e = b.exp(b.broadcast_binary(Op::sub, x, top));
  return b.broadcast_binary(Op::div, e, b.reduce_keep(e, ReduceKind::sum, {axis}));
}

// The mean of -log softmax(logits) at the labels.
NodeId cross_entropy(CaseBuilder& b, NodeId logits, NodeId labels) {
  Shape shape = b.shape(logits);
  NodeId classes = b.iota({DType::i64, shape}, 1);
  NodeId hit = b.eq(classes, b.broadcast(labels, shape, {0}));
  NodeId logs = b.log(softmax(b, logits, 1));
  NodeId sum = b.reduce(b.select(hit, logs, b.full(b.type(logs), 0)), ReduceKind::sum, {0, 1});
  return b.with_scalar(Op::mul, sum, -1.0 / static_cast<double>(shape[0]));
}

NodeId convolutional(CaseBuilder& b) {
  NodeId x = b.f32({3, 12, 12, 3});
  x = max_pool(b, conv_relu(b, x, {3, 3, 3, 8}, 1), 2, 0);
  x = max_pool(b, conv_relu(b, x, {3, 3, 8, 9}, 1), 3, 1);
  x = conv_relu(b, x, {3, 3, 9, 10}, 2);
  x = b.reshape(x, {3, b.shape(x).elements() / 3});
  x = b.dot_general(x, weights(b, {b.shape(x)[1], 5}), {{}, {}, {1}, {0}});
  x = b.broadcast_binary(Op::add, x, weights(b, {5}));
  return cross_entropy(b, x, b.in(DType::i64, {3}, {0, 4}));
}

// (x - mean) / sqrt(variance + eps) * scale + shift, along the last axis of three
NodeId layer_norm(CaseBuilder& b, NodeId x) {
  auto width = static_cast<double>(b.shape(x)[2]);
  auto mean = [&](NodeId v) {
    return b.with_scalar(Op::mul, b.reduce_keep(v, ReduceKind::sum, {2}), 1 / width);
  };
  NodeId centred = b.broadcast_binary(Op::sub, x, mean(x));
  NodeId variance = b.with_scalar(Op::add, mean(b.mul(centred, centred)), 1e-5);
  NodeId y = b.broadcast_binary(Op::mul, centred, b.rsqrt(variance));
  y = b.broadcast_binary(Op::mul, y, b.in(DType::f32, {b.shape(x)[2]}, {0.5, 1.5}));
  return b.broadcast_binary(Op::add, y, weights(b, {b.shape(x)[2]}));
}

NodeId times_weights(CaseBuilder& b, NodeId x, int64_t width) {
  return b.dot_general(x, weights(b, {b.shape(x)[2], width}), {{}, {}, {2}, {0}});
}

NodeId project(CaseBuilder& b, NodeId x, int64_t width) {
  NodeId y = times_weights(b, x, width);
  return b.broadcast_binary(Op::add, y, weights(b, {width}));
}

// Two heads over sequences of 7 words of 16, then a layer with GELU; both with what goes round.
// Keys have no bias: softmax does not feel it, and its gradient would be rounding alone.
NodeId attention(CaseBuilder& b) {
  NodeId x = b.f32({2, 7, 16}), n = layer_norm(b, x);
  auto heads = [&](NodeId v) { return b.reshape(v, {2, 7, 2, 8}); };
  NodeId q = heads(project(b, n, 16)), k = heads(times_weights(b, n, 16)),
         v = heads(project(b, n, 16));
  NodeId scores = b.dot_general(q, k, {{0, 2}, {0, 2}, {3}, {3}});
  NodeId weighted = softmax(b, b.with_scalar(Op::mul, scores, 0.35), 3);
  NodeId mixed = b.dot_general(weighted, v, {{0, 1}, {0, 2}, {3}, {1}});
  NodeId joined = b.reshape(b.transpose(mixed, {0, 2, 1, 3}), {2, 7, 16});
  x = b.add(x, project(b, joined, 16));
  NodeId h = project(b, layer_norm(b, x), 24);
  NodeId half = b.with_scalar(Op::mul, h, 0.5);
  h = b.mul(half, b.with_scalar(Op::add, b.erf(b.with_scalar(Op::mul, h, 0.70710678)), 1));
  return b.add(x, project(b, h, 16));
}

// Maxima of values that kernels may compute again to compare them: each must still be found.
NodeId maxima(CaseBuilder& b) {
  Dims dims = {3, 12, 12, 9};
  NodeId x = b.add(b.mul(b.f32(dims), b.f32(dims)), b.f32(dims));
  NodeId pooled = b.reduce(b.exp(max_pool(b, x, 3, 1)), ReduceKind::sum, {1, 2});
  NodeId rows = b.reduce(b.reduce(x, ReduceKind::max, {3}), ReduceKind::sum, {1, 2});
  NodeId pixels = b.reduce(x, ReduceKind::max, {1, 2});
  return b.add(b.mul(pooled, pixels), b.broadcast(rows, {3, 9}, {0}));
}

struct Network {
  const char* name;
  NodeId (*build)(CaseBuilder&);
};
const Network kNetworks[] = {
    {"convolutional", convolutional}, {"attention", attention}, {"maxima", maxima}};

TEST(NetworkGradients, AgreeWithDifferences) {
  for (const auto& [name, build] : kNetworks) {
    auto check = check_gradients(build_tame_case(name, build), 40);
    ASSERT_TRUE(check) << name << ": " << check.error().text();
    EXPECT_GE(check->checked, 4 * check->skipped) << name;
    for (const std::string& line : check->wrong) ADD_FAILURE() << name << ": " << line;
  }
}

class NetworkGradientExecutions : public testing::TestWithParam<Execution> {};

TEST_P(NetworkGradientExecutions, AgreeWithTheOracle) {
  if (auto reason = GetParam().unavailable()) GTEST_SKIP() << *reason;
  for (const auto& [name, build] : kNetworks) {
    BuiltCase built = build_tame_case(name, build);
    auto graph = gradient_graph(built.graph);
    ASSERT_TRUE(graph) << name << ": " << graph.error().text();
    auto got = GetParam().run(*graph, built.inputs);
    ASSERT_TRUE(got) << name << ": " << got.error().text();
    auto text = difference_to_oracle(*graph, built.inputs, *got);
    EXPECT_FALSE(text) << name << ": " << *text;
  }
}

// LeNet, its loss the sum of what it yields, and the gradients of all its weights.
BuiltCase lenet_gradients() {
  auto model = driver::Model::from_memory("lenet", *zoo::to_bytes(*zoo::find("lenet"), 7)).value();
  const onnx::ValueInfo* info = model->proto().required_inputs()[0];
  Dims dims;
  for (const onnx::Dim& d : *info->dims) dims.push_back(d.size.value_or(2));
  Tensor image = random_tensor({*info->dtype, Shape(dims)}, {-1, 1}, 3);
  std::vector<driver::InputSpec> specs = {{info->name, image.type(), image}};
  BuiltCase built{model->import(specs).value().graph, {image}};
  graph::Builder b(built.graph);
  std::vector<NodeId> weights;
  for (size_t i = 0; i < built.graph.size(); ++i) {
    NodeId id(i);
    bool filled = built.graph.is_constant(id) && b.shape(id).rank() > 0;
    if (filled && is_float(b.dtype(id))) weights.push_back(id);
  }
  NodeId loss = b.reduce(built.graph.outputs[0].node, ReduceKind::sum, {0, 1});
  auto gradients = autodiff::differentiate(built.graph, loss, weights).value();
  built.graph.outputs.clear();
  for (NodeId id : gradients) b.output("d" + std::to_string(id.index), id);
  return built;
}

TEST_P(NetworkGradientExecutions, ByWeightsOfAnImportedOne) {
  if (auto reason = GetParam().unavailable()) GTEST_SKIP() << *reason;
  BuiltCase built = lenet_gradients();
  EXPECT_GE(built.graph.outputs.size(), 10u);
  auto got = GetParam().run(built.graph, built.inputs);
  ASSERT_TRUE(got) << got.error().text();
  auto text = difference_to_oracle(built.graph, built.inputs, *got);
  EXPECT_FALSE(text) << *text;
}

INSTANTIATE_TEST_SUITE_P(Ways, NetworkGradientExecutions, testing::ValuesIn(executions()),
                         [](const auto& info) { return info.param.name; });

}  // namespace

}  // namespace burin::test
