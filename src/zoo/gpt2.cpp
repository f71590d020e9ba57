// GPT-2 (124 M), as PyTorch's exporter writes Hugging Face's: its first tokens at once, or one more
// token behind a cache of keys and values.
#include <cmath>
#include <numeric>

#include "zoo/zoo.h"

namespace burin::zoo {

namespace {

constexpr int64_t kLayers = 12, kWidth = 768, kHeads = 12, kSize = kWidth / kHeads, kWords = 50257,
                  kPositions = 1024;

class Gpt2 {
 public:
  // `tokens` new ones behind `past` of which keys and values are inputs.
  Gpt2(Net& net, int64_t tokens, int64_t past) : net_(net), tokens_(tokens), past_(past) {}

  void build() {
    std::string ids = net_.input("input_ids", DType::i64, {"batch", tokens_});
    if (past_ == 0) mask_ = causal_mask();
    std::vector<int64_t> positions(static_cast<size_t>(tokens_));
    std::iota(positions.begin(), positions.end(), past_);
    std::string words = net_.weights("embedding", {kWords, kWidth}, 0.1);
    std::string places = net_.weights("position", {kPositions, kWidth}, 0.05);
    std::string x = net_.add(net_.node("Gather", {words, ids}),
                             net_.node("Gather", {places, net_.ints(positions)}));
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      x = net_.add(attention(net_.layer_norm(x, kWidth, kEpsilon), layer), x);
      std::string y = gelu(affine(net_.layer_norm(x, kWidth, kEpsilon), kWidth, 4 * kWidth));
      x = net_.add(x, affine(y, 4 * kWidth, kWidth));
    }
    x = net_.layer_norm(x, kWidth, kEpsilon);
    x = net_.node("MatMul", {x, net_.transpose(words, {1, 0})});
    net_.output(x, "logits", {"batch", tokens_, kWords});
  }

 private:
  static constexpr float kEpsilon = 1e-5f;

  // True where a row's token may look: at itself and before.
  std::string causal_mask() {
    Tensor mask({DType::pred, Shape({1, 1, tokens_, tokens_})});
    for (int64_t i = 0; i < mask.elements(); ++i) mask.set_int(i, i % tokens_ <= i / tokens_);
    return net_.constant("mask", std::move(mask));
  }

  // x[N, T, in] -> [N, T, out], worked out on rows.
  std::string affine(const std::string& x, int64_t in, int64_t out) {
    std::string w = net_.weights("weight", {in, out}, 1 / std::sqrt(static_cast<double>(in)));
    std::string b = net_.weights("bias", {out}, 0.02);
    return net_.reshape(net_.node("Gemm", {net_.reshape(x, {-1, in}), w, b}), {-1, tokens_, out});
  }

  // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
  std::string gelu(const std::string& x) {
    std::string cube = net_.node("Pow", {x, net_.scalar(3)});
    std::string inner = net_.add(x, net_.mul(cube, net_.scalar(0.044715f)));
    std::string t = net_.node("Tanh", {net_.mul(inner, net_.scalar(0.79788456f))});
    return net_.mul(net_.mul(x, net_.scalar(0.5f)), net_.add(t, net_.scalar(1)));
  }

  std::string split_heads(const std::string& x) {
    return net_.transpose(net_.reshape(x, {0, 0, kHeads, kSize}), {0, 2, 1, 3});
  }

  // `fresh` keys or values behind those of the cache; all of them are an output.
  std::string behind_past(const std::string& fresh, const std::string& which) {
    std::vector<Dim> dims = {"batch", kHeads, past_, kSize};
    std::string all = fresh;
    if (past_ > 0) {
      all = net_.concat({net_.input("past_key_values." + which, DType::f32, dims), fresh}, 2);
    }
    dims[2] = past_ + tokens_;
    net_.output(all, "present." + which, dims);
    return all;
  }

  std::string attention(const std::string& x, int64_t layer) {
    auto parts = net_.split(affine(x, kWidth, 3 * kWidth), 2, {kWidth, kWidth, kWidth});
    std::string index = std::to_string(layer);
    std::string q = split_heads(parts[0]);
    std::string k = behind_past(split_heads(parts[1]), index + ".key");
    std::string v = behind_past(split_heads(parts[2]), index + ".value");
    std::string scores = net_.node("MatMul", {q, net_.transpose(k, {0, 1, 3, 2})});
    scores = net_.node("Div", {scores, net_.scalar(std::sqrt(static_cast<float>(kSize)))});
    if (!mask_.empty()) scores = net_.node("Where", {mask_, scores, net_.scalar(-3.4028235e38f)});
    std::string shares = net_.node("Softmax", {scores}, {{"axis", int64_t{-1}}});
    std::string mixed = net_.transpose(net_.node("MatMul", {shares, v}), {0, 2, 1, 3});
    return affine(net_.reshape(mixed, {0, 0, kWidth}), kWidth, kWidth);
  }

  Net& net_;
  int64_t tokens_, past_;
  std::string mask_;
};

}  // namespace

void build_gpt2_prefill(Net& net) { Gpt2(net, 128, 0).build(); }
void build_gpt2_decode(Net& net) { Gpt2(net, 1, 128).build(); }

}  // namespace burin::zoo
