// Transformer encoders, as PyTorch's exporter writes those of Hugging Face.
#include <cmath>
#include <numeric>

#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

constexpr int64_t kSequence = 128, kMostPositions = 512, kWordPieces = 30522;

struct BertEncoder {
  int64_t width, heads;
  int layers;
  float epsilon = 1e-12f;
};

// [N, T, width] -> [N, heads, T, width / heads], or with the last two swapped.
std::string split_heads(Net& net, const std::string& x, const BertEncoder& e, bool swapped) {
  std::string parts = net.reshape(x, {0, 0, e.heads, e.width / e.heads});
  return net.transpose(
      parts, swapped ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{0, 2, 1, 3});
}

// The mask is added to the scores unless it is empty.
std::string attention(Net& net, const std::string& x, const BertEncoder& e,
                      const std::string& mask) {
  std::string q = split_heads(net, net.linear(x, e.width, e.width), e, false);
  std::string k = split_heads(net, net.linear(x, e.width, e.width), e, true);
  std::string v = split_heads(net, net.linear(x, e.width, e.width), e, false);
  auto scale = static_cast<float>(std::sqrt(static_cast<double>(e.width / e.heads)));
  std::string scores = net.node("Div", {net.node("MatMul", {q, k}), net.scalar(scale)});
  if (!mask.empty()) scores = net.add(scores, mask);
  std::string shares = net.node("Softmax", {scores}, {{"axis", int64_t{-1}}});
  std::string mixed = net.transpose(net.node("MatMul", {shares, v}), {0, 2, 1, 3});
  return net.linear(net.reshape(mixed, {0, 0, e.width}), e.width, e.width);
}

// 0 where attended, -10000 elsewhere, shaped for the scores.
std::string additive(Net& net, const std::string& mask) {
  std::string wide = net.node("Unsqueeze", {mask, net.ints({1, 2})});
  wide = net.node("Cast", {wide}, {{"to", int64_t{1}}});
  return net.mul(net.node("Sub", {net.scalar(1), wide}), net.scalar(-10000));
}

// The rows of a table that `ids` name.
std::string embedding(Net& net, int64_t rows, int64_t width, const std::string& ids) {
  return net.node("Gather", {net.weights("embedding", {rows, width}, 0.5), ids});
}

// The layers, each normalised after its attention and after its dense part.
std::string encode(Net& net, std::string x, const BertEncoder& e, const std::string& mask) {
  for (int layer = 0; layer < e.layers; ++layer) {
    x = net.layer_norm(net.add(attention(net, x, e, mask), x), e.width, e.epsilon);
    std::string y = net.gelu(net.linear(x, e.width, 4 * e.width));
    x = net.layer_norm(net.add(net.linear(y, 4 * e.width, e.width), x), e.width, e.epsilon);
  }
  return x;
}

void build_bert(Net& net, const BertEncoder& e) {
  std::string ids = net.input("input_ids", DType::i64, {"batch", kSequence});
  std::string mask = additive(net, net.input("attention_mask", DType::i64, {"batch", kSequence}));
  std::string types = net.input("token_type_ids", DType::i64, {"batch", kSequence});
  std::vector<int64_t> positions(kSequence);
  std::iota(positions.begin(), positions.end(), 0);
  std::string x =
      net.add(embedding(net, kWordPieces, e.width, ids), embedding(net, 2, e.width, types));
  x = net.add(x, embedding(net, kMostPositions, e.width, net.ints(positions)));
  x = encode(net, net.layer_norm(x, e.width, e.epsilon), e, mask);
  net.output(x, "last_hidden_state", {"batch", kSequence, e.width});
  std::string first = net.constant("index", Tensor::scalar(DType::i64, 0));
  first = net.node("Gather", {x, first}, {{"axis", int64_t{1}}});
  std::string pooled = net.node("Tanh", {net.dense(first, e.width, e.width, 1)});
  net.output(pooled, "pooler_output", {"batch", e.width});
}

}  // namespace

void build_bert_tiny(Net& net) { build_bert(net, {.width = 128, .heads = 2, .layers = 2}); }
void build_bert_base(Net& net) { build_bert(net, {.width = 768, .heads = 12, .layers = 12}); }

void build_encoder(Net& net) {
  BertEncoder e{.width = 256, .heads = 8, .layers = 2, .epsilon = 1e-5f};
  std::string x = net.input("input", DType::f32, {"batch", kSequence, e.width});
  x = encode(net, x, e, "");
  x = net.node("ReduceMean", {x}, {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{0}}});
  net.output(net.dense(x, e.width, 10, 1), "output", {"batch", 10});
}

}  // namespace burin::zoo
