// Vision transformers, as PyTorch's exporter writes torchvision's: attention is worked out with the
// tokens first and the batch second, from one product for queries, keys and values.
#include <cmath>

#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

constexpr int64_t kPatch = 16, kPatches = (224 / kPatch) * (224 / kPatch), kTokens = kPatches + 1;

struct VitEncoder {
  int64_t width, heads;
  int layers = 12;
};

// [T, N, width] -> [N, heads, T, width / heads]
std::string split_heads(Net& net, const std::string& x, const VitEncoder& e) {
  int64_t size = e.width / e.heads;
  std::string heads = net.transpose(net.reshape(x, {kTokens, -1, size}), {1, 0, 2});
  return net.reshape(heads, {-1, e.heads, kTokens, size});
}

std::string attention(Net& net, const std::string& tokens, const VitEncoder& e) {
  std::string x = net.linear(net.transpose(tokens, {1, 0, 2}), e.width, 3 * e.width);
  x = net.node("Unsqueeze", {net.reshape(x, {kTokens, -1, 3, e.width}), net.ints({0})});
  x = net.node("Squeeze", {net.transpose(x, {3, 1, 2, 0, 4}), net.ints({3})});
  auto part = [&](int64_t index) {
    std::string at = net.constant("index", Tensor::scalar(DType::i64, static_cast<double>(index)));
    return split_heads(net, net.node("Gather", {x, at}, {{"axis", int64_t{0}}}), e);
  };
  std::string q = part(0), k = net.transpose(part(1), {0, 1, 3, 2}), v = part(2);
  // The square root of 1 / sqrt(size) on each side.
  std::string scale =
      net.scalar(static_cast<float>(std::pow(static_cast<double>(e.width / e.heads), -0.25)));
  std::string scores = net.node("MatMul", {net.mul(q, scale), net.mul(k, scale)});
  std::string shares = net.node("Softmax", {scores}, {{"axis", int64_t{-1}}});
  x = net.transpose(net.node("MatMul", {shares, v}), {2, 0, 1, 3});
  x = net.dense(net.reshape(x, {-1, e.width}), e.width, e.width, 1);
  return net.transpose(net.reshape(x, {kTokens, -1, e.width}), {1, 0, 2});
}

// [N, 3, 224, 224] -> [N, T, width]: patches after a class token, with their positions.
std::string embed(Net& net, const std::string& image, int64_t width) {
  std::string x = net.conv(image, {.in = 3, .out = width, .kernel = kPatch, .stride = kPatch});
  x = net.transpose(net.reshape(x, {-1, width, kPatches}), {0, 2, 1});
  std::string batch = net.node("Gather", {net.node("Shape", {image}), net.ints({0})});
  std::string shape = net.concat({batch, net.ints({1, width})}, 0);
  std::string token = net.node("Expand", {net.weights("token", {1, 1, width}, 0.5), shape});
  return net.add(net.concat({token, x}), net.weights("position", {1, kTokens, width}, 0.5));
}

void build_vit(Net& net, const VitEncoder& e) {
  std::string x = embed(net, net.input("input", DType::f32, {"batch", 3, 224, 224}), e.width);
  for (int layer = 0; layer < e.layers; ++layer) {
    x = net.add(attention(net, net.layer_norm(x, e.width), e), x);
    std::string y = net.gelu(net.linear(net.layer_norm(x, e.width), e.width, 4 * e.width));
    x = net.add(x, net.linear(y, 4 * e.width, e.width));
  }
  x = net.layer_norm(x, e.width);
  std::string first = net.constant("index", Tensor::scalar(DType::i64, 0));
  x = net.node("Gather", {x, first}, {{"axis", int64_t{1}}});
  net.output(net.dense(x, e.width, 1000, 1), "output", {"batch", 1000});
}

}  // namespace

void build_vit_tiny(Net& net) { build_vit(net, {.width = 192, .heads = 3}); }
void build_vit_b_16(Net& net) { build_vit(net, {.width = 768, .heads = 12}); }

}  // namespace burin::zoo
