// Convolution, pooling, normalisation, quantisation and recurrent ONNX ops against loops written
// from their definitions, where ONNX's own cases have no case.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/onnx_op.h"

namespace burin::test {
namespace {

using Values = std::vector<double>;
using Ints = std::vector<int64_t>;

void expect_near(const Values& actual, const Values& expected, double tolerance = 1e-5) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

// Scatters each input element times its group's weights; 1-d, x[1, C, W], w[C, O/groups, K].
Values transposed_convolution(const Tensor& x, const Tensor& w, int64_t groups, int64_t stride,
                              int64_t dilation, int64_t pad, int64_t width) {
  int64_t channels = x.shape()[1], in = x.shape()[2], per_group = w.shape()[1], taps = w.shape()[2];
  Values y(static_cast<size_t>(per_group * groups * width), 0.0);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t o = 0; o < per_group; ++o) {
      for (int64_t i = 0; i < in; ++i) {
        for (int64_t k = 0; k < taps; ++k) {
          int64_t at = i * stride + k * dilation - pad;
          int64_t out = c / (channels / groups) * per_group + o;
          if (at < 0 || at >= width) continue;
          y[static_cast<size_t>(out * width + at)] +=
              x.as_double(c * in + i) * w.as_double((c * per_group + o) * taps + k);
        }
      }
    }
  }
  return y;
}

TEST(OnnxConvTranspose, TakesGroupsStridesAndDilations) {
  Tensor x = noise({1, 6, 5}, 1), w = noise({6, 2, 3}, 2);
  OnnxCase test{"ConvTranspose",
                {x, w},
                {{"group", int64_t{3}},
                 {"strides", Ints{3}},
                 {"dilations", Ints{2}},
                 {"pads", Ints{1, 2}},
                 {"output_padding", Ints{1}}}};
  // (5 - 1) * 3 + 1 + (3 - 1) * 2 + 1 - 1 - 2
  expect_near(values_of(test), transposed_convolution(x, w, 3, 3, 2, 1, 15));
}

TEST(OnnxAveragePool, CountsWhatLiesInside) {
  // Windows of 3 over [pad, 1, 2, 3, 4, pad] in steps of 2; the last is cut off by ceil_mode.
  auto pooled = [](int64_t include) {
    return values_of({"AveragePool",
                      {floats({1, 1, 4}, {1, 2, 3, 4})},
                      {{"kernel_shape", Ints{3}},
                       {"strides", Ints{2}},
                       {"pads", Ints{1, 1}},
                       {"ceil_mode", int64_t{1}},
                       {"count_include_pad", include}},
                      19});
  };
  expect_near(pooled(0), {1.5, 3, 4});
  expect_near(pooled(1), {1, 3, 2});
}

TEST(OnnxAveragePool, GivesNothingForAnImageOfNoRows) {
  OnnxCase empty{
      "AveragePool", {floats({1, 1, 0, 3}, {})}, {{"auto_pad", std::string("SAME_UPPER")}}};
  empty.attributes["kernel_shape"] = std::vector<int64_t>{2, 2};
  auto result = run_onnx(empty);
  if (result)
    EXPECT_EQ((*result)[0].elements(), 0);
  else
    EXPECT_NE(result.error().reason, "");
}

TEST(OnnxMaxPool, DropsWindowsThatStartInTheEndPadding) {
  OnnxCase test{"MaxPool",
                {ramp({1, 1, 5}, 1)},
                {{"kernel_shape", Ints{2}},
                 {"strides", Ints{3}},
                 {"pads", Ints{0, 1}},
                 {"ceil_mode", int64_t{1}}}};
  EXPECT_EQ(values_of(test), (Values{2, 5}));
}

TEST(OnnxLpPool, TakesAnyOrder) {
  OnnxCase test{
      "LpPool", {floats({1, 1, 3}, {1, -2, 3})}, {{"kernel_shape", Ints{2}}, {"p", int64_t{3}}}};
  expect_near(values_of(test), {std::cbrt(9), std::cbrt(35)});
}

// (x - mean) / sqrt(variance + 1e-5) of each run of `size` elements
Values standardised(const Tensor& x, int64_t size) {
  Values out;
  for (int64_t begin = 0; begin < x.elements(); begin += size) {
    double mean = 0, variance = 0, n = static_cast<double>(size);
    for (int64_t i = begin; i < begin + size; ++i) mean += x.as_double(i) / n;
    for (int64_t i = begin; i < begin + size; ++i)
      variance += std::pow(x.as_double(i) - mean, 2) / n;
    for (int64_t i = begin; i < begin + size; ++i) {
      out.push_back((x.as_double(i) - mean) / std::sqrt(variance + 1e-5));
    }
  }
  return out;
}

TEST(OnnxGroupNormalization, ScalesGroupsThenChannels) {
  Tensor x = noise({2, 4, 3});
  Values y = standardised(x, 6), by_group = y, by_channel = y;
  for (size_t i = 0; i < y.size(); ++i) {
    size_t channel = i / 3 % 4;
    by_group[i] = y[i] * static_cast<double>(1 + channel / 2) + 1;
    by_channel[i] = y[i] * static_cast<double>(1 + channel) + 1;
  }
  onnx::AttributeValue groups = int64_t{2};
  expect_near(
      values_of(
          {"GroupNormalization", {x, ramp({2}, 1), ramp({2}, 1, 0)}, {{"num_groups", groups}}, 18}),
      by_group);
  expect_near(
      values_of(
          {"GroupNormalization", {x, ramp({4}, 1), ramp({4}, 1, 0)}, {{"num_groups", groups}}, 21}),
      by_channel);
}

TEST(OnnxSoftmax, SeesAMatrixBeforeOpset13) {
  Tensor x = noise({2, 3, 4});
  Values y = values_of({"Softmax", {x}, {}, 11});
  for (int64_t row = 0; row < 2; ++row) {
    double total = 0;
    for (int64_t i = 0; i < 12; ++i) total += std::exp(x.as_double(row * 12 + i));
    EXPECT_NEAR(y[static_cast<size_t>(row * 12 + 5)], std::exp(x.as_double(row * 12 + 5)) / total,
                1e-6);
  }
}

TEST(OnnxArgMax, TakesNanForTheLargest) {
  Tensor x = floats({5}, {1, NAN, 3, NAN, 2});
  EXPECT_EQ(values_of({"ArgMax", {x}, {{"keepdims", int64_t{0}}}}), (Values{1}));
  EXPECT_EQ(values_of({"ArgMax", {x}, {{"select_last_index", int64_t{1}}}}), (Values{3}));
}

TEST(OnnxDequantizeLinear, SpreadsBlocks) {
  OnnxCase test{"DequantizeLinear",
                {ints({1, 4}, {1, 2, 3, 4}, DType::i8), floats({1, 2}, {1, 10}),
                 ints({1, 2}, {0, 1}, DType::i8)},
                {{"axis", int64_t{1}}, {"block_size", int64_t{2}}},
                21};
  EXPECT_EQ(values_of(test), (Values{1, 2, 20, 30}));
}

TEST(OnnxQuantizeLinear, RoundsTiesToEvenAndSaturates) {
  OnnxCase test{
      "QuantizeLinear",
      {floats({5}, {-300, -1.5, 0.5, 1.5, 300}), floats({}, {1}), ints({}, {0}, DType::i8)}};
  EXPECT_EQ(values_of(test), (Values{-128, -2, 0, 2, 127}));
}

// One direction of an LSTM from its definition: gates i, o, f, c.
Values lstm(const Tensor& x, const Tensor& w, const Tensor& r, int64_t hidden, const Ints& lengths,
            bool reverse) {
  int64_t steps = x.shape()[0], batch = x.shape()[1], in = x.shape()[2];
  auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  Values y(static_cast<size_t>(steps * batch * hidden), 0.0);
  for (int64_t n = 0; n < batch; ++n) {
    Values h(static_cast<size_t>(hidden), 0.0), cell = h;
    int64_t count = lengths[static_cast<size_t>(n)];
    for (int64_t s = 0; s < count; ++s) {
      int64_t t = reverse ? count - 1 - s : s;
      Values next = h;
      for (int64_t u = 0; u < hidden; ++u) {
        auto gate = [&](int64_t g) {
          double sum = 0;
          int64_t row = g * hidden + u;
          for (int64_t i = 0; i < in; ++i) {
            sum += w.as_double(row * in + i) * x.as_double((t * batch + n) * in + i);
          }
          for (int64_t i = 0; i < hidden; ++i) {
            sum += r.as_double(row * hidden + i) * h[static_cast<size_t>(i)];
          }
          return sum;
        };
        double& c = cell[static_cast<size_t>(u)];
        c = sigmoid(gate(2)) * c + sigmoid(gate(0)) * std::tanh(gate(3));
        next[static_cast<size_t>(u)] = sigmoid(gate(1)) * std::tanh(c);
      }
      h = next;
      for (int64_t u = 0; u < hidden; ++u) {
        y[static_cast<size_t>((t * batch + n) * hidden + u)] = h[static_cast<size_t>(u)];
      }
    }
  }
  return y;
}

TEST(OnnxLstm, RunsBackwardsWithinEachLength) {
  Tensor x = noise({5, 3, 2}, 1), w = noise({1, 16, 2}, 2), r = noise({1, 16, 4}, 3);
  Ints lengths = {5, 2, 3};
  for (bool reverse : {false, true}) {
    std::string direction = reverse ? "reverse" : "forward";
    Tensor ends = ints({3}, lengths, DType::i32);
    OnnxCase test{"LSTM",
                  {x, w, r, std::nullopt, ends},
                  {{"hidden_size", int64_t{4}}, {"direction", direction}}};
    expect_near(values_of(test), lstm(x, w, r, 4, lengths, reverse));
  }
}

TEST(OnnxGru, JoinsBothDirections) {
  Tensor x = noise({4, 2, 3}, 1), w = noise({2, 6, 3}, 2), r = noise({2, 6, 2}, 3);
  auto half = [&](const Tensor& both, int64_t d, Shape shape) {
    Values all = both.to_doubles();
    auto n = static_cast<std::ptrdiff_t>(all.size() / 2);
    return floats(std::move(shape), Values(all.begin() + d * n, all.begin() + (d + 1) * n));
  };
  Values y = values_of({"GRU", {x, w, r}, {{"direction", std::string("bidirectional")}}});
  for (int64_t d : {0, 1}) {
    std::string direction = d ? "reverse" : "forward";
    Values one = values_of(
        {"GRU", {x, half(w, d, {1, 6, 3}), half(r, d, {1, 6, 2})}, {{"direction", direction}}});
    for (size_t i = 0; i < one.size(); ++i) {  // [S, 2, N * H] against [S, 1, N * H]
      EXPECT_NEAR(y[i / 4 * 8 + static_cast<size_t>(d) * 4 + i % 4], one[i], 1e-6);
    }
  }
}

}  // namespace
}  // namespace burin::test
