// Encoders: a vision transformer and a small BERT, as PyTorch's exporter writes them.
#include <cmath>

#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

struct Encoder {
  int64_t width, heads, hidden;
  int64_t tokens;
};

std::string layer_norm(Net& net, const std::string& x, int64_t width) {
  std::string scale = net.weights("scale", {width}, 0.1, 1);
  std::string shift = net.weights("shift", {width}, 0.1);
  return net.node("LayerNormalization", {x, scale, shift},
                  {{"axis", int64_t{-1}}, {"epsilon", 1e-6f}});
}

// x[N, T, in] -> [N, T, out]
std::string linear(Net& net, const std::string& x, int64_t in, int64_t out) {
  std::string w = net.weights("weight", {in, out}, std::sqrt(1.0 / static_cast<double>(in)));
  std::string b = net.weights("bias", {out}, 0.02);
  return net.node("Add", {net.node("MatMul", {x, w}), b});
}

// 0.5 x (1 + erf(x / sqrt(2)))
std::string gelu(Net& net, const std::string& x) {
  std::string e = net.node("Erf", {net.node("Div", {x, net.scalar(1.41421356f)})});
  std::string half = net.node("Mul", {x, net.node("Add", {e, net.scalar(1)})});
  return net.node("Mul", {half, net.scalar(0.5f)});
}

// [N, T, width] -> [N, heads, T, width / heads], or with the last two swapped.
std::string split_heads(Net& net, const std::string& x, const Encoder& e, bool swapped) {
  std::string parts = net.node("Reshape", {x, net.ints({0, 0, e.heads, e.width / e.heads})});
  std::vector<int64_t> perm =
      swapped ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1, 3};
  return net.node("Transpose", {parts}, {{"perm", perm}});
}

std::string attention(Net& net, const std::string& x, const Encoder& e, const std::string& mask) {
  std::string q = split_heads(net, linear(net, x, e.width, e.width), e, false);
  std::string k = split_heads(net, linear(net, x, e.width, e.width), e, true);
  std::string v = split_heads(net, linear(net, x, e.width, e.width), e, false);
  auto scale = static_cast<float>(std::sqrt(static_cast<double>(e.width / e.heads)));
  std::string scores = net.node("Div", {net.node("MatMul", {q, k}), net.scalar(scale)});
  if (!mask.empty()) scores = net.node("Add", {scores, mask});
  std::string weights = net.node("Softmax", {scores}, {{"axis", int64_t{-1}}});
  std::string mixed = net.node("Transpose", {net.node("MatMul", {weights, v})},
                               {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  mixed = net.node("Reshape", {mixed, net.ints({0, 0, e.width})});
  return linear(net, mixed, e.width, e.width);
}

std::string feed_forward(Net& net, const std::string& x, const Encoder& e) {
  return linear(net, gelu(net, linear(net, x, e.width, e.hidden)), e.hidden, e.width);
}

}  // namespace

void build_vit_tiny(Net& net) {
  constexpr Encoder kEncoder = {192, 3, 768, 197};
  std::string image = net.input("input", DType::f32, {"batch", 3, 224, 224});
  std::string x = net.conv(image, {.in = 3, .out = kEncoder.width, .kernel = 16, .stride = 16});
  x = net.node("Reshape", {x, net.ints({0, kEncoder.width, -1})});
  x = net.node("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
  // The class token, once per image of the batch.
  std::string batch = net.node("Gather", {net.node("Shape", {image}), net.ints({0})});
  std::string shape =
      net.node("Concat", {batch, net.ints({1, kEncoder.width})}, {{"axis", int64_t{0}}});
  std::string token =
      net.node("Expand", {net.weights("token", {1, 1, kEncoder.width}, 0.02), shape});
  x = net.node("Concat", {token, x}, {{"axis", int64_t{1}}});
  x = net.node("Add", {x, net.weights("position", {1, kEncoder.tokens, kEncoder.width}, 0.02)});
  for (int layer = 0; layer < 12; ++layer) {
    std::string normed = layer_norm(net, x, kEncoder.width);
    x = net.node("Add", {x, attention(net, normed, kEncoder, "")});
    x = net.node("Add", {x, feed_forward(net, layer_norm(net, x, kEncoder.width), kEncoder)});
  }
  x = layer_norm(net, x, kEncoder.width);
  std::string first = net.node("Slice", {x, net.ints({0}), net.ints({1}), net.ints({1})});
  first = net.node("Reshape", {first, net.ints({-1, kEncoder.width})});
  net.output(net.dense(first, kEncoder.width, 1000, 1), "output", {"batch", 1000});
}

void build_bert_tiny(Net& net) {
  constexpr Encoder kEncoder = {128, 2, 512, 128};
  std::string ids = net.input("input_ids", DType::i64, {"batch", kEncoder.tokens});
  std::string mask = net.input("attention_mask", DType::i64, {"batch", kEncoder.tokens});
  std::string types = net.input("token_type_ids", DType::i64, {"batch", kEncoder.tokens});
  // 0 where attended, -10000 elsewhere, shaped for the scores.
  std::string wide = net.node("Unsqueeze", {mask, net.ints({1, 2})});
  wide = net.node("Cast", {wide}, {{"to", int64_t{1}}});
  wide = net.node("Mul", {net.node("Sub", {net.scalar(1), wide}), net.scalar(-10000)});
  std::string x = net.node("Gather", {net.weights("words", {30522, kEncoder.width}, 0.5), ids});
  x = net.node("Add",
               {x, net.node("Gather", {net.weights("types", {2, kEncoder.width}, 0.5), types})});
  x = net.node("Add", {x, net.weights("position", {1, kEncoder.tokens, kEncoder.width}, 0.5)});
  x = layer_norm(net, x, kEncoder.width);
  for (int layer = 0; layer < 2; ++layer) {
    x = layer_norm(net, net.node("Add", {x, attention(net, x, kEncoder, wide)}), kEncoder.width);
    x = layer_norm(net, net.node("Add", {x, feed_forward(net, x, kEncoder)}), kEncoder.width);
  }
  net.output(x, "last_hidden_state", {"batch", kEncoder.tokens, kEncoder.width});
}

}  // namespace burin::zoo
